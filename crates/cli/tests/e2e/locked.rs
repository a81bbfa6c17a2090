//! Lock files: images from outside must be those that were locked, whatever their tags mean today.
//!
//! Invariant: which image is used is read from the engine, by a label that every version of an image has.

use crate::harness::registry::{GOOD, Registry};
use crate::harness::{World, base, engine};
use serde_json::Value;

/// User and password of the registry, as the engine's own API takes them.
const AUTH: &str =
    "eyJ1c2VybmFtZSI6ICJwdXNoZXIiLCAicGFzc3dvcmQiOiAiYzRuNHJ5LXA0c3N3MHJkLW9mLXRoZS1yZWdpc3RyeSJ9";

const FILE: &str = "
images:
  built: {commands: [{FROM: '@host/base:1'}, {LABEL: built=yes}]}
  local: {image: '@image', pull: never}
containers:
  web: {image: '@host/app:1', command: [sleep, '1000000'], init: true, network_mode: none, update: {stable_for: 100ms}}
  made: {image: built, command: [sleep, '1000000'], init: true, network_mode: none, update: {stable_for: 100ms}}
  here: {image: local, command: [sleep, '1000000'], init: true, network_mode: none, update: {stable_for: 100ms}}
";

/// A world that a registry knows.
struct Site {
    world: World,
    registry: Registry,
}

impl Drop for Site {
    fn drop(&mut self) {
        self.forget();
    }
}

