//! Runs that are interrupted by a signal.
//!
//! Invariant: a second run goes on where the first was interrupted.

use crate::harness::{Running, World, engine, tell, wait_until};
use rustix::process::Signal;
use serde_json::Value;
use std::time::{Duration, Instant};

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

/// Whether a process of this machine was started with this word.
fn is_running(word: &str) -> bool {
    let is_it = |line: Vec<u8>| line.split(|byte| *byte == 0).any(|one| one == word.as_bytes());
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    processes.filter_map(|one| std::fs::read(one.path().join("cmdline")).ok()).any(is_it)
}

#[test]
fn an_interrupt_must_cut_a_build_off_at_once_and_leave_nothing_of_it() {
    for (builder, seconds) in [("classic", "61234.5"), ("buildkit", "61235.5")] {
        let Some(world) = World::new(&format!("int-{builder}")) else { return };
        world.yaml(&format!(
            "images: {{app: {{context: false, builder: {builder}, commands: [FROM @image, \
             'RUN echo begun in @project && sleep {seconds}']}}}}\n\
             containers: {{web: {{@idle, image: app}}}}"
        ));
        let file = std::fs::read_to_string(world.path("windlass.yaml")).unwrap();
        let idle = format!("image: \"{}\", command", crate::harness::base::image());
        world.file("windlass.yaml", &file.replace(&idle, "command"));
        let running = world.start(&["up", "--output", "json"]);
        while !running.line().expect("the build goes on").contains("\"begun in ") {}
        wait_until("the build's process to run", || is_running(seconds));
        let begun = Instant::now();
        running.signal(Signal::INT);
        let output = running.finish();
        let took = begun.elapsed();
        tell(&format!("{builder}: ended {took:?} after the interrupt"));
        output.code(130);
        assert!(took < Duration::from_secs(3), "{took:?}{output}");
        // The engine takes its time over what it gives up.
        wait_until("the build's process to end", || !is_running(seconds));
        let is_of_it = |one: &Value| one["Command"].to_string().contains(&world.project);
        wait_until("the build's container to go", || {
            !engine::list("containers", None).iter().any(is_of_it)
        });
        assert_eq!(world.objects(), [""; 0], "{output}");
        assert!(world.lock().is_null(), "{output}");
    }
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

/// Not ready for two seconds after its start, by a check or by what the file waits for.
const NOT_YET: &str = "
containers:
  first:
    image: '@image'
    init: true
    network_mode: none
    command: [sh, -c, 'sleep 2; touch /tmp/ready; exec sleep 1000000']
    @ready
  second: {@idle, network_mode: none, depends_on: [first]}
";

#[test]
fn an_up_after_a_killed_one_must_wait_for_what_is_not_ready_yet() {
    let check = "healthcheck: {test: [CMD, test, -e, /tmp/ready], interval: 300ms, retries: 50}";
    let condition = "wait: {file_exists: /tmp/ready, timeout: 20s}";
    // What the container is called until then.
    for (test, ready, name) in [("health", check, "first"), ("wait", condition, "first_waiting")] {
        let Some(world) = World::new(&format!("not-yet-{test}")) else { return };
        world.yaml(&NOT_YET.replace("@ready", ready));
        let running = up_to(&world, "wait");
        running.signal(Signal::KILL);
        running.finish().code(137);
        assert_eq!(world.state(name), "running");
        assert_ne!(world.inside_as(name, "0", &["test", "-e", "/tmp/ready"]).0, 0);
        world.up();
        assert_eq!(world.inside_as("first", "0", &["test", "-e", "/tmp/ready"]).0, 0, "{test}");
        world.settled();
    }
}
