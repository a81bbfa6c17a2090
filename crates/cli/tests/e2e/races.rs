//! Several runs for one project at the same time.
//!
//! Invariant: exactly one of them changes anything; the others say who does, or find nothing to do.

use crate::harness::proxy::{Fault, Proxy, Strikes};
use crate::harness::{Output, Running, World, engine, wait_until};
use rustix::process::Signal;
use serde_json::json;

fn project(version: usize) -> String {
    format!(
        "networks: {{net: }}\nvolumes: {{data: /data}}\n\
         containers: {{web: {{@idle, attaches: [data], networks: [net], env: {{V: '{version}'}}}}}}\n"
    )
}

/// Whether a run carried something out.
fn applied(output: &Output) -> bool {
    let report = output.json().into_iter().find(|object| object["type"] == "report");
    report.is_some_and(|report| report["done"].as_u64().is_some_and(|done| done > 0))
}

#[test]
fn a_plan_during_a_run_must_name_it() {
    let Some(world) = World::new("race-plan") else { return };
    world.yaml(
        "containers: {web: {@idle, network_mode: none, wait: {file_exists: /never, timeout: 60s}}}",
    );
    let running = world.start(&["up"]);
    wait_until("a lock", || !world.lock().is_null() && world.lock()["Id"].is_string());
    for words in [&["plan"][..], &["up", "--dry-run"]] {
        let output = world.run(words);
        output.code(0).says("note: another run is changing the project").says("`windlass up` of ");
    }
    running.signal(Signal::INT);
    running.finish();
    world.run(&["plan"]).code(0).never_says("another run");
}

/// So many runs at once; what they ended with.
fn race(world: &World, words: &[&str], runs: usize) -> Vec<Output> {
    let running: Vec<_> = (0..runs).map(|_| world.start(words)).collect();
    running.into_iter().map(Running::finish).collect()
}

#[test]
fn of_runs_that_race_exactly_one_must_apply() {
    let Some(world) = World::new("race") else { return };
    for round in 0..50 {
        let runs = 2 + round % 7;
        world.yaml(&project(round));
        // Every third round begins with nothing.
        if round % 3 == 0 {
            world.run(&["down"]).code(0);
        }
        let outputs = race(&world, &["up", "--output", "json"], runs);
        let story: String = outputs.iter().map(ToString::to_string).collect();
        let winners = outputs.iter().filter(|output| applied(output));
        assert_eq!(winners.count(), 1, "round {round}: {story}");
        for output in &outputs {
            let fits = match output.code {
                0 => true,
                3 => !applied(output) && output.all().contains("`windlass up`"),
                _ => false,
            };
            assert!(fits, "round {round}: {output}");
        }
        assert_eq!(world.objects(), ["containers web", "networks net", "volumes data"], "{story}");
        let name = world.name("net");
        let networks = engine::list("networks", None);
        let named = networks.iter().filter(|network| network["Name"] == name.as_str());
        assert_eq!(named.count(), 1, "round {round}: {story}");
        assert!(world.inside("web", &["env"]).contains(&format!("V={round}")), "{story}");
        assert!(world.lock().is_null(), "round {round}: {story}");
        world.settled();
    }
}

#[test]
fn runs_that_wait_for_each_other_must_all_succeed() {
    let Some(world) = World::new("queue") else { return };
    world.yaml(&project(1));
    let outputs = race(&world, &["up", "--lock-timeout", "100", "--output", "json"], 4);
    let story: String = outputs.iter().map(ToString::to_string).collect();
    assert!(outputs.iter().all(|output| output.code == 0), "{story}");
    assert_eq!(outputs.iter().filter(|output| applied(output)).count(), 1, "{story}");
    assert!(world.lock().is_null(), "{story}");
    world.settled();
}

#[test]
fn an_up_and_a_down_that_race_must_leave_one_of_both() {
    let Some(world) = World::new("updown") else { return };
    world.yaml(&project(1)).up();
    for version in 2..6 {
        world.yaml(&project(version));
        let up = world.start(&["up", "--lock-timeout", "100"]);
        let down = world.start(&["down", "--lock-timeout", "100"]);
        let (up, down) = (up.finish(), down.finish());
        up.code(0);
        down.code(0);
        let objects = world.objects();
        let all = ["containers web", "networks net", "volumes data"];
        assert!(objects == all || objects == ["volumes data"], "{objects:?}{up}{down}");
        assert!(world.lock().is_null(), "{up}{down}");
        world.up();
        world.settled();
    }
}

#[test]
fn a_run_that_somebody_gets_in_the_way_of_must_look_again_and_end_well() {
    let Some(world) = World::new("outrun") else { return };
    let project = |memory: &str, env: &str| {
        format!("containers: {{web: {{@idle, limits: {{memory: {memory}}}, env: {{V: '{env}'}}}}}}")
    };
    world.yaml(&project("64MiB", "1")).up();
    // It goes right before its limit is changed, and right before it is renamed.
    for (file, call) in
        [(project("65MiB", "1"), "/update"), (project("65MiB", "2"), "/rename?name=")]
    {
        if call == "/update" && crate::harness::engine::is_podman() {
            // It has no such call.
            continue;
        }
        world.yaml(&file);
        let gone = format!("/containers/{}?force=1", world.id("web"));
        let act = move || assert!(engine::delete(&gone));
        let proxy = Proxy::new(Fault::First(std::sync::Arc::new(act)), Strikes::Call(call));
        let output = world.run_through(&proxy, &["up"]);
        assert!(proxy.has_struck(), "{}{output}", proxy.log());
        output.code(0).says("The engine was changed while this ran");
        assert_eq!(world.objects(), ["containers web"], "{output}");
        assert!(world.lock().is_null(), "{output}");
        world.settled();
    }
}

#[test]
fn what_is_in_the_way_for_good_must_be_said_after_one_more_look() {
    let Some(world) = World::new("in-the-way") else { return };
    world.yaml("containers: {web: {@idle}}");
    let body = json!({"Image": crate::harness::base::image(), "Cmd": ["true"]});
    let create = format!("/containers/create?name={}", world.name("web"));
    let act = move || assert!(engine::post(&create, &body)["Id"].is_string());
    let call = "create?name=e2e";
    let proxy = Proxy::new(Fault::First(std::sync::Arc::new(act)), Strikes::Call(call));
    let output = world.run_through(&proxy, &["up"]);
    assert!(proxy.has_struck(), "{}{output}", proxy.log());
    output.code(1).says("the name is held by container");
    assert_eq!(world.objects(), [""; 0], "{output}");
    assert!(world.lock().is_null(), "{output}");
}
