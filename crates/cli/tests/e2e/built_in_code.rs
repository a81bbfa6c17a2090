//! Images that are built in code, by the library: the files that come out, and how containers of them run.
//!
//! Invariant: what an image holds is looked at in a container made from it.

use std::sync::{Arc, Mutex};
use windlass::bundle::{Bundle, Directory, File, Link, Tree, User};
use windlass::engine::Engine;
use windlass::engine::docker::{DockerEngine, Environment};
use windlass::image::{
    BuildSettings, BundleImage, BundleImageError, Copy, Dockerfile, ImageBuild, build_bundle,
    build_image, plan_bundle,
};
use windlass::model::healthcheck::{HealthTest, Healthcheck};
use windlass::model::image::Builder;
use windlass::model::port::Protocol;

use crate::harness::{World, base, engine};

fn build(world: &World, builder: Builder) -> String {
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Symlink);
    header.set_size(0);
    tar.append_link(&mut header, "link", "target").unwrap();
    std::fs::write(world.path("some.tar"), tar.into_inner().unwrap()).unwrap();
    let file = Dockerfile::from(base::image())
        .add_file_with(world.path("conf with space"), Copy::to("/etc/its conf").chown("3:4"))
        .add_file(world.path("dir"), "/dir")
        .add_archive(world.path("some.tar"), "/unpacked/")
        .add_bytes("made\n", "made", "/made")
        .env("QUOTED", windlass::image::Word::literal("a \"b\" \\ $HOME"))
        .run("mkdir -m 777 /open\necho one > /one\necho \"$QUOTED\" > /two")
        .as_user("5", "root", |file| file.run("id -u > /open/who"))
        .cmd_shell("[ -f /one ] && sleep 1000000");
    let build = ImageBuild::new(&file).unwrap();
    let reference = format!("{}/{}:latest", world.project, format!("{builder:?}").to_lowercase());
    let client = client();
    let mut settings = BuildSettings::default();
    settings.options.builder = builder;
    settings.options.labels.insert("dev.windlass.project".into(), world.project.clone());
    wait(build_image(&client, build, &[&reference], settings, &|_| {})).unwrap();
    reference
}

fn client() -> DockerEngine {
    let spec = windlass::model::engine::EngineSpec { url: engine::url(), ..Default::default() };
    let name = windlass::model::EngineName::default();
    DockerEngine::open(name, &spec, Environment::default()).unwrap()
}

fn wait<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(work)
}

#[test]
fn an_image_built_in_code_must_hold_what_was_added() {
    let Some(world) = World::new("in-code") else { return };
    world.file("conf with space", "conf").file("dir/inner", "inner");
    for builder in [Builder::Classic, Builder::Buildkit] {
        if builder == Builder::Buildkit && engine::is_podman() {
            continue;
        }
        let reference = build(&world, builder);
        world.yaml(&format!(
            "containers: {{app: {{image: '{reference}', pull: never, init: true, network_mode: none}}}}"
        ));
        world.up();
        let inside = |argv: &[&str]| world.inside("app", argv);
        assert_eq!(inside(&["stat", "-c", "%u:%g", "/etc/its conf"]), "3:4");
        assert_eq!(
            inside(&["cat", "/dir/inner", "/made", "/one", "/two"]),
            "innermade\none\na \"b\" \\ $HOME"
        );
        assert_eq!(inside(&["readlink", "/unpacked/link"]), "target");
        assert_eq!(inside(&["cat", "/open/who"]), "5");
    }
}

