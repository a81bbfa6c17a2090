//! Plans, exit codes, output for programs, and engines that are not there.
//!
//! Invariant: whatever only looks changes nothing on the engine.

use crate::harness::{World, run_to_end};

const FILE: &str = "
networks: {net: }
volumes: {data: /data}
containers:
  db: {@idle, networks: [net], attaches: [data]}
  web: {@idle, networks: [net], depends_on: [db]}
groups: {all: [db, web]}
";

#[test]
fn plan_must_change_nothing_and_tell_by_its_exit_code() {
    let Some(world) = World::new("plan") else { return };
    world.yaml(FILE);
    let plan = world.run(&["plan"]);
    plan.code(0).says("+ container db").says("Plan: 4 to create");
    world.run(&["plan", "--exit-code"]).code(2);
    world.run(&["plan", "--exit-code", "--output", "json"]).code(2).json();
    world.run(&["up", "--dry-run"]).code(0).says("+ container db");
    assert!(world.objects().is_empty());
    world.up();
    world.run(&["plan", "--exit-code"]).code(0).says("Nothing to do");
    world.run(&["plan", "--exit-code", "--for", "down"]).code(2).says("- container web");
    world.run(&["plan", "--for", "restart", "web"]).code(0).says("web").never_says("db  restart");
    assert_eq!(world.objects().len(), 4);
}

#[test]
fn a_plan_for_people_must_show_the_change_and_whose_it_is() {
    let Some(world) = World::new("plan-text") else { return };
    let file = |greeting: &str| {
        format!(
            "containers: {{web: {{@idle, network_mode: none, env: {{GREETING: {greeting}}}}}, b: {{@idle, network_mode: none}}}}"
        )
    };
    world.yaml(&file("Hello")).up();
    let plan = world.yaml(&file("Ahoy")).run(&["plan"]);
    plan.code(0);
    for line in ["± container web", "env.GREETING", "\"Hello\" → \"Ahoy\"", "(file changed)"] {
        plan.says(line);
    }
    plan.says("1 to recreate, 1 unchanged");
    assert!(plan.stderr.is_empty(), "{plan}");
}

#[test]
fn offline_must_plan_for_an_empty_engine_and_ask_none() {
    let Some(world) = World::new("offline") else { return };
    world.yaml(FILE);
    let mut command = world.command(&["plan", "--offline", "--output", "json"]);
    command.env("DOCKER_HOST", "unix:///no/such/engine.sock");
    let plan = run_to_end(command).code(0).plan();
    for object in ["network net", "volume data", "container db", "container web"] {
        assert!(plan.causes(object).contains("absent"), "{object}: {plan}");
    }
}

#[test]
fn an_engine_that_is_not_there_must_be_said() {
    let Some(world) = World::new("unreachable") else { return };
    world.yaml(FILE);
    let socket = world.path("silent.sock");
    let listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    drop(listener);
    let nobody = format!("unix://{}", socket.display());
    for url in ["unix:///no/such/engine.sock", "tcp://127.0.0.1:1", nobody.as_str()] {
        for words in
            [&["up"][..], &["plan"], &["ps"], &["down"], &["logs"], &["exec", "web", "--", "true"]]
        {
            let mut command = world.command(words);
            command.env("DOCKER_HOST", url);
            let output = run_to_end(command);
            output.code(69).says("engine");
            assert!(output.elapsed.as_secs() < 12, "{output}");
            let place = url.trim_start_matches("unix://").trim_start_matches("tcp://");
            output.says(place);
        }
    }
    // What needs no engine works without one.
    for words in [&["config"][..], &["graph"], &["tasks"], &["completions", "bash"], &["man"]] {
        let mut command = world.command(words);
        command.env("DOCKER_HOST", "unix:///no/such/engine.sock");
        run_to_end(command).code(0);
    }
}

