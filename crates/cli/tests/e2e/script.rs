//! Scripts: each must run as the container would that it is like, and leave nothing behind however it ends.
//!
//! Invariant: what is left is counted on the engine before and after.

use crate::harness::{World, engine, wait_until};
use rustix::process::Signal;
use serde_json::Value;
use std::time::Duration;

const FILE: &str = "
networks: {net: }
volumes: {data: {default_path: /data, user: 1000, permissions: u=rwX}}
containers:
  db: {@idle, networks: [net]}
  app:
    image: '@image'
    command: [sleep, '1000000']
    user: 1000
    env: {A: one}
    labels: {route: here}
    networks: {net: {aliases: [appy]}}
    attaches: data
    ports: ['127.0.0.1::80']
    stop_timeout: 1
    depends_on: [db]
";

/// Every container of the engine that has to do with the world, and every anonymous volume.
fn everything(world: &World) -> Vec<String> {
    let label = format!("dev.windlass-run.project={}", world.project);
    let names = |one: &Value| one["Names"][0].as_str().unwrap_or_default().to_owned();
    let mut all: Vec<_> = engine::list("containers", Some(&label)).iter().map(names).collect();
    all.extend(world.objects());
    all
}

fn world(test: &str) -> Option<World> {
    let world = World::new(test)?;
    world.yaml(FILE);
    Some(world)
}

#[test]
fn a_script_must_run_like_its_container() {
    let Some(world) = world("script") else { return };
    world.file("s.sh", "echo \"$A $1\"; id -u; echo err >&2; touch /data/x && echo wrote; exit 5");
    let ran = world.run(&["script", "app", "s.sh", "--", "a  b"]);
    ran.code(5);
    assert_eq!(ran.stdout, "one a  b\n1000\nwrote\n");
    assert!(ran.stderr.contains("\nerr\n"), "{ran}");
    assert_eq!(everything(&world), ["containers db", "networks net", "volumes data"]);
    // What it depends on is there: nothing is said but by the script, and `up` has only the container left.
    let again = world.run(&["script", "app", "s.sh"]);
    again.code(5);
    assert_eq!((again.stdout.as_str(), again.stderr.as_str()), ("one \n1000\nwrote\n", "err\n"));
    assert_eq!(world.plan().deeds(), ["container app: create", "container app: start"]);
}

#[test]
fn a_script_must_take_no_part_in_what_others_find() {
    let Some(world) = world("script-apart") else { return };
    world.file("s.sh", "echo up; cat");
    let mut command = world.command(&["script", "app", "s.sh", "--interactive"]);
    command.stdin(std::process::Stdio::piped());
    let mut child = command.stdout(std::process::Stdio::piped()).spawn().unwrap();
    let label = format!("dev.windlass-run.project={}", world.project);
    let runs = || {
        let found = engine::list("containers", Some(&label));
        found.first().filter(|one| one["State"] == "running").cloned()
    };
    wait_until("the script runs", || runs().is_some());
    let id = runs().unwrap()["Id"].as_str().unwrap().to_owned();
    let seen = engine::get(&format!("/containers/{id}/json"));
    let network = &seen["NetworkSettings"]["Networks"][world.name("net")];
    assert!(!network["Aliases"].to_string().contains("appy"), "{network}");
    assert!(seen["HostConfig"]["PortBindings"].as_object().is_none_or(serde_json::Map::is_empty));
    assert_eq!(seen["Config"]["Labels"].get("route"), None);
    // It is nobody's container: neither up, nor a second up, nor ps takes it for one.
    world.run(&["up"]).code(0);
    world.settled();
    // What it uses stays while it runs.
    let down = world.run(&["down"]);
    down.code(0).says("in use");
    assert!(!world.network("net").is_null());
    drop(child.stdin.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    world.run(&["down"]).code(0);
    assert_eq!(everything(&world), ["volumes data"]);
}

#[test]
fn a_script_that_is_cut_short_must_leave_nothing() {
    let Some(world) = world("script-cut") else { return };
    world.run(&["up", "db"]).code(0);
    let before = everything(&world);
    world.file("s.sh", "trap 'echo got; exit 7' INT; echo up; while :; do sleep 0.1; done");
    for (signal, code) in [(Signal::INT, 7), (Signal::TERM, 143)] {
        let running = world.start(&["script", "app", "s.sh"]);
        assert_eq!(running.line().as_deref(), Some("up\n"));
        running.signal(signal);
        let ended = running.finish();
        ended.code(code);
        assert!(ended.elapsed < Duration::from_secs(20), "{ended}");
    }
    let late = world.run(&["script", "app", "s.sh", "--deadline", "1"]);
    late.code(124).says("has not ended within 1 s");
    world.run(&["script", "app", "s.sh", "--user", "nobody-is-called-so"]).code(1);
    assert_eq!(everything(&world), [before.as_slice(), &["volumes data".to_owned()]].concat());
    // Whoever is killed can't tidy up; the next run does.
    let running = world.start(&["script", "app", "s.sh"]);
    assert_eq!(running.line().as_deref(), Some("up\n"));
    running.signal(Signal::KILL);
    running.finish();
    assert_eq!(everything(&world).len(), before.len() + 2);
    world.run(&["down"]).code(0);
    assert_eq!(everything(&world), ["volumes data"]);
}

#[test]
fn a_directory_and_a_piped_script_must_run() {
    let Some(world) = world("script-more") else { return };
    world.file("jobs/a b/all.sh", "echo $0; cat $(dirname \"$0\")/../text");
    world.file("jobs/text", "hello\n");
    let ran = world.run(&["script", "app", "jobs", "--", "sh", "{script_path}/a b/all.sh"]);
    ran.code(1);
    world.file("jobs/all.sh", "cat $(dirname \"$0\")/text; echo $1");
    let ran = world.run(&["script", "app", "jobs", "--", "sh", "{script_path}/all.sh", "x"]);
    ran.code(0);
    assert_eq!(ran.stdout, "hello\nx\n");
    world.run(&["script", "app", "jobs"]).code(64).says("what of it shall run?");
    let piped = world.run_with_input(&["script", "app", "-", "--", "y"], b"#!/bin/sh\necho $1\n");
    piped.code(0);
    assert_eq!(piped.stdout, "y\n");
    let json = world.run(&["--output", "json", "script", "app", "jobs/all.sh", "--no-deps"]);
    json.code(0);
    let ended = json.object("ended");
    assert_eq!((&ended["exit_code"], &ended["container"]), (&0.into(), &"app".into()));
    world.run(&["script", "app", "nowhere"]).code(65).says("nowhere");
    world.run(&["script", "ap", "jobs/all.sh"]).code(64).says("app");
    assert_eq!(everything(&world), ["containers db", "networks net", "volumes data"]);
}
