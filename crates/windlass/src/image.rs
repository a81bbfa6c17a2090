//! Images that are built in code, without a file: what docker-map's `DockerFile` and `DockerContext` are for, and fuselage's
//! `DockerBuilder`.
//!
//! A [`Dockerfile`] is written step by step. Each value is quoted so that the builder reads back what was meant, and what can't be
//! written is an error that [`Dockerfile::text`] gives:
//!
//! ```
//! use windlass::image::{Copy, Dockerfile, Healthcheck, Mount, Run};
//!
//! let file = Dockerfile::from_as("debian:12", "build")
//!     .run_join(["apt-get update", "apt-get install --yes make"])
//!     .run_with(&Run::new("make -C /src").mount(&Mount::cache("/root/.cache")))
//!     .stage("debian:12")
//!     .copy_with(&Copy::new(["/src/server"], "/usr/bin/server").from("build").chmod(0o755))
//!     .env("GREETING", "say \"hi\" to $USER")
//!     .as_user("app", "root", |file| file.run("server --init"))
//!     .add_volume("/var/lib/server")
//!     .expose(8080)
//!     .user("app")
//!     .healthcheck(&Healthcheck { command: vec!["server".into(), "--check".into()], ..Healthcheck::default() })
//!     .cmd(["server", "--port", "8080"]);
//! assert_eq!(
//!     file.text()?,
//!     r#"FROM debian:12 AS build
//! RUN apt-get update && apt-get install --yes make
//! RUN --mount=type=cache,target=/root/.cache make -C /src
//! FROM debian:12
//! COPY --from=build --chmod=0755 /src/server /usr/bin/server
//! ENV GREETING="say \"hi\" to $USER"
//! USER app
//! RUN server --init
//! USER root
//! VOLUME ["/var/lib/server"]
//! EXPOSE 8080
//! USER app
//! HEALTHCHECK CMD ["server", "--check"]
//! CMD ["server", "--port", "8080"]
//! "#
//! );
//! # Ok::<(), windlass::image::DockerfileError>(())
//! ```
//!
//! Files that it adds are in the build context of an [`ImageBuild`], and more can be put there. The same files give the same bytes,
//! whenever they were written:
//!
//! ```
//! use windlass::image::{Compression, Dockerfile, ImageBuild};
//!
//! # let directory = std::env::temp_dir().join(format!("windlass-doc-{}", std::process::id()));
//! # std::fs::create_dir_all(&directory)?;
//! std::fs::write(directory.join("app.toml"), "port = 8080\n")?;
//! let file = Dockerfile::from("debian:12")
//!     .add_file(directory.join("app.toml"), "/etc/app.toml")
//!     .add_bytes("#!/bin/sh\nexec app\n", "start", "/start");
//! let build = ImageBuild::new(&file)?.add_bytes("notes/first", "hello")?;
//! assert_eq!(build.dockerfile(), "FROM debian:12\nCOPY app.toml /etc/app.toml\nCOPY start /start\n");
//! let names: Vec<_> = build.context().entries().iter().map(|entry| entry.path.to_string()).collect();
//! assert_eq!(names, ["app.toml", "notes", "notes/first", "start"]);
//! build.save(directory.join("context.tar.gz"), Compression::Gzip)?;
//! # std::fs::remove_dir_all(&directory)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! To build it:
//!
//! ```no_run
//! # async fn build(engine: &dyn windlass::engine::Engine) -> Result<(), Box<dyn std::error::Error>> {
//! use windlass::image::{BuildSettings, Dockerfile, ImageBuild, build_image};
//!
//! let file = Dockerfile::from("debian:12").add_file("app.toml", "/etc/app.toml");
//! let build = ImageBuild::new(&file)?;
//! let progress = |said| eprintln!("{said:?}");
//! let id = build_image(engine, build, &["app:1"], BuildSettings::default(), &progress).await?;
//! println!("{id:?}");
//! # Ok(())
//! # }
//! ```
//!
//! | docker-map | here |
//! |---|---|
//! | `DockerFile(base, initial=..)` | [`Dockerfile::from`], [`Dockerfile::instruction`] |
//! | `run`, `run_all`, `run_join` | the same |
//! | `prefix`, `prefix_all`, `comment`, `blank` | [`Dockerfile::prefix`], [`Dockerfile::comment`], [`Dockerfile::blank`] |
//! | `add_file(src, dst)` | [`Dockerfile::add_file`]; names with spaces work |
//! | `add_file(.., remove_final=True)` | [`Mount::bind`], which leaves nothing in a layer; or [`Dockerfile::remove`] |
//! | `add_archive` | [`Dockerfile::add_archive`]: the builder unpacks it, with links, modes and owners |
//! | `add_volume`, `volumes`, `expose`, `labels`, `stopsignal`, `shell`, `healthcheck` | a method each; written where it is called |
//! | `command`, `entrypoint`, `command_shell` | [`Dockerfile::cmd`], [`Dockerfile::entrypoint`]; [`Dockerfile::cmd_shell`], [`Dockerfile::entrypoint_shell`] |
//! | `command_user`, `command_workdir` | [`Dockerfile::user`], [`Dockerfile::workdir`] |
//! | `DockerContext(dockerfile, compression)` | [`ImageBuild::new`], [`Compression`] at [`ImageBuild::write`] |
//! | `add`, `addfile`, `addarchive` | [`ImageBuild::add_path`], [`ImageBuild::add_bytes`], [`ImageBuild::add_dir`] |
//! | `save`, `fileobj` | [`ImageBuild::save`], [`ImageBuild::reader`] |
//! | `build_from_context` | [`build_image`] |
//!
//! An image of resources is a [`BundleImage`]: a base, a [`Bundle`](crate::bundle::Bundle), and how containers of it run. Files become
//! layers without a container; packages and commands run in one. Nothing of what makes it stays in the image, and the same resources
//! on the same base give the same image:
//!
//! ```no_run
//! # async fn build() -> Result<(), Box<dyn std::error::Error>> {
//! use windlass::bundle::{Bundle, File};
//! use windlass::engine::docker::Environment;
//! use windlass::image::{BuildSettings, BundleImage, build_bundle, plan_bundle};
//!
//! let bundle = Bundle::new().package("python3").file(File::new("/srv/index.html").contents("HELLO WORLD!"));
//! let image = BundleImage::new()
//!     .from_image("debian:12")
//!     .bundle(bundle)
//!     .env("PYTHONUNBUFFERED", "1")
//!     .volumes(["/data"])
//!     .ports([8000])
//!     .workdir("/srv")
//!     .cmd(["python3", "-m", "http.server"])
//!     .maintainer("the team")
//!     .tag("site:1");
//! // Within a runtime of tokio. Of the process's environment it is told what counts.
//! let environment = Environment { vars: std::env::vars().collect(), home: std::env::home_dir() };
//! let engine = windlass::connect_default(&environment)?;
//! for resource in plan_bundle(&engine, image.clone(), BuildSettings::default()).await? {
//!     println!("{resource:?}");
//! }
//! let progress = |said| eprintln!("{said:?}");
//! let id = build_bundle(&engine, image, BuildSettings::default(), &progress).await?;
//! println!("{id:?}");
//! # Ok(())
//! # }
//! ```
//!
//! A function that gives an image is what fuselage's decorator makes of one that gives resources; whoever calls it can still say
//! something else:
//!
//! ```
//! use windlass::bundle::{Bundle, Directory, File, Resource};
//! use windlass::image::BundleImage;
//!
//! fn site(word: &str) -> BundleImage {
//!     let pages = ["index", "about"].map(|page| File::new(format!("/srv/{page}.html")).contents(word));
//!     let bundle: Bundle =
//!         [Resource::from(Directory::new("/srv"))].into_iter().chain(pages.map(Resource::from)).collect();
//!     BundleImage::new().from_image("debian:12").bundle(bundle).ports([80]).tag("site")
//! }
//!
//! let image = site("hello").from_image("debian:13").tag("site:2");
//! assert_eq!(image.tags(), ["site:latest", "site:2"]);
//! ```
//!
//! | fuselage | here |
//! |---|---|
//! | `DockerBuilder(bundle, from_image=..)` | [`BundleImage::bundle`], [`BundleImage::from_image`]; without one it is on nothing |
//! | `tag`, `env`, `volumes`, `ports`, `cmd`, `maintainer` | a method each, and `entrypoint`, `user`, `workdir`, `labels`, `healthcheck`, `stop_signal` |
//! | `build()` and its lines | [`build_bundle`], whose progress is handed on as it comes; it gives the image's id |
//! | `docker_container`, a decorator | a function that gives a [`BundleImage`] |
//! | `--simulate` | [`plan_bundle`] |
//! | a `payload.pex` and Python in the image | nothing stays in it |
//!
//! Invariant: nothing is defined here; the types are the image crate's.

pub use windlass_executor::{
    BuildError, BuildSettings, BundleImage, BundleImageError, build_bundle, build_image,
    plan_bundle,
};
pub use windlass_image::context::{BuildContext, ContextOptions};
pub use windlass_image::dockerfile::{
    Addition, AdditionSource, Copy, Dockerfile, DockerfileError, DockerfileProblem, Healthcheck,
    Mount, Run, Word,
};
pub use windlass_image::image_build::{Compression, ImageBuild, ImageBuildError, ImageBuildReader};