#[test]
fn something_else_behind_the_socket_must_not_be_taken_for_an_engine() {
    let Some(world) = World::new("not-engine") else { return };
    world.yaml(FILE);
    let socket = world.path("web.sock");
    let listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    std::thread::spawn(move || {
        use std::io::{Read, Write};
        for mut stream in listener.incoming().flatten() {
            drop(stream.read(&mut [0; 4096]));
            let page = "<html>\u{1b}[31mPlease log in</html>";
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{page}", page.len());
            drop(stream.write_all(head.as_bytes()));
        }
    });
    let mut command = world.command(&["up"]);
    command.env("DOCKER_HOST", format!("unix://{}", socket.display()));
    let output = run_to_end(command);
    output.code(69).never_says("\u{1b}");
}

#[test]
fn an_unknown_name_must_be_refused_with_the_nearest_one() {
    let Some(world) = World::new("unknown") else { return };
    world.yaml(FILE);
    for words in [
        &["up", "wbe"][..],
        &["plan", "wbe"],
        &["down", "wbe"],
        &["stop", "wbe"],
        &["logs", "wbe"],
        &["ps", "wbe"],
        &["exec", "wbe", "--", "true"],
        &["up", "--recreate", "wbe"],
    ] {
        world.run(words).code(64).says("wbe").says("did you mean `web`?");
    }
    world.run(&["upp"]).code(64).says("up");
    world.run(&["up", "--no-such-flag"]).code(64);
    world.run(&["up", "--set", "novalue"]).code(64);
    world.run(&["exec", "web"]).code(64);
    assert!(world.objects().is_empty());
}

#[test]
fn output_for_programs_must_be_an_object_a_line() {
    let Some(world) = World::new("json") else { return };
    world.yaml(FILE);
    let up = world.run(&["up", "--output", "json"]);
    let objects = up.code(0).json();
    assert!(up.stderr.is_empty(), "{up}");
    let kinds: Vec<&str> = objects.iter().filter_map(|object| object["type"].as_str()).collect();
    assert_eq!(kinds.first(), Some(&"plan"), "{kinds:?}");
    assert_eq!(kinds.last(), Some(&"report"), "{kinds:?}");
    let steps = up.plan().steps().count();
    for kind in ["step_started", "step_finished"] {
        assert_eq!(kinds.iter().filter(|k| **k == kind).count(), steps, "{kind}:{up}");
    }
    let report = up.object("report");
    assert_eq!((&report["success"], &report["done"]), (&true.into(), &steps.into()), "{report}");
    let times = objects.iter().filter_map(|object| object["at_ms"].as_u64());
    assert!(times.is_sorted(), "{up}");

    for words in [
        &["ps"][..],
        &["plan"],
        &["config"],
        &["images"],
        &["logs"],
        &["port"],
        &["top"],
        &["graph"],
        &["tasks"],
        &["stop", "--timeout", "0"],
        &["down", "--timeout", "0"],
    ] {
        world.run(&[words, &["--output", "json"]].concat()).code(0).json();
    }
    for (words, code) in [(&["up", "nobody"][..], 64), (&["exec", "web", "--", "true"], 1)] {
        let output = world.run(&[&["--output", "json"], words].concat());
        assert!(!output.code(code).json().is_empty(), "{output}");
    }
}

#[test]
fn profiles_and_groups_must_choose() {
    let Some(world) = World::new("profiles") else { return };
    world.yaml(
        "
containers:
  web: {@idle, network_mode: none}
  debug: {@idle, network_mode: none, profiles: [debug], groups: [tools]}
  extra: {@idle, network_mode: none, groups: [tools]}
",
    );
    world.up();
    assert_eq!((world.state("web"), world.state("debug")), ("running".into(), "absent".into()));
    world.run(&["stop", "tools", "--timeout", "0"]).code(0);
    assert_eq!((world.state("web"), world.state("extra")), ("running".into(), "exited".into()));
    world.run(&["up", "--profile", "debug"]).code(0);
    assert_eq!((world.state("debug"), world.state("extra")), ("running".into(), "running".into()));
    world.settled();
    world.run(&["down", "--timeout", "0"]).code(0);
    assert!(world.objects().is_empty(), "{:?}", world.objects());
}
