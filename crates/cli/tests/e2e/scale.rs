//! Large projects: not one error, and no wait for nothing.
//!
//! Invariant: run only when asked for, by `--ignored`; what was measured is printed.

use crate::harness::{Output, World, tell};
use std::fmt::Write as _;
use std::time::{Duration, Instant};

fn project(world: &World, containers: usize) {
    let mut file = "containers:\n".to_owned();
    for number in 0..containers {
        writeln!(
            file,
            "  c{number}: {{image: '@image', command: [sleep, '1000000'], init: true, network_mode: none}}"
        )
        .unwrap();
    }
    world.yaml(&file);
}

/// Runs it for as long as it takes.
fn run(world: &World, words: &[&str]) -> Output {
    let began = Instant::now();
    let output = world.command(words).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let output = Output {
        command: words.join(" "),
        code: output.status.code().unwrap_or(-1),
        stdout: text(&output.stdout),
        stderr: text(&output.stderr),
        elapsed: began.elapsed(),
    };
    tell(&format!(
        "{} containers: {} took {:?}",
        world.objects().len(),
        output.command,
        output.elapsed
    ));
    output
}

#[test]
#[ignore = "takes minutes, and gigabytes"]
fn five_hundred_containers_must_go_up_and_down() {
    let Some(world) = World::new("scale") else { return };
    project(&world, 500);
    run(&world, &["up"]).code(0);
    assert_eq!(world.objects().len(), 500);
    run(&world, &["up"]).code(0).says("Nothing to do");
    run(&world, &["down"]).code(0);
    assert!(world.objects().is_empty());
}

#[test]
#[ignore = "takes minutes"]
fn a_plan_of_a_thousand_containers_without_a_change_must_take_less_than_two_seconds() {
    let Some(world) = World::new("thousand") else { return };
    project(&world, 1000);
    run(&world, &["create"]).code(0);
    let again = run(&world, &["create"]);
    again.code(0).says("Nothing to do");
    assert!(again.elapsed < Duration::from_secs(2), "{:?}", again.elapsed);
    run(&world, &["down"]).code(0);
    assert!(world.objects().is_empty());
}
