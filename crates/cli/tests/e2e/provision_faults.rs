//! Builds of images of resources that are struck: by a signal, by an engine that dies.
//!
//! Invariant: the next run, whatever it is, leaves nothing of the one that was struck, and a build after it has nothing to do.

use crate::harness::own::OwnEngine;
use crate::harness::{Running, World, engine, tell, wait_until};
use crate::provision::{inspect, objects};
use rustix::process::Signal;
use std::time::{Duration, Instant};

fn world(test: &str) -> Option<World> {
    if engine::url().is_some() && engine::is_podman() {
        return None;
    }
    World::new(test)
}

/// An image whose command does this.
fn file(world: &World, command: &str) {
    let text = "
images:
  tool:
    from: '@image'
    resources:
    - file: {path: /x, contents: '@command'}
    - execute: '@command'
containers:
  web: {@idle, network_mode: none}
";
    world.yaml(&text.replace("@command", command));
}

/// Starts a build, and waits until its command runs.
fn build(world: &World) -> Running {
    let running = world.start(&["build"]);
    let label = format!("dev.windlass-run.project={}", world.project);
    wait_until("the command to run", || {
        let all = engine::list("containers", Some(&label));
        all.iter().any(|one| one["State"] == "running")
    });
    running
}

fn volumes() -> usize {
    engine::list("volumes", None).iter().filter(|one| one["Labels"].is_null()).count()
}

/// What images are gone on from while one is made.
fn passing_images(world: &World) -> Vec<String> {
    let all = engine::list("images", None);
    let tags = all.iter().flat_map(|one| one["RepoTags"].as_array().cloned().unwrap_or_default());
    let prefix = format!("{}/tool:windlass-before-", world.project);
    tags.filter_map(|tag| tag.as_str().map(str::to_owned))
        .filter(|tag| tag.starts_with(&prefix))
        .collect()
}

#[test]
fn what_a_killed_build_left_must_go_with_the_next_run() {
    let Some(world) = world("provision-killed") else { return };
    for words in [&["build"][..], &["clean", "--yes"], &["up"], &["run", "web", "--", "true"]] {
        file(&world, "sleep 1000");
        let running = build(&world);
        running.signal(Signal::KILL);
        running.finish().code(137);
        assert_eq!(objects(&world).iter().filter(|one| one.starts_with("passing")).count(), 2);
        assert_ne!(passing_images(&world), [""; 0]);
        file(&world, "echo done");
        let began = Instant::now();
        let next = world.run(words);
        assert_eq!(next.code, 0, "{words:?}{next}");
        assert!(began.elapsed() < Duration::from_secs(8), "{words:?}: {:?}", began.elapsed());
        let left = objects(&world);
        assert!(left.iter().all(|one| !one.starts_with("passing")), "{words:?}: {left:?}{next}");
        assert!(world.lock().is_null(), "{words:?}{next}");
        if matches!(words[0], "build" | "clean") {
            assert_eq!(passing_images(&world), [""; 0], "{words:?}{next}");
        }
    }
    world.run(&["build"]).code(0);
    world.run(&["clean", "--yes"]).code(0);
    assert_eq!(passing_images(&world), [""; 0]);
    world.run(&["build"]).code(0).says("Nothing to do");
}

#[test]
fn an_interrupt_must_take_the_containers_of_a_command_with_it() {
    for (test, signal, code) in [("int", Signal::INT, 130), ("term", Signal::TERM, 143)] {
        let Some(world) = world(&format!("provision-{test}")) else { return };
        file(&world, "sleep 1000");
        let running = build(&world);
        let begun = Instant::now();
        running.signal(signal);
        let output = running.finish();
        output.code(code);
        assert!(begun.elapsed() < Duration::from_secs(3), "{:?}{output}", begun.elapsed());
        assert_eq!(objects(&world), [""; 0], "{output}");
        assert!(inspect(&world, "tool").is_null(), "{output}");
        assert!(world.lock().is_null(), "{output}");
    }
}

#[test]
fn an_engine_that_dies_in_a_build_must_cost_no_more_than_another_build() {
    let Some(world) = world("provision-engine") else { return };
    let mut own = match OwnEngine::new() {
        Ok(own) => own,
        Err(why) => return tell(&format!("skipped: no engine to be killed: {why}")),
    };
    let before = volumes();
    // While the command runs; then early, and while images are taken.
    for after_ms in [None, Some(150), Some(600)] {
        file(&world, &format!("sleep 1; echo {}", after_ms.unwrap_or(0)));
        let running = match after_ms {
            None => build(&world),
            Some(ms) => {
                let running = world.start(&["build"]);
                std::thread::sleep(Duration::from_millis(ms));
                running
            }
        };
        own.kill();
        own.start().unwrap();
        let struck = running.finish();
        assert!(matches!(struck.code, 0 | 1 | 69), "{after_ms:?}{struck}");
        let next = world.run(&["build"]);
        assert_eq!(next.code, 0, "{after_ms:?}{struck}{next}");
        assert_eq!(objects(&world), [""; 0], "{after_ms:?}{struck}{next}");
        // One that dies while it makes a container may keep a volume that is nobody's.
        assert!(after_ms.is_some() || volumes() == before, "{after_ms:?}{struck}{next}");
        world.run(&["build"]).code(0).says("Nothing to do");
    }
}
