//! Registries: pushed, pulled, tagged, with and without the right password, and when they fail.
//!
//! Invariant: what was pushed is looked for in the registry itself, and the password everywhere.

use crate::harness::registry::{GOOD, PASSWORD, Registry, WRONG, is_there};
use crate::harness::{Output, World, engine, free_port, run_to_end};
use std::time::Duration;

/// An image for the registry with a tag more, one that is not pushed, and one without a registry.
const FILE: &str = "
defaults: {context: false}
images:
  app:
    index: @host/@project
    tags: [v2, local/@project-app:1]
    push: true
    commands: [FROM @image, ENV A=1]
  other: {index: @host/@project, commands: [FROM @image, ENV B=1]}
  plain: {commands: [FROM @image, ENV C=1]}
";

struct Site {
    world: World,
    registry: Registry,
    host: String,
}

impl Site {
    fn new(test: &str) -> Option<Self> {
        let (world, registry) = (World::new(test)?, Registry::start()?);
        let host = registry.host();
        let site = Self { world, registry, host };
        site.at(&site.host);
        site.log_in(GOOD);
        Some(site)
    }

    /// Writes the file for a registry at this address.
    fn at(&self, host: &str) {
        self.world.yaml(&FILE.replace("@host", host));
    }

    /// As `docker login` would, for every address of the registry.
    fn log_in(&self, auth: &str) {
        self.log_in_at(&self.host, auth);
    }

