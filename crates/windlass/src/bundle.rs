//! Bundles: what a file system shall have in it, built in code.
//!
//! A [`Bundle`] is a list of resources: files, directories, links and more, each with a builder of its own. [`plan()`] says what is to be
//! changed for it, [`apply()`] changes it in a directory: a [`Root`]. What is as it shall be is not touched, so that a second run does
//! nothing.
//!
//! ```
//! use windlass::bundle::{Bundle, Facts, File, Root, apply};
//!
//! # let directory = tempfile::tempdir()?;
//! # let directory = directory.path();
//! let bundle = Bundle::new().with(File::new("/index.html").contents("HELLO WORLD!"));
//!
//! let root = Root::open(directory)?;
//! let done = apply(&bundle, &root, &Facts::default()).expect("it can be written");
//! assert_eq!(done[0].id, "file[/index.html]");
//! assert_eq!(std::fs::read_to_string(directory.join("index.html"))?, "HELLO WORLD!");
//!
//! let again = apply(&bundle, &root, &Facts::default()).expect("it is there");
//! assert!(again[0].changes.is_empty());
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! Every type has a method; a name is enough where there is nothing else to say:
//!
//! ```
//! use windlass::bundle::{Bundle, Execute, File, Link, Package, User};
//!
//! let bundle = Bundle::new()
//!     .package("python3")
//!     .package(["git", "make"])
//!     .user(User::new("app").uid(1000))
//!     .directory("/srv")
//!     .file(File::new("/srv/index.html").contents("HELLO WORLD!"))
//!     .link(Link::new("/www", "srv"))
//!     .execute("date > /built");
//! let ids: Vec<_> = bundle.resources.iter().map(|one| one.id()).collect();
//! assert_eq!(ids[..3], ["package[python3]", "package[git make]", "user[app]"]);
//!
//! let same = Bundle::new().with(Package::new(["python3"])).with(Package::new(["git", "make"]));
//! assert_eq!(same.resources, bundle.resources[..2]);
//! assert_eq!(bundle.resources[6], Execute::new("date > /built").into());
//! ```
//!
//! [`BundleImage`](crate::image::BundleImage) makes an image of one.
//!
//! Names, triggers and conditions are those of [`Resource`], which every type turns into:
//!
//! ```
//! use windlass::bundle::{Bundle, Condition, Directory, File, Link, Resource};
//!
//! let on_debian = Condition { os_id: vec!["debian".into()], ..Condition::default() };
//! let bundle = Bundle::new()
//!     .with(Directory::new("/srv/www").parents().owner("www-data"))
//!     .with(Resource::from(File::new("/srv/www/index.html").contents("hello")).with_id("index"))
//!     .with(Resource::from(Link::new("/var/www", "/srv/www")).after("index"))
//!     .with(Resource::from(File::new("/etc/token").contents("…").mode(0o600)).sensitive())
//!     .with(Resource::from(File::removed("/etc/motd")).only_if(on_debian));
//!
//! assert_eq!(windlass::bundle::check(&bundle), []);
//! ```
//!
//! [`load_bundle`] reads the same from a file, with all that is wrong in it:
//!
//! ```
//! use windlass::LoadOptions;
//! use windlass::bundle::{Bundle, Directory, load_bundle};
//!
//! let loaded = load_bundle(&LoadOptions {
//!     files: vec!["-".into()],
//!     stdin: Some("resources:\n- directory: /srv\n".into()),
//!     cwd: "/".into(),
//!     ..LoadOptions::default()
//! });
//! assert_eq!(loaded.bundle, Some(Bundle::new().with(Directory::new("/srv"))));
//! ```
//!
//! Invariant: nothing is added here to what the bundle crate has but where a file says it.

pub use windlass_bundle::*;
pub use windlass_config::{LoadedBundle, ResourcePlace, diagnose_resources, load_bundle};
pub use windlass_store::{Store, gather};
