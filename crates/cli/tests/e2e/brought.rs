//! What a run brings up: it must be gone when the run is over, however it ends, unless somebody else needs it.
//!
//! Invariant: what is left is counted on the engine before and after.

use crate::harness::{World, engine};
use crate::run::everything;
use rustix::process::Signal;

const FILE: &str = r#"
networks: {net: , cold: }
volumes: {data: }
containers:
  cache: {@idle, networks: [net]}
  db: {@idle, networks: [net], depends_on: [cache], volumes: ['data:/data', '/scratch']}
  alone: {@idle, networks: [cold]}
  broken: {image: '@image', command: ['false'], networks: [net], depends_on: [cache]}
  unready: {@idle, wait: {file_value: {/etc/passwd: up}, timeout: 5s}}
tasks:
  zero: {image: '@image', bash: nslookup db >/dev/null && echo found, networks: [net], depends_on: [db]}
  five: {image: '@image', bash: exit 5, depends_on: [db]}
  again: {image: '@image', bash: exit 0, needs: [zero, five]}
  cannot: {image: '@image', bash: exit 0, depends_on: [broken]}
  waits: {image: '@image', bash: exit 0, depends_on: [unready]}
  nothing: {image: '@image', command: [/no/such/program], depends_on: [db]}
  wait: {image: '@image', bash: "trap 'exit 7' INT TERM; echo up; while :; do sleep 0.1; done", depends_on: [db]}
"#;

fn world(test: &str) -> Option<World> {
    let world = World::new(test)?;
    world.yaml(FILE);
    Some(world)
}

/// The named volume holds data, and stays as it would without the run.
fn left(world: &World) -> Vec<String> {
    everything(world).into_iter().filter(|one| one != "volumes data").collect()
}

#[test]
fn what_a_run_brings_up_must_go_with_it() {
    let Some(world) = world("brought-ends") else { return };
    for (task, code) in [("zero", 0), ("five", 5), ("again", 5), ("cannot", 1), ("nothing", 127)] {
        let ran = world.run(&["run", task]);
        assert!(ran.code == code || (task == "nothing" && ran.code == 1), "{task}: {ran}");
        assert_eq!(left(&world), [""; 0], "{task}: {ran}");
    }
    // What is gone has no log to look at, and is called what the file calls it.
    let ran = world.run(&["run", "waits"]);
    ran.code(1)
        .says("\"up\" in its file /etc/passwd: the file has something else")
        .says("`windlass up unready`");
    ran.never_says("windlass logs").never_says("unready_waiting");
    assert_eq!(left(&world), [""; 0]);
    let ran = world.run(&["run", "zero"]);
    assert_eq!(ran.code(0).says("taking back").stdout, "found\n");
    for (signal, code) in [(Signal::INT, 7), (Signal::TERM, 7)] {
        let running = world.start(&["run", "wait"]);
        assert_eq!(running.line().as_deref(), Some("up\n"));
        running.signal(signal);
        running.finish().code(code);
        assert_eq!(left(&world), [""; 0]);
    }
}

#[test]
fn what_a_killed_run_brought_up_must_go_with_the_next() {
    let Some(world) = world("brought-killed") else { return };
    for next in [&["run", "zero"][..], &["up", "alone"], &["clean"], &["down"]] {
        let running = world.start(&["run", "wait"]);
        assert_eq!(running.line().as_deref(), Some("up\n"));
        running.signal(Signal::KILL);
        running.finish();
        assert!(left(&world).len() > 3);
        world.run(next).code(0);
        if next[0] == "up" {
            world.run(&["down"]).code(0);
        }
        assert_eq!(left(&world), [""; 0], "{next:?}");
    }
}

#[test]
fn what_is_needed_by_somebody_else_must_stay() {
    let Some(world) = world("brought-shared") else { return };
    // Another run needs it.
    let one = world.start(&["run", "wait"]);
    assert_eq!(one.line().as_deref(), Some("up\n"));
    let id = world.id("db");
    let two = world.start(&["run", "wait"]);
    assert_eq!(two.line().as_deref(), Some("up\n"));
    one.signal(Signal::INT);
    one.finish().code(7);
    assert_eq!(world.id("db"), id);
    two.signal(Signal::INT);
    two.finish().code(7);
    assert_eq!(left(&world), [""; 0]);
    // Somebody asked for it meanwhile.
    let run = world.start(&["run", "wait"]);
    assert_eq!(run.line().as_deref(), Some("up\n"));
    let id = world.id("db");
    world.run(&["up", "db"]).code(0);
    run.signal(Signal::INT);
    run.finish().code(7);
    assert_eq!(world.id("db"), id);
    world.run(&["up", "db"]).code(0).says("Nothing to do");
    // It was there before.
    world.run(&["run", "zero"]).code(0).never_says("taking back");
    assert_eq!(world.id("db"), id);
    let label = format!("dev.windlass-run.project={}", world.project);
    assert!(engine::list("volumes", Some(&label)).is_empty());
}