    fn log_in_at(&self, host: &str, auth: &str) {
        let config = format!(r#"{{"auths": {{"{host}": {{"auth": "{auth}"}}}}}}"#);
        self.world.file("home/.docker/config.json", &config);
    }

    fn reference(&self, name: &str) -> String {
        format!("{}/{}/{name}", self.host, self.world.project)
    }

    fn tags(&self, key: &str) -> Vec<String> {
        self.registry.tags(&format!("{}/{key}", self.world.project))
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        engine::delete(&format!("/images/local/{}-app:1?force=1", self.world.project));
    }
}

#[test]
fn what_is_pushed_must_be_built_before_and_must_come_back_by_a_pull() {
    let Some(site) = Site::new("push") else { return };
    let world = &site.world;
    let plan = world.run(&["push", "app", "--dry-run"]);
    plan.code(0).says("/app:latest").says("/app:v2").never_says("local/");
    assert!(site.tags("app").is_empty() && !is_there(&site.reference("app:latest")));

    world.run(&["push", "app"]).code(0).says("push");
    assert_eq!(site.tags("app"), ["latest", "v2"]);
    assert!(site.tags("other").is_empty());
    // A second one builds nothing, and is as well.
    let again = world.run(&["push", "app", "--output", "json"]);
    let steps = again.code(0).plan().deeds();
    assert!(!steps.iter().any(|deed| deed.ends_with("build")), "{steps:?}");

    let reference = site.reference("app:v2");
    let id = engine::get(&format!("/images/{reference}/json"))["Id"].clone();
    world.run(&["untag", "app", "v2"]).code(0);
    assert!(!is_there(&reference) && is_there(&site.reference("app:latest")));
    world.run(&["untag", "app", "v2"]).code(0);
    for tag in [site.reference("app:latest"), format!("local/{}-app:1", world.project)] {
        assert!(engine::delete(&format!("/images/{tag}")), "{tag}");
    }
    world.run(&["pull", &reference]).code(0);
    assert_eq!(engine::get(&format!("/images/{reference}/json"))["Id"], id);
}

#[test]
fn all_that_is_for_a_registry_must_be_pushed_and_nothing_else() {
    let Some(site) = Site::new("push-all") else { return };
    let world = &site.world;
    world.run(&["push"]).code(64).says("--all");
    world.run(&["push", "--all"]).code(0);
    assert_eq!(site.tags("app"), ["latest", "v2"]);
    assert!(site.tags("other").is_empty());
    let refused = world.run(&["push", "plain", "app"]);
    refused.code(1).says("Docker Hub").says("index:").says("windlass.yaml:");
    world.yaml("images: {x: {context: false, commands: [FROM @image]}}");
    world.run(&["push", "--all"]).code(1).says("push: true");
    assert!(!is_there(&format!("{}/x:latest", world.project)), "it was built for nothing");
}

#[test]
fn a_tag_must_be_given_pushed_and_taken_away() {
    let Some(site) = Site::new("tag") else { return };
    let world = &site.world;
    world.run(&["tag", "app", "v3"]).code(1).says("windlass build app");
    world.run(&["build", "app"]).code(0);
    world.run(&["tag", "app", "v3", "--push"]).code(0);
    assert_eq!(site.tags("app"), ["v3"]);
    assert!(is_there(&site.reference("app:v3")));
    world.run(&["tag", "app", "v3"]).code(0);
    world.run(&["tag", "app", "a b"]).code(64).says("must be a tag");
    let elsewhere = site.reference("elsewhere:1");
    world.run(&["tag", "app", &elsewhere]).code(0);
    assert!(is_there(&elsewhere));
    world.run(&["untag", "app", &elsewhere]).code(0);
    world.run(&["untag", "app", "v3"]).code(0);
    assert!(!is_there(&elsewhere) && !is_there(&site.reference("app:v3")));
    assert_eq!(site.tags("app"), ["v3"], "the registry's own stays");
    // What nobody of this project made is not taken.
    let foreign = engine::get("/images/json")[0]["RepoTags"][0].clone();
    let foreign = foreign.as_str().unwrap_or("none:none").to_owned();
    if !foreign.contains(&world.project) && !foreign.starts_with("<none>") {
        world.run(&["untag", "app", &foreign]).code(1).says("is taken by");
        assert!(is_there(&foreign));
    }
}

#[test]
fn a_refusal_must_be_told_at_once_and_a_registry_that_is_down_too() {
    let Some(site) = Site::new("refused") else { return };
    let world = &site.world;
    for auth in [WRONG, ""] {
        site.log_in(auth);
        let output = world.run(&["push", "app"]);
        output.code(1).says("the registry refuses").says("docker login").never_says("trying again");
        assert!(site.tags("app").is_empty());
    }
    let down = format!("127.0.0.1:{}", free_port());
    site.at(&down);
    site.log_in_at(&down, GOOD);
    let output = world.run(&["push", "app"]);
    output.code(1).says("could not be reached").says(&down);
    assert!(output.elapsed < Duration::from_secs(20), "{output}");
}

#[test]
fn what_a_registry_does_not_have_must_be_left_out_only_where_it_may() {
    let Some(site) = Site::new("missing") else { return };
    let reference = site.reference("never:1");
    site.world.run(&["pull", &reference]).code(1).says("no such image or tag");
    site.world.run(&["pull", &reference, "--ignore-missing"]).code(0).says("left out");
    site.log_in(WRONG);
    site.world.run(&["pull", &reference, "--ignore-missing"]).code(1).says("refuses");
}

#[test]
fn a_connection_that_breaks_must_be_tried_again() {
    let Some(site) = Site::new("broken") else { return };
    let world = &site.world;
    let broken = site.registry.broken(3);
    site.at(&broken.host());
    site.log_in_at(&broken.host(), GOOD);
    let output = world.run(&["push", "app"]);
    output.code(0).says("trying again in 1 s");
    assert_eq!((broken.count(), site.tags("app")), (3, vec!["latest".into(), "v2".into()]));
    let reference = format!("{}/{}/app:v2", broken.host(), world.project);
    world.run(&["untag", "app", "v2"]).code(0);
    world.run(&["pull", &reference]).code(0);
    assert!(is_there(&reference));
}

#[test]
fn the_password_must_be_seen_nowhere() {
    let Some(site) = Site::new("password") else { return };
    let world = &site.world;
    let mut said = String::new();
    for words in [
        &["push", "app", "-vvv"][..],
        &["push", "app", "-vvv", "--output", "json"],
        &["plan", "--for", "push", "-vvv", "--output", "json"],
        &["pull", &site.reference("app:v2"), "-vvv"],
        &["config"],
    ] {
        said.push_str(&world.run(words).code(0).to_string());
    }
    said.push_str(&engine::get(&format!("/images/{}/json", site.reference("app:v2"))).to_string());
    site.log_in(WRONG);
    said.push_str(&world.run(&["push", "app", "-vvv"]).code(1).to_string());
    for secret in [PASSWORD, GOOD] {
        assert!(!said.contains(secret), "the password is shown: {said}");
    }
}

/// Declares the login, with the password from the environment.
const LOGIN: &str = "
secrets: {password: {env: REGISTRY_PASSWORD}, other: {env: OTHER_PASSWORD}}
engines: {default: {registries: {'@host': @login}}}
";

impl Site {
    fn declares(&self, login: &str) {
        let login = LOGIN.replace("@login", login);
        self.world.yaml(&format!("{FILE}{login}").replace("@host", &self.host));
    }