#[test]
fn an_image_of_a_bundle_must_hold_what_is_in_the_bundle() {
    if engine::url().is_some() && engine::is_podman() {
        return;
    }
    let Some(world) = World::new("bundle-in-code") else { return };
    world.file("site/index.html", "hello").file("conf", "conf");
    let bundle = Bundle::new()
        .user(User::new("app").uid(1234))
        .directory(Directory::new("/srv/www").parents().owner("app"))
        .tree(Tree::new("/srv/www", "site").owner("app"))
        .file(File::new("/etc/conf").source("conf").mode(0o600))
        .link(Link::new("/www", "srv/www"))
        .execute("echo said; id -u > /who");
    let reference = format!("{}/bundle", world.project);
    let image = BundleImage::new()
        .from_image(base::image())
        .bundle(bundle)
        .sources_in(world.path("."))
        .cache(world.path("cache"))
        .env("WORD", "a $b")
        .volumes(["/data"])
        .ports([(80, Protocol::Tcp), (53, Protocol::Udp)])
        .entrypoint(["/bin/sh", "-c"])
        .cmd(["sleep 1000000"])
        .user("app")
        .workdir("/srv")
        .label("dev.windlass.project", &world.project)
        .healthcheck(Healthcheck::of(HealthTest::Shell("true".to_owned())))
        .stop_signal("SIGKILL")
        .maintainer("the team")
        .tag(&reference)
        .tag(format!("{reference}:2"));
    let client: Arc<dyn Engine> = Arc::new(client());
    let settings = BuildSettings::default;
    let planned = wait(plan_bundle(&client, image.clone(), settings())).unwrap();
    assert!(planned.iter().all(|one| !one.changes.is_empty()), "{planned:?}");
    let said = Mutex::new(Vec::new());
    let hear = |one| said.lock().unwrap().push(format!("{one:?}"));
    let id = wait(build_bundle(&client, image.clone(), settings(), &hear)).unwrap();
    let said = said.into_inner().unwrap().join("\n");
    assert!(said.contains("file[/etc/conf]") && said.contains("Line(\"said\")"), "{said}");

    let seen = engine::get(&format!("/images/{reference}:latest/json"));
    assert_eq!(seen["Id"], id.as_str());
    assert_eq!(engine::get(&format!("/images/{reference}:2/json"))["Id"], seen["Id"]);
    let config = &seen["Config"];
    assert_eq!(config["Cmd"], serde_json::json!(["sleep 1000000"]));
    assert_eq!(config["Entrypoint"], serde_json::json!(["/bin/sh", "-c"]));
    assert_eq!((&config["User"], &config["WorkingDir"]), (&"app".into(), &"/srv".into()));
    assert_eq!(config["ExposedPorts"], serde_json::json!({"53/udp": {}, "80/tcp": {}}));
    assert_eq!(config["Volumes"], serde_json::json!({"/data": {}}));
    assert_eq!(config["Healthcheck"]["Test"], serde_json::json!(["CMD-SHELL", "true"]));
    assert_eq!((&config["StopSignal"], &seen["Author"]), (&"SIGKILL".into(), &"the team".into()));
    assert!(config["Env"].as_array().unwrap().contains(&"WORD=a $b".into()), "{config}");
    // The same again is the same image, and what ran does not run again.
    let again = wait(build_bundle(&client, image.clone(), settings(), &|_| {})).unwrap();
    assert_eq!(again, id);

    world.yaml(&format!(
        "containers: {{app: {{image: '{reference}', pull: never, init: true, network_mode: none, user: root}}}}"
    ));
    world.up();
    let inside = |argv: &[&str]| world.inside("app", argv);
    assert_eq!(inside(&["cat", "/www/index.html", "/etc/conf", "/who"]), "helloconf0");
    assert_eq!(inside(&["stat", "-c", "%a %u", "/etc/conf", "/srv/www"]), "600 0\n755 1234");

    let wrong = image.bundle(Bundle::new().directory("not absolute").file(File::new("")));
    let wrong = wait(build_bundle(&client, wrong, settings(), &|_| {})).unwrap_err();
    assert!(matches!(wrong, BundleImageError::Resources { errors } if errors.len() == 2));
}

#[test]
fn an_image_without_a_name_is_found_by_its_id() {
    if engine::url().is_some() && engine::is_podman() {
        return;
    }
    let Some(world) = World::new("nameless-in-code") else { return };
    let bundle = Bundle::new().file(File::new("/x").contents(&world.project));
    let image = BundleImage::new().bundle(bundle).label("dev.windlass.project", &world.project);
    let client: Arc<dyn Engine> = Arc::new(client());
    let id = wait(build_bundle(&client, image, BuildSettings::default(), &|_| {})).unwrap();
    let seen = engine::get(&format!("/images/{}/json", id.as_str()));
    assert_eq!(seen["RootFS"]["Layers"].as_array().unwrap().len(), 1);
    assert!(seen["RepoTags"].as_array().is_none_or(Vec::is_empty), "{seen}");
    assert!(engine::delete(&format!("/images/{}", id.as_str())));
}
