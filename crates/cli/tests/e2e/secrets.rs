//! Secrets: they must arrive where they are wanted, and be seen nowhere else.
//!
//! Invariant: the canary is looked for in everything that the engine and the program say.

use crate::harness::proxy::{Fault, Proxy, Strikes};
use crate::harness::{World, base, engine, run_to_end};
use serde_json::Value;

/// What must not be seen, and the length of which says nothing.
const CANARY: &str = "canary-7f3a-zwölf-\u{1f426}";

const FILE: &str = "
secrets:
  from_file: {file: ./secret.txt}
  from_env: {env: WORLD_SECRET}
  from_command: {command: [cat, secret.txt]}
containers:
  app:
    image: '@image'
    command: [sleep, '1000000']
    init: true
    user: '1000:1000'
    read_only: false
    env: {PASSWORD: '{{ secrets.from_file }}', URL: 'db://me:{{ secrets.from_env | urlencode }}@db/x'}
    secrets:
      - from_command
      - {secret: from_env, target: /run/keys/key, uid: 1000, gid: 1000, mode: 0o440}
    network_mode: none
";

fn run(world: &World, words: &[&str], secret: &str) -> crate::harness::Output {
    let mut command = world.command(words);
    command.env("WORLD_SECRET", secret);
    run_to_end(command)
}

/// Everything that anybody can ask about the project, but for the variables of the container.
fn everything_said(world: &World) -> String {
    let mut said = String::new();
    for words in [
        &["plan", "-v"][..],
        &["plan", "-v", "--output", "json"],
        &["plan", "--offline", "-v", "--output", "json"],
        &["plan", "--offline", "-v"],
        &["config"],
        &["config", "--output", "json"],
        &["config", "--hash"],
        &["ps", "--output", "json"],
        &["logs"],
        &["images", "--output", "json"],
        &["graph"],
        &["graph", "--output", "json"],
        &["up", "-v", "--recreate", "app", "--timeout", "5"],
        &["up", "-v", "--recreate", "app", "--timeout", "5", "--output", "json"],
    ] {
        let output = run(world, words, CANARY);
        output.code(0);
        said.push_str(&output.to_string());
    }
    let mut container = world.container("app");
    let held: Vec<Value> = container["Config"]["Env"].as_array_mut().unwrap().drain(..).collect();
    assert!(held.iter().any(|variable| variable == &format!("PASSWORD={CANARY}")), "{held:?}");
    said + &container.to_string()
}

#[test]
fn secrets_must_arrive_and_be_seen_nowhere() {
    let Some(world) = World::new("secrets") else { return };
    world.yaml(FILE).file("secret.txt", &format!("{CANARY}\n"));
    run(&world, &["up"], CANARY).code(0);
    let file = world.inside_as("app", "0", &["cat", "/run/secrets/from_command"]);
    assert_eq!(file.1.trim_end(), CANARY, "{file:?}");
    let facts = |path: &str| world.inside_as("app", "0", &["stat", "-c", "%u:%g %a", path]).1;
    assert_eq!(facts("/run/secrets/from_command").trim(), "0:0 400");
    assert_eq!(facts("/run/keys/key").trim(), "1000:1000 440");
    assert_eq!(world.inside("app", &["cat", "/run/keys/key"]).trim_end(), CANARY);
    let (code, _) = world.inside_as("app", "1000", &["cat", "/run/secrets/from_command"]);
    assert_ne!(code, 0, "another user reads the secret");
    let environment = world.inside("app", &["env"]);
    assert!(environment.contains(&format!("PASSWORD={CANARY}")), "{environment}");

    let said = everything_said(&world);
    let encoded = engine::encode(CANARY);
    for form in [CANARY, encoded.as_str()] {
        assert!(!said.contains(form), "the secret is said:\n{said}");
    }
    assert!(!world.container("app")["Config"]["Labels"].to_string().contains("canary"));
    run(&world, &["plan", "--output", "json"], CANARY).code(0).plan().is_empty();
}

#[test]
fn a_changed_secret_must_recreate_without_being_shown() {
    let Some(world) = World::new("secret-changes") else { return };
    world.yaml(FILE).file("secret.txt", "canary-one");
    run(&world, &["up"], "canary-one").code(0);
    run(&world, &["plan", "--output", "json"], "canary-one").code(0).plan().is_empty();
    let plan = run(&world, &["plan", "--output", "json"], "canary-two");
    let fields = plan.code(0).never_says("canary").plan().fields("container app");
    assert_eq!(fields, ["env.URL file", "secrets file"]);
    world.file("secret.txt", "canary-two");
    run(&world, &["plan"], "canary-two").code(0).never_says("canary").says("secrets");
    run(&world, &["up"], "canary-two").code(0).never_says("canary");
    let file = world.inside_as("app", "0", &["cat", "/run/secrets/from_command"]);
    assert_eq!(file.1.trim_end(), "canary-two");
    run(&world, &["plan", "--output", "json"], "canary-two").code(0).plan().is_empty();
}

#[test]
fn a_secret_that_is_missing_must_be_said_before_anything_is_done() {
    let Some(world) = World::new("secret-missing") else { return };
    world.yaml(FILE);
    let output = run(&world, &["up"], "x");
    assert!(matches!(output.code, 1 | 65), "{output}");
    output.says("secret.txt");
    assert!(world.objects().is_empty(), "{:?}", world.objects());
}