impl Site {
    fn new(test: &str) -> Option<Self> {
        let world = World::new(test)?;
        let site = Self { world, registry: Registry::start()? };
        let config = format!(r#"{{"auths":{{"{}":{{"auth":"{GOOD}"}}}}}}"#, site.registry.host());
        site.world.file("home/.docker/config.json", &config);
        Some(site)
    }

    fn yaml(&self, text: &str) {
        self.world.yaml(&text.replace("@host", &self.registry.host()));
    }

    /// Puts a version of an image into the registry.
    fn push(&self, name: &str, version: &str) {
        let image = format!("{}/{version}:1", self.world.project);
        base::variant(&image);
        let repository = format!("{}/{name}", self.registry.host());
        engine::post(&format!("/images/{image}/tag?repo={repository}&tag=1"), &Value::Null);
        let path = format!("/images/{repository}/push?tag=1");
        let reply = engine::call_with("POST", &path, &format!("X-Registry-Auth: {AUTH}"), b"");
        assert!(reply.is_success() && reply.text().contains("sha256:"), "{}", reply.text());
        engine::delete(&format!("/images/{image}?force=1"));
    }

    /// Removes every image of the registry from the engine.
    fn forget(&self) {
        let host = self.registry.host();
        let images = engine::get("/images/json");
        for image in images.as_array().into_iter().flatten() {
            let names = ["RepoTags", "RepoDigests"].map(|kind| image[kind].as_array().cloned());
            let names: Vec<_> = names.into_iter().flatten().flatten().collect();
            for name in names.iter().filter_map(Value::as_str) {
                if name.starts_with(&host) {
                    engine::delete(&format!("/images/{name}?force=1"));
                }
            }
        }
    }
}

/// The version of the image that a container has.
fn version(world: &World, key: &str) -> String {
    let label = world.container(key)["Config"]["Labels"]["variant"].clone();
    let label = label.as_str().unwrap_or_default().to_owned();
    label.rsplit('/').next().unwrap_or_default().trim_end_matches(":1").to_owned()
}

#[test]
fn locked_images_must_stay_what_they_were() {
    let Some(site) = Site::new("locked") else { return };
    let Site { world, registry } = &site;
    site.yaml(FILE);
    let lock = || std::fs::read_to_string(world.path("windlass.lock")).unwrap_or_default();
    world.run(&["up", "--locked"]).code(65).says("there is no windlass.lock").says("windlass lock");
    for name in ["app", "base"] {
        site.push(name, "v1");
    }
    site.forget();
    world.run(&["lock", "--check"]).code(2);
    assert_eq!(lock(), "");
    world.run(&["lock"]).code(0).says("wrote windlass.lock: 2 images").never_says(GOOD);
    let first = lock();
    for name in ["app", "base"] {
        let line = format!("  \"{}/{name}:1\": sha256:", registry.host());
        assert_eq!(first.matches(&line).count(), 1, "{first}");
    }
    world.run(&["lock", "--check"]).code(0);
    // Others are there under the same tags, in the registry and here.
    for name in ["app", "base"] {
        site.push(name, "v2");
    }
    world.run(&["lock", "--check"]).code(2).says("out of date");
    assert_eq!(lock(), first);
    world.run(&["up", "--locked"]).code(0);
    assert_eq!([version(world, "web"), version(world, "made")], ["v1", "v1"]);
    world.run(&["plan", "--locked", "--exit-code"]).code(0);
    // Also where none of them is.
    let ids = [world.id("web"), world.id("made")];
    world.run(&["down"]).code(0);
    site.forget();
    world.run(&["up", "--locked"]).code(0);
    assert_eq!([version(world, "web"), version(world, "made")], ["v1", "v1"]);
    assert_ne!([world.id("web"), world.id("made")], ids);
    // Without it, tags are tags.
    world.run(&["plan", "--exit-code"]).code(2);
    world.run(&["lock"]).code(0).says("~ ");
    world.run(&["up", "--locked"]).code(0);
    assert_eq!([version(world, "web"), version(world, "made")], ["v2", "v2"]);
    world.run(&["plan", "--locked", "--exit-code"]).code(0);
    let from = world.run(&["dockerfile", "built", "--locked"]);
    from.code(0).says(&format!("FROM {}/base@sha256:", registry.host()));
    world.run(&["down", "--images"]).code(0);
}

#[test]
fn a_lock_file_that_can_not_be_used_must_be_said() {
    let Some(site) = Site::new("locked-wrong") else { return };
    let Site { world, registry } = &site;
    site.yaml(FILE);
    // What is in no registry can't be locked, and nothing is written.
    let app = format!("{}/app:1", registry.host());
    base::variant(&app);
    let none = world.run(&["lock"]);
    none.code(1).says(&format!("{app} is on the engine only")).says("base:1").says("pull: never");
    assert!(!world.path("windlass.lock").exists());
    world.file("windlass.lock", "version: 1\nimages:\n  a:1: sha256:1\n");
    world.run(&["up", "--locked"]).code(65).says("windlass.lock:3:8").says("is no digest");
    world.file("windlass.lock", "version: 1\nimages: {}\n");
    for verb in ["up", "plan", "create", "build", "pull"] {
        let missing = world.run(&[verb, "--locked"]);
        missing.code(65).says(&app).says("has no digest of").says("windlass lock");
    }
    assert_eq!(world.objects(), [""; 0]);
}

#[test]
fn what_is_pushed_and_removed_must_come_back_by_its_digest() {
    let Some(site) = Site::new("locked-pushed") else { return };
    let Site { world, registry } = &site;
    let build = "defaults: {context: false}\nimages: {app: {index: '@host/@project', commands: [{FROM: '@image'}, {LABEL: variant=made}]}}";
    let build = build.replace("@host", &registry.host());
    world.file("build.yaml", &world.filled(&build));
    let other = world.other_project("build");
    world.run(&["-f", "build.yaml", "-p", &other, "push", "app"]).code(0).never_says(GOOD);
    let app = format!("{}/{}/app:latest", registry.host(), world.project);
    site.yaml(&format!("containers: {{web: {{image: '{app}', command: [sleep, '1000000'], init: true, network_mode: none}}}}"));
    world.run(&["lock"]).code(0).never_says(GOOD);
    site.forget();
    world.run(&["pull", "--locked"]).code(0);
    world.run(&["up", "--locked"]).code(0);
    assert_eq!(version(world, "web"), "made");
    world.run(&["plan", "--locked", "--exit-code"]).code(0);
    // Nobody who is not let in gets a digest.
    world.file("home/.docker/config.json", "{}");
    let refused = world.run(&["lock", "--check"]);
    refused
        .code(1)
        .says("the registry refuses")
        .says(&app)
        .says("docker login")
        .never_says("socket");
    world.file("closed.yaml", "containers: {web: {image: '127.0.0.1:9/app:1'}}");
    let closed = world.run(&["-f", "closed.yaml", "lock"]);
    closed.code(1).says("could not be asked").says("check the network").never_says("push it");
    world.run(&["down"]).code(0);
}
