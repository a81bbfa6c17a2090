//! Cleaning up.
//!
//! Invariant: on the engine that others use, only what these tests made can go; everything is cleaned only on an engine of
//! the test's own.

use crate::harness::own::OwnEngine;
use crate::harness::{World, base, engine, tell};
use serde_json::{Value, json};

#[test]
fn clean_must_remove_what_the_project_left_behind_and_nothing_else() {
    let Some(world) = World::new("clean") else { return };
    let file = |more: &str, version: u32| {
        let image = format!("{{commands: [{{from: '@image'}}, {{env: V={version}}}]}}");
        format!(
            "images: {{tool: {image}}}\ncontainers:\n  web: {{@idle, network_mode: none}}\n{more}"
        )
    };
    let more = "  old: {@idle, network_mode: none}\n  serves: {@idle, network_mode: none}\n";
    world.yaml(&file(more, 1)).up();
    world.run(&["build"]).code(0);
    let label = format!("dev.windlass.project={}", world.project);
    let first = engine::list("images", Some(&label))[0]["Id"].as_str().unwrap().to_owned();
    world.yaml(&file("", 2)).run(&["build"]).code(0);
    assert_eq!(engine::list("images", Some(&label)).len(), 2);
    let stranger = world.foreign_created("stranger", &json!({}));
    engine::post(&format!("/containers/{}/stop?t=0", world.id("old")), &Value::Null);

    let dry = world.run(&["clean", "--dry-run"]);
    dry.code(0).says("old").says("not in the file").never_says("stranger");
    assert_eq!(world.state("old"), "exited");
    world.run(&["clean"]).code(0);
    assert_eq!(world.state("old"), "absent");
    assert_eq!(world.state("serves"), "running");
    assert_eq!(world.state("web"), "running");
    assert_eq!(engine::get(&format!("/containers/{stranger}/json"))["State"]["Status"], "created");
    assert!(engine::get(&format!("/images/{first}/json")).is_null());
    assert_eq!(engine::list("images", Some(&label)).len(), 1);
    world.run(&["clean"]).code(0).says("Nothing to do");
}

#[test]
fn clean_must_keep_what_rollback_goes_back_to() {
    let Some(world) = World::new("clean-back") else { return };
    let file = |version: u32| {
        format!(
            "images: {{app: {{commands: [{{from: '@image'}}, {{env: V={version}}}]}}}}\n\
             containers: {{web: {{image: \"{{{{ images.app }}}}\", network_mode: none, init: true, \
             command: [sleep, '1000000'], update: {{stable_for: 100ms}}}}}}\n"
        )
    };
    for version in 1..=3 {
        world.yaml(&file(version)).up();
    }
    let label = format!("dev.windlass.project={}", world.project);
    assert_eq!(engine::list("images", Some(&label)).len(), 3);
    world.run(&["clean"]).code(0);
    // The first one goes; the second is what the third took the place of.
    assert_eq!(engine::list("images", Some(&label)).len(), 2);
    world.run(&["rollback"]).code(0);
    assert!(world.inside("web", &["env"]).contains("V=2"));
}

#[test]
fn clean_all_must_name_strangers_and_ask_first() {
    let Some(world) = World::new("clean-all") else { return };
    let own = match OwnEngine::new() {
        Ok(own) => own,
        Err(why) => return tell(&format!("skipped: no engine to be cleaned: {why}")),
    };
    world.yaml("containers: {web: {@idle, network_mode: none}}").up();
    let never = world.foreign_created("never", &json!({}));
    let runs = world.foreign_container("runs", &json!({}));
    let ended = world.foreign_container("ended", &json!({}));
    engine::post(&format!("/containers/{ended}/stop?t=0"), &Value::Null);
    base::variant("stranger:1");
    let there = |id: &str| !engine::get(&format!("/containers/{id}/json")).is_null();

    world.run(&["clean"]).code(0).says("Nothing to do");
    let ended_name = world.name("ended");
    world
        .run(&["clean", "--all", "--dry-run"])
        .code(0)
        .says(&ended_name)
        .says("not of this project");
    world.run(&["clean", "--all"]).code(64).says("did not make").says("--yes");
    world.run(&["clean", "--all", "--output", "json"]).code(64);
    assert!(there(&ended));
    world.run(&["clean", "--all", "--yes", "--exclude", &ended_name]).code(0);
    assert!(there(&ended));
    world.run(&["clean", "--all", "--yes"]).code(0);
    assert!(!there(&ended) && there(&never) && there(&runs));
    world.run(&["clean", "--all", "--yes", "--include-initial"]).code(0);
    assert!(!there(&never) && there(&runs));

    world.run(&["clean", "--all", "--yes", "--remove-old", "--keep-tag", "1"]).code(0);
    assert!(!engine::get("/images/stranger:1/json").is_null());
    world.run(&["clean", "--all", "--yes", "--remove-old"]).code(0);
    assert!(engine::get("/images/stranger:1/json").is_null());
    assert_eq!(world.state("web"), "running");
    drop(own);
}
