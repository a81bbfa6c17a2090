//! What is not ours: it must be named, and left exactly as it is.
//!
//! Invariant: an object counts as untouched only if the engine says of it, byte for byte, what it said before.

use crate::harness::{World, base, engine, free_port};
use serde_json::{Value, json};

const FILE: &str = "
networks: {net: }
volumes: {data: /data}
containers:
  web: {@idle, networks: [net], attaches: [data]}
  other: {@idle, network_mode: none}
";

fn inspect(id: &str) -> Value {
    engine::get(&format!("/containers/{id}/json"))
}

/// Nothing may have been done, to whomever it belongs.
fn blocked(world: &World, words: &[&str], kind: &str, name: &str) {
    let before = world.objects();
    let output = world.run(words);
    output.code(1).says(kind).says(name);
    assert_eq!(world.objects(), before, "{output}");
    let json = world.run(&[words, &["--output", "json"]].concat());
    let blockers = json.code(1).object("blocked")["blockers"].clone();
    assert_eq!(blockers[0]["reason"]["kind"], "foreign", "{blockers}");
    assert_eq!(blockers[0]["address"]["kind"], kind, "{blockers}");
    assert!(blockers[0]["hint"].is_string(), "{blockers}");
}

#[test]
fn a_foreign_container_of_our_name_must_stay_and_be_named() {
    let Some(world) = World::new("foreign-c") else { return };
    let id = world.yaml(FILE).foreign_container("web", &json!({}));
    let before = inspect(&id);
    blocked(&world, &["up"], "container", &world.name("web"));
    blocked(&world, &["plan"], "container", &world.name("web"));
    for words in [&["down"][..], &["stop"], &["kill"], &["rm", "--force"], &["restart"]] {
        world.run(words);
    }
    world.run(&["down", "--destroy-volume", "data", "--images", "--remove-orphans"]);
    assert_eq!(inspect(&id), before);
    // Only whoever asks for it takes it over.
    world.run(&["up", "--adopt"]).code(0);
    assert!(inspect(&id).is_null());
    assert_eq!(world.state("web"), "running");
    world.settled();
}

#[test]
fn a_foreign_network_and_volume_of_our_names_must_stay_and_be_named() {
    let Some(world) = World::new("foreign-nv") else { return };
    world.yaml(FILE);
    let made = engine::post("/networks/create", &json!({"Name": world.name("net")}));
    let id = made["Id"].as_str().unwrap().to_owned();
    let network = engine::get(&format!("/networks/{id}"));
    blocked(&world, &["up"], "network", &world.name("net"));
    world.run(&["down", "--remove-orphans"]).code(0);
    assert_eq!(engine::get(&format!("/networks/{id}")), network);
    assert!(engine::delete(&format!("/networks/{id}")));

    engine::post("/volumes/create", &json!({"Name": world.name("data")}));
    let volume = world.volume("data");
    blocked(&world, &["up"], "volume", &world.name("data"));
    world.run(&["down", "--volumes", "--destroy-volume", "data"]).code(0);
    assert_eq!(world.volume("data"), volume);
}

#[test]
fn a_foreign_container_on_our_network_must_keep_it() {
    let Some(world) = World::new("foreign-on") else { return };
    world.yaml(FILE).up();
    let network = world.name("net");
    let id = world
        .foreign_container("guest", &json!({"HostConfig": {"Init": true, "NetworkMode": network}}));
    let before = inspect(&id);
    let down = world.run(&["down"]);
    down.code(0).says(&world.name("guest"));
    assert!(!world.network("net").is_null());
    assert_eq!(inspect(&id), before);
    assert_eq!(world.state("web"), "absent");
}

#[test]
fn an_external_object_must_be_used_and_never_removed() {
    let Some(world) = World::new("external") else { return };
    let file = "
networks: {net: {external: true, name: @project.shared}}
volumes: {data: {external: true, name: @project.store, path: /data}}
containers: {web: {@idle, networks: [net], attaches: [data]}}
";
    let missing = world.yaml(file).run(&["up"]);
    missing.code(1).says("shared").says("external");
    assert!(world.objects().is_empty());
    engine::post("/networks/create", &json!({"Name": world.name("shared")}));
    engine::post("/volumes/create", &json!({"Name": world.name("store")}));
    world.up();
    world.inside("web", &["touch", "/data/file"]);
    world.settled();
    world.run(&["down", "--volumes", "--destroy-volume", "data"]).code(0);
    assert!(!world.network("shared").is_null() && !world.volume("store").is_null());
}

#[test]
fn two_projects_must_not_see_each_other() {
    let Some(world) = World::new("two") else { return };
    let second = world.other_project("second");
    world.yaml(FILE);
    let project = ["--project", second.as_str()];
    let run = |words: &[&str]| world.run(&[&project[..], words].concat());
    world.up();
    run(&["up"]).code(0);
    let ids = |project: &str| {
        let of = |key: &str| inspect(&format!("{project}.{key}"))["Id"].clone();
        (of("web"), of("other"), engine::get(&format!("/networks/{project}.net"))["Id"].clone())
    };
    let before = ids(&second);
    assert!(before.0.is_string() && before.2.is_string());
    world.run(&["up", "--recreate", "web", "--remove-orphans"]).code(0);
    world.settled();
    world.run(&["down", "--destroy-volume", "data", "--remove-orphans", "--timeout", "0"]).code(0);
    assert!(world.objects().is_empty(), "{:?}", world.objects());
    assert_eq!(ids(&second), before);
    assert_eq!(inspect(&format!("{second}.web"))["State"]["Status"], "running");
    run(&["plan", "--output", "json"]).code(0).plan().is_empty();
    let names = run(&["ps", "--names"]);
    assert!(!names.code(0).stdout.contains(&world.name("")), "{names}");
}

