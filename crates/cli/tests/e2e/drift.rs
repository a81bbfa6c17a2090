//! The engine changed by hand: the plan must name the field as the engine's change, and up must repair it.
//!
//! Invariant: each change is made with plain calls, as somebody beside windlass would make it.

use crate::harness::{World, engine};
use serde_json::{Value, json};

const FILE: &str = "
networks: {one: , two: }
containers:
  limits: {@idle, limits: {memory: 64m, cpus: 0.5}, network_mode: none}
  policy: {@idle, restart: unless-stopped, network_mode: none}
  cut: {@idle, networks: {one: , two: {aliases: [second]}}}
  joined: {@idle, networks: [one]}
  renamed: {@idle, network_mode: none}
  paused: {@idle, network_mode: none}
  stopped: {@idle, network_mode: none}
  removed: {@idle, network_mode: none}
  edited: {@idle, env: {A: '1'}, network_mode: none}
  untouched: {@idle, networks: [one]}
";

/// A container of the same name and labels, made by hand with another environment.
fn remake(world: &World, key: &str) {
    let old = world.container(key);
    let mut body = old["Config"].clone();
    body["Env"] = json!(["A=1", "EXTRA=by hand"]);
    body["HostConfig"] = old["HostConfig"].clone();
    engine::delete(&format!("/containers/{}?force=1", world.id(key)));
    let id = engine::post(&format!("/containers/create?name={}", world.name(key)), &body);
    engine::post(&format!("/containers/{}/start", id["Id"].as_str().unwrap()), &Value::Null);
}

fn change_by_hand(world: &World) {
    let at = |key: &str, verb: &str| format!("/containers/{}/{verb}", world.name(key));
    let update = json!({"Memory": 96 << 20, "MemorySwap": 192 << 20, "NanoCpus": 250_000_000});
    if !engine::is_podman() {
        engine::post(&at("limits", "update"), &update);
        engine::post(&at("policy", "update"), &json!({"RestartPolicy": {"Name": "always"}}));
    }
    let network = |key: &str, verb: &str| format!("/networks/{}/{verb}", world.name(key));
    engine::post(&network("two", "disconnect"), &json!({"Container": world.name("cut")}));
    engine::post(&network("two", "connect"), &json!({"Container": world.name("joined")}));
    engine::post(&at("renamed", &format!("rename?name={}", world.name("elsewhere"))), &Value::Null);
    engine::post(&at("paused", "pause"), &Value::Null);
    engine::post(&at("stopped", "kill"), &Value::Null);
    engine::delete(&format!("/containers/{}?force=1", world.name("removed")));
    remake(world, "edited");
}

