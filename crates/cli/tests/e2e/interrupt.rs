//! Runs that end early: by a signal, or killed at any moment.
//!
//! Invariant: whatever the moment, a second run succeeds, a third has nothing to do, data is where it
//! was, names are right, and nothing foreign was touched.

use crate::harness::{Running, World, engine};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::time::Duration;

const SLOW: &str = "
containers:
  first:
    image: '@image'
    init: true
    network_mode: none
    command: [sh, -c, 'sleep 2; touch /tmp/ready; exec sleep 1000000']
    healthcheck: {test: [CMD, test, -e, /tmp/ready], interval: 300ms, retries: 50}
  second: {@idle, network_mode: none, depends_on: {first: {condition: healthy}}}
";

/// Starts an up, and waits until a step of this action has begun.
fn up_to(world: &World, action: &str) -> Running {
    let running = world.start(&["up", "--output", "json"]);
    let mut step = None;
    loop {
        let line = running.line().expect("the run goes on");
        let value: Value = serde_json::from_str(&line).unwrap();
        if let Some(steps) = value["steps"].as_array() {
            step = steps.iter().find(|step| step["action"] == action).map(|s| s["id"].clone());
        }
        if value["type"] == "step_started" && step.as_ref() == Some(&value["step"]) {
            return running;
        }
    }
}

#[test]
fn an_interrupt_must_let_steps_end_start_nothing_more_and_a_second_up_go_on() {
    for (test, signal, code) in [("int", Signal::INT, 130), ("term", Signal::TERM, 143)] {
        let Some(world) = World::new(test) else { return };
        world.yaml(SLOW);
        let running = up_to(&world, "wait");
        running.signal(signal);
        let output = running.finish();
        output.code(code);
        assert_eq!(output.object("report")["interrupted"], true, "{output}");
        assert_eq!(world.state("second"), "absent");
        assert_eq!(world.state("first"), "running");
        world.up();
        world.settled();
        assert_eq!(world.state("second"), "running");
    }
}

#[test]
fn a_second_interrupt_must_end_it_at_once() {
    let Some(world) = World::new("int-twice") else { return };
    world.yaml(&SLOW.replace("sleep 2;", "sleep 20;"));
    let running = up_to(&world, "wait");
    running.signal(Signal::INT);
    std::thread::sleep(Duration::from_millis(300));
    running.signal(Signal::INT);
    let output = running.finish();
    output.code(130);
    assert!(output.elapsed.as_secs() < 10, "{output}");
}

#[test]
fn a_reader_that_goes_away_must_not_end_the_run() {
    let Some(world) = World::new("pipe") else { return };
    world.yaml(SLOW);
    let mut command = world.command(&["up"]);
    let (reader, writer) = std::io::pipe().unwrap();
    command.stdout(writer.try_clone().unwrap()).stderr(writer);
    let mut child = command.spawn().unwrap();
    drop((command, reader));
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(world.state("second"), "running");
}

/// A network, volumes of both kinds, a dependency, and a version that recreates both containers.
fn project(version: &str) -> String {
    format!(
        "
networks: {{net: }}
volumes: {{data: {{path: /data, user: '1000:1000', permissions: '0700'}}}}
containers:
  db: {{@idle, attaches: [data], shares: [/own], networks: [net], env: {{V: '{version}'}}}}
  apart: {{@idle, network_mode: none}}
  web: {{@idle, networks: [net], depends_on: [db], labels: {{v: '{version}'}}, stop_timeout: 1}}
"
    )
}

/// Starts an up and kills it after so many lines of its output, and a little later.
fn killed_up(world: &World, lines: usize, later: Duration) -> bool {
    let running = world.start(&["up", "--output", "json"]);
    for _ in 0..lines {
        if running.line().is_none() {
            return false;
        }
    }
    std::thread::sleep(later);
    running.signal(Signal::KILL);
    running.finish().code == 137
}

/// What must hold after a killed run and a second one.
fn converges(world: &World, foreign: &str, before: &Value, moment: &str) {
    let second = world.run(&["up"]);
    assert_eq!(second.code, 0, "killed {moment}:{second}");
    let plan = world.plan();
    assert_eq!(plan.steps().count(), 0, "killed {moment}:\n{plan}");
    let expected =
        ["containers apart", "containers db", "containers web", "networks net", "volumes data"];
    assert_eq!(world.objects(), expected, "killed {moment}");
    assert_eq!((world.state("db"), world.state("web")), ("running".into(), "running".into()));
    let attached = &engine::get(&format!("/networks/{}", world.name("net")))["Containers"];
    assert_eq!(attached.as_object().unwrap().len(), 2, "killed {moment}: {attached}");
    assert_eq!(engine::get(&format!("/containers/{foreign}/json")), *before, "killed {moment}");
    let networks = engine::list("networks", None);
    let named = networks.iter().filter(|network| network["Name"] == world.name("net").as_str());
    assert_eq!(named.count(), 1, "killed {moment}");
}

/// Kills a run at moments from `first` on, every so many lines.
fn kill_everywhere(test: &str, recreate: bool, first: usize, step: usize) {
    let mut lines = first;
    loop {
        let later = Duration::from_millis(if lines % 4 < 2 { 0 } else { 25 });
        let moment = format!("{later:?} after line {lines}");
        let Some(world) = World::new(test) else { return };
        world.yaml(&project("1"));
        let foreign = world.foreign_created("db_of_somebody", &json!({}));
        let before = engine::get(&format!("/containers/{foreign}/json"));
        if recreate {
            world.up();
            world.inside("db", &["sh", "-c", "echo precious > /data/file; echo own > /own/file"]);
            world.yaml(&project("2"));
        }
        let was_killed = killed_up(&world, lines, later);
        converges(&world, &foreign, &before, &moment);
        if recreate {
            let line = "stat -c '%u:%g %a' /data; cat /data/file /own/file";
            let kept = world.inside("db", &["sh", "-c", line]);
            assert_eq!(kept, "1000:1000 700\nprecious\nown", "killed {moment}");
            assert_eq!(world.container("web")["Config"]["Labels"]["v"], "2", "killed {moment}");
        } else {
            let owner = world.inside("db", &["stat", "-c", "%u:%g %a", "/data"]);
            assert_eq!(owner, "1000:1000 700", "killed {moment}");
        }
        if !was_killed {
            return;
        }
        lines += step;
    }
}

#[test]
fn an_up_that_is_killed_must_be_finished_by_the_next_one() {
    kill_everywhere("kill-up", false, 1, 2);
}

#[test]
fn an_up_that_is_killed_must_be_finished_by_the_next_one_at_the_moments_between() {
    kill_everywhere("kill-up2", false, 2, 2);
}

#[test]
fn a_recreation_that_is_killed_must_be_finished_by_the_next_up() {
    kill_everywhere("kill-re", true, 1, 2);
}

#[test]
fn a_recreation_that_is_killed_must_be_finished_by_the_next_up_at_the_moments_between() {
    kill_everywhere("kill-re2", true, 2, 2);
}
