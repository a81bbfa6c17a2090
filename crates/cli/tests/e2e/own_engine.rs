//! An engine that is killed in the middle of a run, and comes back.
//!
//! Invariant: when the engine is back, the next run succeeds, the one after it has nothing to do,
//! and data is where it was.
//!
//! `WINDLASS_E2E_FULL=1` kills it at more moments.

use crate::harness::own::OwnEngine;
use crate::harness::{World, engine, is_full, tell};
use std::time::{Duration, Instant};

fn project(version: usize) -> String {
    format!(
        "
networks: {{net: }}
volumes: {{data: /data}}
containers:
  db: {{@idle, attaches: [data], networks: [net], env: {{V: '{version}'}}}}
  web: {{@idle, networks: [net], depends_on: [db], env: {{V: '{version}'}}}}
  one: {{@idle, network_mode: none, env: {{V: '{version}'}}}}
"
    )
}

/// What must hold when the engine is back.
fn converges(world: &World, version: usize, story: &str) {
    let next = world.run(&["up"]);
    assert_eq!(next.code, 0, "{story}{next}");
    let plan = world.plan();
    assert_eq!(plan.steps().count(), 0, "{story}{next}\n{plan}");
    let expected =
        ["containers db", "containers one", "containers web", "networks net", "volumes data"];
    assert_eq!(world.objects(), expected, "{story}{next}");
    assert!(world.lock().is_null(), "a lock is left: {story}{next}");
    for key in ["db", "web", "one"] {
        let env = world.container(key)["Config"]["Env"].to_string();
        assert!(env.contains(&format!("\"V={version}\"")), "{key}: {story}{next}");
        assert_eq!(world.state(key), "running", "{key}: {story}{next}");
    }
    let name = world.name("net");
    let networks = engine::list("networks", None);
    let named = networks.iter().filter(|network| network["Name"] == name.as_str()).count();
    assert_eq!(named, 1, "{story}{next}");
}

#[test]
fn an_engine_that_is_killed_in_the_middle_of_a_run_must_cost_no_more_than_another_run() {
    let Some(world) = World::new("killed") else { return };
    let mut own = match OwnEngine::new() {
        Ok(own) => own,
        Err(why) => {
            tell(&format!("skipped: no engine to be killed: {why}"));
            return;
        }
    };
    let began = Instant::now();
    world.yaml(&project(0)).up();
    world.inside("db", &["sh", "-c", "echo precious > /data/file"]);
    let length = began.elapsed();
    let points = if is_full() { 20 } else { 3 };
    for point in 0..points {
        let version = point + 1;
        world.yaml(&project(version));
        let create = point % 4 == 2;
        if create {
            world.run(&["down"]).code(0);
        }
        let running = world.start(&["up"]);
        // Spread over the run, and not always at the same places of it.
        let share = u32::try_from((point * 37 + 11) % 100).unwrap();
        let after = length * share / 100 + Duration::from_millis(20);
        std::thread::sleep(after);
        own.kill();
        // Some runs see it come back, others have given up by then.
        if point % 2 == 0 {
            own.start().unwrap();
        }
        let struck = running.finish();
        if point % 2 == 1 {
            own.start().unwrap();
        }
        let story = format!("killed after {after:?} (create: {create}){struck}");
        assert!(matches!(struck.code, 0 | 1 | 69), "{story}");
        converges(&world, version, &story);
        assert_eq!(world.inside("db", &["cat", "/data/file"]), "precious", "{story}");
    }
}