#[test]
fn what_was_changed_on_the_engine_must_be_named_and_repaired() {
    let Some(world) = World::new("drift") else { return };
    world.yaml(FILE).up();
    world.settled();
    let untouched = world.id("untouched");
    let renamed = world.id("renamed");
    change_by_hand(&world);

    let plan = world.plan();
    let two = world.name("two");
    for (object, fields) in [
        (
            "container limits",
            vec!["limits.cpus engine", "limits.memory engine", "limits.memory_swap engine"],
        ),
        ("container policy", vec!["restart engine"]),
        ("container edited", vec!["env.EXTRA engine"]),
        ("container renamed", vec!["name engine"]),
    ] {
        // Podman has no call to change these.
        let changed =
            !engine::is_podman() || !["container limits", "container policy"].contains(&object);
        let fields = if changed { fields } else { Vec::new() };
        let shown = plan.fields(object);
        // An engine without a swap limit keeps none.
        let shown: Vec<_> = shown
            .iter()
            .filter(|field| fields.contains(&field.as_str()) || !field.contains("memory_swap"))
            .collect();
        let expected: Vec<_> = fields
            .iter()
            .filter(|field| shown.iter().any(|s| s == *field) || !field.contains("memory_swap"))
            .collect();
        assert_eq!(shown, expected, "{object}\n{plan}");
    }
    for object in ["container cut", "container joined"] {
        assert_eq!(plan.fields(object), [format!("networks.{two} engine")], "{plan}");
    }
    assert!(plan.causes("container paused").contains("not-running"), "{plan}");
    assert_eq!(plan.actions("container paused"), ["unpause"]);
    assert_eq!(plan.actions("container stopped"), ["start", "wait"]);
    assert!(plan.causes("container removed").contains("absent"), "{plan}");
    assert!(plan.actions("container untouched").is_empty(), "{plan}");
    world.run(&["plan"]).code(0).says("engine changed").never_says("file changed");

    world.up();
    world.settled();
    assert_eq!(world.id("untouched"), untouched);
    assert_eq!(world.id("renamed"), renamed, "a name needs no new container");
    for key in ["limits", "policy", "cut", "joined", "paused", "stopped", "removed", "edited"] {
        assert_eq!(world.state(key), "running", "{key}");
    }
    assert_eq!(world.container("limits")["HostConfig"]["Memory"], 64 << 20);
    let policy = &world.container("policy")["HostConfig"]["RestartPolicy"];
    assert_eq!(policy["Name"], "unless-stopped");
    let joined = &world.container("joined")["NetworkSettings"]["Networks"];
    assert_eq!(joined.as_object().unwrap().len(), 1, "{joined}");
    let cut = &world.container("cut")["NetworkSettings"]["Networks"][&two]["Aliases"];
    assert!(cut.as_array().unwrap().contains(&json!("second")), "{cut}");
    assert!(!world.inside("edited", &["env"]).contains("EXTRA"));
}

#[test]
fn a_network_that_was_removed_by_hand_must_come_back_with_its_containers() {
    let Some(world) = World::new("network-gone") else { return };
    world.yaml("networks: {net: }\ncontainers:\n  a: {@idle, networks: [net]}\n  b: {@idle, networks: [net]}\n");
    world.up();
    for key in ["a", "b"] {
        let path = format!("/networks/{}/disconnect", world.name("net"));
        engine::post(&path, &json!({"Container": world.name(key), "Force": true}));
    }
    assert!(engine::delete(&format!("/networks/{}", world.name("net"))));
    let plan = world.plan();
    assert!(plan.actions("network net").contains(&"create"), "{plan}");
    world.up();
    world.settled();
    world.inside("a", &["ping", "-c", "1", "-W", "5", "b"]);
}

#[test]
fn a_second_network_of_the_same_name_must_go_where_names_are_not_unique() {
    let Some(world) = World::new("two-nets") else { return };
    world.yaml("networks: {net: }\ncontainers:\n  a: {@idle, networks: [net]}\n").up();
    let ours = world.network("net");
    let twin = json!({"Name": world.name("net"), "Labels": ours["Labels"]});
    if !engine::ask("POST", "/networks/create", &twin).is_success() {
        return;
    }
    world.up();
    let networks = engine::list("networks", None);
    let named = networks.iter().filter(|network| network["Name"] == ours["Name"]);
    let ids: Vec<&Value> = named.map(|network| &network["Id"]).collect();
    assert_eq!(ids, [&ours["Id"]], "the one that is used stays");
    world.settled();
    world.run(&["restart"]).code(0);
}

#[test]
fn a_volume_made_by_hand_in_place_of_ours_must_not_be_taken_for_ours() {
    let Some(world) = World::new("volume-gone") else { return };
    world.yaml("volumes: {data: /data}\ncontainers:\n  a: {@idle, attaches: [data]}\n").up();
    engine::delete(&format!("/containers/{}?force=1", world.name("a")));
    assert!(engine::delete(&format!("/volumes/{}", world.name("data"))));
    engine::post("/volumes/create", &json!({"Name": world.name("data"), "Labels": {"mine": "1"}}));
    let before = world.volume("data");
    world.run(&["up"]).code(1).says(&world.name("data"));
    assert_eq!(world.volume("data"), before);
    assert_eq!(world.state("a"), "absent");
}