    /// Runs it with both passwords, and what docker's own variable holds.
    fn run_with(&self, password: &str, given: &str, words: &[&str]) -> Output {
        let mut command = self.world.command(words);
        command.env("REGISTRY_PASSWORD", password).env("OTHER_PASSWORD", PASSWORD);
        if !given.is_empty() {
            let auths = format!(r#"{{"auths": {{"{}": {{"auth": "{given}"}}}}}}"#, self.host);
            command.env("DOCKER_AUTH_CONFIG", auths);
        }
        let output = run_to_end(command);
        for secret in [PASSWORD, GOOD, "no-such-password"] {
            output.never_says(secret);
        }
        output
    }
}

#[test]
fn credentials_must_be_taken_from_the_file_then_the_environment_then_docker() {
    let Some(site) = Site::new("login") else { return };
    let check = ["login", "--check", "--output", "json"];
    let declared = "{username: pusher, password: password}";
    let pushes =
        "{username: pusher, password: other, push: {username: pusher, password: password}}";
    let file = "engines.default.registries";
    for (login, password, given, stored, code, origin) in [
        (declared, PASSWORD, WRONG, WRONG, 0, file),
        (declared, "no-such-password", GOOD, GOOD, 1, file),
        (pushes, "no-such-password", GOOD, GOOD, 1, file),
        ("", "", GOOD, WRONG, 0, "DOCKER_AUTH_CONFIG"),
        ("", "", WRONG, GOOD, 1, "DOCKER_AUTH_CONFIG"),
        ("", "", "", GOOD, 0, ".docker/config.json"),
        ("", "", "", WRONG, 1, ".docker/config.json"),
    ] {
        if login.is_empty() {
            site.at(&site.host);
        } else {
            site.declares(login);
        }
        site.log_in(stored);
        let output = site.run_with(password, given, &check);
        let found = output.code(code).object("registry");
        assert!(found["origin"].as_str().is_some_and(|at| at.ends_with(origin)), "{output}");
        assert_eq!(
            (&found["username"], &found["registry"]),
            (&"pusher".into(), &site.host.clone().into())
        );
        site.run_with(password, given, &["push", "app", "-vvv"]).code(code);
        let said = site.run_with(password, given, &["login", "--check"]);
        said.code(code).says(if code == 0 { "accepted" } else { "refused" });
    }
    // Nobody's.
    site.world.file("home/.docker/config.json", "{}");
    let output = site.run_with("", "", &check);
    assert!(output.code(1).object("registry")["origin"].is_null(), "{output}");
    site.world.run(&["login"]).code(64).says("docker login");
}

#[test]
fn a_declared_login_must_serve_pulls_and_bases_of_builds() {
    let Some(site) = Site::new("base-login") else { return };
    site.declares("{username: pusher, password: password}");
    site.world.file("home/.docker/config.json", "{}");
    site.run_with(PASSWORD, "", &["push", "app"]).code(0);
    let reference = site.reference("app:v2");
    for builder in ["classic", "buildkit"] {
        for tag in [&reference, &site.reference("app:latest")] {
            engine::delete(&format!("/images/{tag}?force=1"));
        }
        let login = LOGIN.replace("@login", "{username: pusher, password: password}");
        let login = login.replace("@host", &site.host);
        let images = format!(
            "images: {{on: {{context: false, builder: {builder}, commands: [FROM {reference}, ENV X={builder}]}}}}"
        );
        site.world.yaml(&format!("{images}{login}"));
        site.run_with(PASSWORD, "", &["build", "-vvv"]).code(0);
    }
    site.run_with(PASSWORD, "", &["config"]).code(0).says("password: password");
    site.world.run(&["pull", &reference]).code(1).says("REGISTRY_PASSWORD");
}
