//! The verbs beside up: each must do to the engine what it says, in the order of the dependencies.
//!
//! Invariant: a verb that finds nothing to do succeeds.

use crate::harness::proxy::{Fault, Proxy, Strikes};
use crate::harness::{World, engine, wait_until};
use serde_json::Value;

const FILE: &str = "
networks: {net: }
volumes: {data: /data}
containers:
  db: {@idle, attaches: [data], networks: [net]}
  app: {@idle, networks: [net], depends_on: [db]}
  other: {@idle, network_mode: none}
";

fn world(test: &str) -> Option<World> {
    let world = World::new(test)?;
    world.yaml(FILE).up();
    Some(world)
}

fn states(world: &World) -> [String; 3] {
    ["db", "app", "other"].map(|key| world.state(key))
}

#[test]
fn down_must_remove_all_but_volumes() {
    let Some(world) = world("down") else { return };
    world.inside("db", &["sh", "-c", "echo kept > /data/file"]);
    let down = world.run(&["down"]);
    down.code(0);
    assert_eq!(world.objects(), ["volumes data"]);
    world.run(&["down"]).code(0);
    world.up();
    assert_eq!(world.inside("db", &["cat", "/data/file"]), "kept");

    // Data is lost only by consent, and without a terminal nobody is asked.
    let refused = world.run(&["down", "--volumes"]);
    refused.code(64).says("--destroy-volume data");
    world.run(&["down", "--volumes", "--yes"]).code(64);
    assert_eq!(states(&world), ["running", "running", "running"]);
    world.run(&["down", "--destroy-volume", "data"]).code(0);
    assert!(world.objects().is_empty(), "{:?}", world.objects());
    world.run(&["down", "--volumes"]).code(0);
}

#[test]
fn down_without_grace_must_not_wait() {
    let Some(world) = World::new("down-now") else { return };
    world.yaml("containers: {deaf: {image: '@image', command: [sh, -c, \"trap '' TERM; while :; do sleep 1; done\"], network_mode: none}}");
    world.up();
    let down = world.run(&["down", "-t", "0"]);
    down.code(0);
    assert!(down.elapsed.as_secs() < 5, "{down}");
    assert!(world.objects().is_empty());
    // With a grace it is waited for, and then it ends all the same.
    world.up();
    let down = world.run(&["down", "--timeout", "2"]);
    down.code(0);
    assert!((2..9).contains(&down.elapsed.as_secs()), "{down}");
    assert!(world.objects().is_empty());
}

#[test]
fn down_of_one_must_take_its_dependents() {
    let Some(world) = world("down-one") else { return };
    let other = world.id("other");
    world.run(&["down", "app"]).code(0);
    assert_eq!(states(&world), ["running", "absent", "running"]);
    world.up();
    world.run(&["down", "db"]).code(0);
    assert_eq!(states(&world), ["absent", "absent", "running"]);
    assert_eq!(world.id("other"), other);
    assert!(!world.volume("data").is_null());
}

#[test]
fn stop_must_stop_dependents_first_and_start_begin_with_dependencies() {
    let Some(world) = world("stop") else { return };
    world.run(&["stop", "db"]).code(0);
    assert_eq!(states(&world), ["exited", "exited", "running"]);
    let ended = |key: &str| world.container(key)["State"]["FinishedAt"].to_string();
    assert!(ended("app") <= ended("db"));
    world.run(&["stop", "db"]).code(0);
    world.run(&["start", "app"]).code(0);
    assert_eq!(states(&world), ["running", "running", "running"]);
    let began = |key: &str| world.container(key)["State"]["StartedAt"].to_string();
    assert!(began("db") <= began("app"));
    world.settled();

    // After a stop, up brings everything back, and does not make it anew.
    let ids = ["db", "app", "other"].map(|key| world.id(key));
    world.run(&["stop"]).code(0);
    assert_eq!(states(&world), ["exited", "exited", "exited"]);
    world.up();
    assert_eq!(states(&world), ["running", "running", "running"]);
    assert_eq!(["db", "app", "other"].map(|key| world.id(key)), ids);
}