#[test]
fn orphans_must_be_named_and_removed_only_on_request() {
    let Some(world) = World::new("orphans") else { return };
    world.yaml(FILE).up();
    let (web, other) = (world.id("web"), world.id("other"));
    world.yaml("containers: {web: {@idle, network_mode: none}}");
    let output = world.run(&["plan"]);
    output.code(0).says("other").says("--remove-orphans");
    assert_eq!(world.plan().note("container other"), Some("orphan"));
    world.up();
    assert_eq!(world.id("other"), other);
    assert_ne!(world.id("web"), web);
    world.run(&["up", "--remove-orphans"]).code(0);
    assert_eq!(world.objects(), ["containers web", "volumes data"]);
    world.settled();
    world.yaml("containers: {last: {@idle, network_mode: none}}");
    world.run(&["down", "--remove-orphans", "--timeout", "0"]).code(0);
    assert_eq!(world.objects(), ["volumes data"]);
}

#[test]
fn a_volume_that_differs_must_be_kept_until_it_is_named() {
    let Some(world) = World::new("volume") else { return };
    let file = |label: &str| {
        format!(
            "volumes: {{data: {{path: /data, labels: {{v: '{label}'}}}}}}\n\
             containers: {{web: {{@idle, attaches: [data]}}, other: {{@idle, network_mode: none}}}}\n"
        )
    };
    world.yaml(&file("1")).up();
    world.inside("web", &["sh", "-c", "echo precious > /data/file"]);
    let other = world.id("other");
    world.yaml(&file("2"));
    let blocked = world.run(&["up"]);
    blocked.code(1).says("labels").says(&format!("--destroy-volume {}", world.name("data")));
    assert_eq!(world.inside("web", &["cat", "/data/file"]), "precious");
    // Only its name is consent.
    world.run(&["up", "--yes"]).code(1);
    let name = world.name("data");
    world.run(&["up", "--destroy-volume", &name]).code(0);
    assert_eq!(world.inside("web", &["ls", "/data"]), "");
    assert_eq!(world.volume("data")["Labels"]["v"], "2");
    assert_eq!(world.id("other"), other);
    world.settled();
}

#[test]
fn a_port_that_another_container_holds_must_block_and_name_it() {
    let Some(world) = World::new("port-held") else { return };
    let port = free_port();
    let bound = json!([{"HostIp": "127.0.0.1", "HostPort": port.to_string()}]);
    let id = world.foreign_container(
        "holder",
        &json!({
        "ExposedPorts": {"80/tcp": {}},
        "HostConfig": {"Init": true, "PortBindings": {"80/tcp": bound}}}),
    );
    let before = inspect(&id);
    world.yaml(&format!("containers: {{web: {{@idle, ports: ['127.0.0.1:{port}:80']}}}}"));
    let output = world.run(&["up"]);
    output.code(1).says(&port.to_string()).says(&world.name("holder"));
    assert_eq!(inspect(&id), before);
    assert_eq!(world.state("web"), "absent");
    assert!(engine::get(&format!("/images/{}/json", base::image()))["Id"].is_string());
}

#[test]
fn an_orphan_must_serve_until_what_takes_its_port_does() {
    let Some(world) = World::new("orphan-port") else { return };
    let port = free_port();
    let publishes = format!("ports: ['127.0.0.1:{port}:80']");
    world.yaml(&format!("containers: {{old: {{@idle, {publishes}}}}}")).up();
    let old = world.id("old");
    let started = || inspect(&old)["State"]["StartedAt"].clone();
    let before = started();

    world.yaml(&format!("containers: {{new: {{@idle, {publishes}}}}}"));
    let blocked = world.run(&["up"]);
    blocked.code(1).says(&port.to_string()).says(&world.name("old")).says("--remove-orphans");
    assert_eq!((world.state("new"), started()), ("absent".to_owned(), before.clone()));

    let ends = "image: '@image', command: [sh, -c, 'exit 3'], update: {stable_for: 2s}";
    world.yaml(&format!("containers: {{new: {{{ends}, {publishes}}}}}"));
    let failed = world.run(&["up", "--remove-orphans"]);
    failed.code(1).says("serves again");
    assert_eq!(world.objects(), ["containers old"], "{failed}");
    assert_eq!((world.id("old"), world.state("old")), (old.clone(), "running".to_owned()));
    assert_ne!(started(), before, "it did not give way: {failed}");

    world.yaml(&format!("containers: {{new: {{@idle, {publishes}}}}}"));
    world.run(&["up", "--remove-orphans"]).code(0);
    assert_eq!(world.objects(), ["containers new"]);
    assert_eq!(world.state("new"), "running");
    assert!(inspect(&old).is_null());
    world.settled();
}

#[test]
fn an_orphan_must_serve_until_what_takes_its_name_does() {
    let Some(world) = World::new("orphan-name") else { return };
    world.yaml("containers: {old: {@idle}}").up();
    let old = world.id("old");
    engine::post(&format!("/containers/{old}/rename?name={}", world.name("new")), &Value::Null);
    let ends = "image: '@image', command: [sh, -c, 'exit 3'], update: {stable_for: 2s}";
    world.yaml(&format!("containers: {{new: {{{ends}}}}}"));
    let failed = world.run(&["up"]);
    failed.code(1).says("serves again");
    assert_eq!((world.id("new"), world.state("new")), (old.clone(), "running".to_owned()));
    assert_eq!(world.objects(), ["containers new"], "{failed}");
    world.yaml("containers: {new: {@idle}}").up();
    assert_ne!(world.id("new"), old);
    assert_eq!(world.objects(), ["containers new"]);
    world.settled();
}