#[test]
fn a_secret_of_a_build_must_not_be_in_the_image() {
    let Some(world) = World::new("build-secret") else { return };
    if engine::is_podman() {
        // It has no BuildKit.
        return;
    }
    world.file("secret.txt", CANARY).yaml(
        "
secrets: {key: {file: ./secret.txt}}
images:
  app:
    builder: buildkit
    context: false
    secrets: [key]
    dockerfile:
      inline: |
        FROM @image
        RUN --mount=type=secret,id=key wc -c < /run/secrets/key > /length
containers: {app: {image: '{{ images.app }}', command: [sleep, '1000000'], init: true}}
",
    );
    let output = world.up();
    assert!(!output.to_string().contains(CANARY), "{output}");
    assert_eq!(world.inside("app", &["cat", "/length"]), CANARY.len().to_string());
    // Newer engines do not even leave the directory.
    let (code, _) = world.inside_as("app", "0", &["test", "-e", "/run/secrets/key"]);
    assert_eq!(code, 1, "the secret, or the place where it was, is in the image");
    let image = engine::get(&format!("/images/{}/app:latest/json", world.project));
    let history = engine::get(&format!("/images/{}/app:latest/history", world.project));
    assert!(!format!("{image}{history}").contains(CANARY));
    let saved = world.path("app.tar");
    world.run(&["save", "app", "-o", saved.to_str().unwrap()]).code(0);
    let layers = std::fs::read(saved).unwrap();
    assert!(layers.windows(CANARY.len()).all(|bytes| bytes != CANARY.as_bytes()));
    assert_ne!(image["Id"], engine::get(&format!("/images/{}/json", base::image()))["Id"]);
    world.settled();
}

#[test]
fn a_read_only_container_must_get_its_secrets_and_take_them_with_it() {
    let Some(world) = World::new("secret-read-only") else { return };
    world.yaml(
        "
secrets: {key: {env: WORLD_SECRET}}
containers:
  app:
    image: @image
    command: [sleep, '1000000']
    init: true
    read_only: true
    tmpfs: [/run]
    secrets: [key]
    update: {stable_for: 0}
",
    );
    let volume = || world.container("app")["Mounts"][0]["Name"].as_str().unwrap().to_owned();
    run(&world, &["up"], "canary-one").code(0).never_says("canary");
    let first = volume();
    assert_eq!(world.inside("app", &["cat", "/run/secrets/key"]), "canary-one");
    run(&world, &["up"], "canary-two").code(0).never_says("canary");
    assert_eq!(world.inside("app", &["cat", "/run/secrets/key"]), "canary-two");
    let (code, _) = world.inside_as("app", "0", &["touch", "/file"]);
    assert_ne!(code, 0, "the root is not read-only");
    let second = volume();
    run(&world, &["down", "--yes"], "canary-two").code(0);
    let volumes = engine::get("/volumes").to_string();
    for name in [first, second] {
        assert!(!volumes.contains(&name), "{name} is left behind");
    }
}

#[test]
fn a_container_whose_run_ended_before_it_had_its_secrets_must_get_them_from_the_next() {
    for (test, more) in [("plain", ""), ("read-only", "read_only: true,")] {
        let Some(world) = World::new(&format!("secret-late-{test}")) else { return };
        world.file("token.txt", "precious");
        let keys = format!("containers: {{web: {{@idle, {more} secrets: [token]}}}}\n");
        world.yaml(&format!("secrets: {{token: {{file: token.txt}}}}\n{keys}"));
        let proxy = Proxy::new(Fault::KillBefore, Strikes::Call("/archive?"));
        world.run_through(&proxy, &["up"]);
        assert!(proxy.has_struck(), "{}", proxy.log());
        world.up();
        assert_eq!(world.inside("web", &["cat", "/run/secrets/token"]), "precious", "{test}");
        world.settled();
    }
}

#[test]
fn a_secret_that_a_container_says_itself_must_not_be_in_a_report() {
    let Some(world) = World::new("secret-said") else { return };
    let speaks = |more: &str, how: &str| {
        let file = format!(
            "secrets: {{pw: {{env: WORLD_SECRET}}}}\ncontainers: {{app: {{image: '@image', network_mode: none, \
             init: true, env: {{PW: '{{{{ secrets.pw }}}}'}}, command: [sh, -c, 'echo pw=$PW; {how}']{more}}}, \
             slow: {{@idle, network_mode: none, healthcheck: {{test: 'true', interval: 500ms}}}}}}\n"
        );
        world.yaml(&file);
    };
    for (more, how) in [
        ("", "exit 3"),
        (", update: {stable_for: 2s}", "exit 3"),
        (", exec_commands: [{command: [sh, -c, 'echo pw=$PW; exit 4']}]", "sleep 1000"),
        (", healthcheck: {test: 'echo pw=$PW; false', interval: 200ms, retries: 1}", "sleep 1000"),
    ] {
        speaks(more, how);
        for form in ["text", "json"] {
            let words = ["up", "-v", "--output", form, "--recreate", "app", "--recreate", "slow"];
            let output = run(&world, &words, CANARY);
            output.code(1).never_says("canary").says("pw=(secret)");
        }
    }
    run(&world, &["plan", "-v"], CANARY).never_says("canary");
}