#[test]
fn restart_must_end_and_begin_the_same_container() {
    let Some(world) = world("restart") else { return };
    let before = world.container("app");
    world.run(&["restart", "app"]).code(0);
    let after = world.container("app");
    assert_eq!(after["Id"], before["Id"]);
    assert_ne!(after["State"]["StartedAt"], before["State"]["StartedAt"]);
    assert_eq!(states(&world), ["running", "running", "running"]);
    world.settled();
}

#[test]
fn kill_must_send_the_signal() {
    let Some(world) = World::new("kill") else { return };
    world.yaml(
        "
containers:
  catcher:
    image: '@image'
    command: [sh, -c, \"trap 'echo caught' HUP; trap 'exit 7' TERM; echo ready; while :; do sleep 0.1; done\"]
    network_mode: none
  other: {@idle, network_mode: none}
",
    );
    world.up();
    wait_until("a trap", || engine::logs(&world.name("catcher")).contains("ready"));
    world.run(&["kill", "--signal", "SIGHUP", "catcher"]).code(0);
    wait_until("the signal", || engine::logs(&world.name("catcher")).contains("caught"));
    assert_eq!(world.state("catcher"), "running");
    world.run(&["kill", "-s", "TERM", "catcher"]).code(0);
    wait_until("its end", || world.state("catcher") == "exited");
    assert_eq!(world.container("catcher")["State"]["ExitCode"], 7);
    world.run(&["kill", "other"]).code(0);
    wait_until("the other's end", || world.state("other") == "exited");
    assert_eq!(world.container("other")["State"]["ExitCode"], 137);
    let refused = world.run(&["kill", "--signal", "SIGNONSENSE", "catcher"]);
    assert!(matches!(refused.code, 0 | 64), "{refused}");
}

#[test]
fn pause_must_freeze_and_unpause_let_go_on() {
    let Some(world) = world("pause") else { return };
    let id = world.id("app");
    world.run(&["pause", "app"]).code(0);
    assert_eq!(states(&world), ["running", "paused", "running"]);
    world.run(&["pause", "app"]).code(0);
    world.run(&["unpause"]).code(0);
    assert_eq!(states(&world), ["running", "running", "running"]);
    world.run(&["pause", "app"]).code(0);
    world.run(&["down", "--timeout", "0"]).code(0);
    assert_eq!(world.objects(), ["volumes data"]);
    world.up();
    assert_ne!(world.id("app"), id);
}

#[test]
fn rm_must_remove_what_does_not_run() {
    let Some(world) = world("rm") else { return };
    world.run(&["rm"]).code(0);
    assert_eq!(states(&world), ["running", "running", "running"]);
    world.run(&["stop", "app"]).code(0);
    world.run(&["rm"]).code(0);
    assert_eq!(states(&world), ["running", "absent", "running"]);
    world.run(&["rm", "--force", "other"]).code(0);
    assert_eq!(states(&world), ["running", "absent", "absent"]);
    assert!(!world.volume("data").is_null());
}

#[test]
fn create_must_start_nothing_and_up_go_on_from_there() {
    let Some(world) = World::new("create") else { return };
    world.yaml(FILE).run(&["create"]).code(0);
    assert_eq!(states(&world), ["created", "created", "created"]);
    let ids = ["db", "app", "other"].map(|key| world.id(key));
    world.run(&["create"]).code(0);
    world.up();
    assert_eq!(states(&world), ["running", "running", "running"]);
    assert_eq!(["db", "app", "other"].map(|key| world.id(key)), ids);
    world.settled();
}

#[test]
fn up_of_one_must_bring_only_what_it_needs_and_recreate_only_what_is_named() {
    let Some(world) = World::new("up-one") else { return };
    world.yaml(FILE).run(&["up", "app"]).code(0);
    assert_eq!(states(&world), ["running", "running", "absent"]);
    world.run(&["up", "--no-deps", "other"]).code(0);
    let ids = ["db", "app", "other"].map(|key| world.id(key));
    world.run(&["up", "--dry-run", "--recreate", "app"]).code(0).says("recreate");
    assert_eq!(["db", "app", "other"].map(|key| world.id(key)), ids);
    world.run(&["up", "--recreate", "app"]).code(0);
    assert_eq!((world.id("db"), world.id("other")), (ids[0].clone(), ids[2].clone()));
    assert_ne!(world.id("app"), ids[1]);
    world.settled();
}

#[test]
fn exec_commands_waits_and_delays_must_come_before_dependents() {
    let Some(world) = World::new("after-start") else { return };
    world.yaml(
        "
containers:
  app:
    image: '@image'
    init: true
    command: [sh, -c, 'sleep 1; echo open for business; exec httpd -f -p 8000']
    exec_commands:
      - [[sh, -c, 'echo first >> /tmp/log'], root, initial]
      - {command: [sh, -c, 'echo $A >> /tmp/log'], env: {A: each}, policy: restart}
    wait: {port_open: 8000, log: open for business, timeout: 20s}
  after: {@idle, depends_on: [app]}
",
    );
    world.up();
    assert_eq!(world.inside("app", &["cat", "/tmp/log"]), "first\neach");
    world.run(&["restart", "app"]).code(0);
    assert_eq!(world.inside("app", &["cat", "/tmp/log"]), "first\neach\neach");
    let file = std::fs::read_to_string(world.path("windlass.yaml")).unwrap();
    world.file("windlass.yaml", &file.replace("echo first", "echo oh no; exit 4; echo"));
    let failed = world.run(&["up", "--recreate", "app"]);
    failed.code(1).says("app").says("4");
    assert_eq!(Value::from(world.state("app")), "running");
}

const OWNED: &str = "
volumes: {data: {path: /data, user: '1000:1000', permissions: '0700'}}
containers: {web: {@idle, attaches: [data]}}
";

#[test]
fn another_owner_in_the_file_must_be_told_and_leave_a_volume_as_it_is() {
    let Some(world) = World::new("owner") else { return };
    world.yaml(OWNED).up();
    world.settled();
    world.yaml(&OWNED.replace("0700", "0750")).settled();
    let output = world.run(&["up"]);
    output
        .code(0)
        .says("Nothing to do")
        .says("keeps its permissions 0700: only a new volume gets 0750");
    output.says("windlass.yaml:2:").says("whole project down").says("--destroy-volume data");
    // Where the container says it, the container's key is the place.
    let text = "volumes: {data: {path: /data}}
containers:
  web: {@idle, attaches: [data], user: '1000:1000', permissions: '0750'}
";
    let output = world.yaml(text).run(&["plan"]);
    output.says("keeps its permissions 0700").says("windlass.yaml:3:").never_says("yaml:1:");
    world.yaml(&OWNED.replace("0700", "0750"));
    let plan = world.run(&["plan", "--output", "json"]).object("plan");
    let reason = &plan["notes"]
        .as_array()
        .unwrap()
        .iter()
        .find(|note| note["reason"]["kind"] == "owner-kept");
    let reason = &reason.unwrap()["reason"];
    assert_eq!(reason["changes"][0]["wanted"], "1000:1000 0750", "{plan}");
    assert!(reason["place"].as_str().unwrap().contains("windlass.yaml:"), "{plan}");
    assert_eq!(world.inside("web", &["stat", "-c", "%u:%g %a", "/data"]), "1000:1000 700");
    world.run(&["down", "--destroy-volume", "data"]).code(0);
    world.up();
    assert_eq!(world.inside("web", &["stat", "-c", "%u:%g %a", "/data"]), "1000:1000 750");
    world.run(&["up"]).code(0).never_says("owner");
}

#[test]
fn an_up_after_a_down_must_leave_a_kept_volume_as_it_is() {
    let Some(world) = World::new("kept") else { return };
    world.yaml(OWNED).up();
    assert_eq!(world.inside("web", &["stat", "-c", "%u:%g %a", "/data"]), "1000:1000 700");
    // A program may know better what its directory should be like.
    world.inside("web", &["chmod", "0710", "/data"]);
    world.run(&["down"]).code(0);
    let plan = world.plan();
    assert_eq!(plan.actions("volume data"), [""; 0], "{plan}");
    world.up();
    assert_eq!(world.inside("web", &["stat", "-c", "%u:%g %a", "/data"]), "1000:1000 710");
    world.settled();
}

#[test]
fn a_volume_whose_owner_was_not_given_must_get_it_and_nothing_of_that_be_left() {
    // A dead run's mark and what carries the owner, wherever it was when it ended.
    for (test, call) in [("mark", "/volumes/create"), ("carrier", "/archive?")] {
        let Some(world) = World::new(&format!("unowned-{test}")) else { return };
        world.yaml(OWNED);
        for then in ["up", "down", "undeclared"] {
            let proxy = Proxy::new(Fault::KillAfter, Strikes::Call(call));
            world.run_through(&proxy, &["up"]);
            assert!(proxy.has_struck(), "{}", proxy.log());
            if then == "undeclared" {
                world.yaml("containers: {web: {@idle}}").up();
                assert_eq!(world.objects(), ["containers web", "volumes data"], "{call}");
                continue;
            }
            if then == "down" {
                world.run(&["down"]).code(0);
                assert_eq!(world.objects(), ["volumes data"], "{call}");
            }
            world.up();
            let kept = world.inside("web", &["stat", "-c", "%u:%g %a", "/data"]);
            assert_eq!(kept, "1000:1000 700", "{call} {then}");
            assert_eq!(world.objects(), ["containers web", "volumes data"], "{call} {then}");
            world.settled();
            world.run(&["down", "--destroy-volume", "data"]).code(0);
            assert_eq!(world.objects(), [""; 0], "{call} {then}");
        }
    }
}

#[test]
fn a_command_that_still_runs_must_not_be_run_twice() {
    let Some(world) = World::new("due-once") else { return };
    world.yaml(
        "
containers:
  app:
    image: '@image'
    init: true
    command: [sleep, '1000']
    exec_commands:
      - [[sh, -c, 'echo once >> /tmp/log; while ! test -e /tmp/go; do sleep 0.1; done; exit 3'], root]
",
    );
    let cut_short = world.start(&["up"]);
    wait_until("the container runs", || world.state("app_starting") == "running");
    let began = || world.inside_as("app_starting", "", &["cat", "/tmp/log"]).0 == 0;
    wait_until("the command runs", began);
    cut_short.signal(rustix::process::Signal::KILL);
    cut_short.finish();
    let goes_on = world.start(&["up"]);
    std::thread::sleep(std::time::Duration::from_secs(1));
    world.inside("app_starting", &["touch", "/tmp/go"]);
    goes_on.finish().code(1).says("exit code 3");
    assert_eq!(world.inside("app_starting", &["cat", "/tmp/log"]), "once");
}

#[test]
fn commands_that_were_due_when_a_run_ended_badly_must_run_in_the_next() {
    let Some(world) = World::new("due") else { return };
    world.yaml(
        "
containers:
  app:
    image: '@image'
    init: true
    command: [sleep, '1000']
    exec_commands:
      - [[sh, -c, 'echo first >> /tmp/log'], root, initial]
      - [[sh, -c, 'test -e /tmp/allowed && echo each >> /tmp/log'], root, restart]
  after: {@idle, depends_on: [app]}
",
    );
    let id_of_failed = |words: &[&str]| {
        world.run(words).code(1).says("exit code 1");
        assert_eq!(
            (world.state("app_starting"), world.state("after")),
            ("running".into(), "absent".into())
        );
        world.id("app_starting")
    };
    let id = id_of_failed(&["up"]);
    assert_eq!(id_of_failed(&["up"]), id, "it is the same one");
    world.inside("app_starting", &["touch", "/tmp/allowed"]);
    world.up();
    assert_eq!((world.id("app"), world.state("after")), (id, "running".into()));
    assert_eq!(world.inside("app", &["tail", "-n1", "/tmp/log"]), "each");
    world.settled();
    world.inside("app", &["rm", "/tmp/allowed"]);
    world.run(&["restart", "app"]).code(1);
    assert_ne!(world.plan().steps().count(), 0, "its commands are still due");
    world.inside("app_restarting", &["sh", "-c", "touch /tmp/allowed; : > /tmp/log"]);
    world.up();
    assert_eq!(world.inside("app", &["cat", "/tmp/log"]), "each", "the first one only once");
    world.settled();
}
