//! Steps that fail: the object and the reason must be named, what depends on it left alone, and
//! everything else done.
//!
//! Invariant: after the cause is gone the same command must converge.

use crate::harness::{World, engine, free_port, wait_until};
use std::fmt::Write as _;

/// A failing container, what the run must say, and whether its container is made.
struct Row(&'static str, &'static str, &'static [&'static str], &'static str);

#[test]
fn a_start_that_fails_must_name_the_object_and_the_reason() {
    let Some(world) = World::new("start-fails") else { return };
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let rows = [
        Row("nothing", "command: [/no/such/program]", &["/no/such/program"], "created"),
        Row("denied", "command: [/etc/passwd]", &["/etc/passwd"], "created"),
        Row("taken", "command: [sleep, '9'], ports: ['127.0.0.1:@port:80']", &["@port"], "created"),
        Row("nobody", "command: [sleep, '9'], user: nobody-here", &["nobody-here"], "created"),
        Row(
            "homeless",
            "command: [sleep, '9'], mounts: ['/no/such/place:/x']",
            &["/no/such/place"],
            "absent",
        ),
        Row(
            "odd",
            "command: [sleep, '9'], sysctls: {net.no.such: '1'}",
            &["net/no/such"],
            "created",
        ),
    ];
    // Podman makes the directory that a bind mount lacks.
    let rows: Vec<_> =
        rows.into_iter().filter(|row| row.0 != "homeless" || !engine::is_podman()).collect();
    let mut file = "containers:\n  good: {@idle, network_mode: none}\n".to_owned();
    for Row(name, keys, ..) in &rows {
        let keys = keys.replace("@port", &port);
        writeln!(file, "  {name}: {{image: '@image', {keys}}}").unwrap();
        writeln!(file, "  after-{name}: {{@idle, depends_on: [{name}]}}").unwrap();
    }
    let output = world.yaml(&file).run(&["up"]);
    output.code(1);
    let report = world.run(&["up", "--output", "json"]).object("report");
    for Row(name, _, said, state) in &rows {
        assert!(output.stderr.contains(&format!("error: container {name}")), "{name}:{output}");
        for text in *said {
            output.says(&text.replace("@port", &port));
        }
        assert_eq!(world.state(name), *state, "{name}");
        assert_eq!(world.state(&format!("after-{name}")), "absent", "{name}");
        let failed = report["failed"].as_array().unwrap().iter();
        let found = failed.filter(|failure| failure["address"]["name"] == *name).count();
        assert_eq!(found, 1, "{name}: {report}");
    }
    assert_eq!(world.state("good"), "running");
    drop(listener);

    let mut file = "containers:\n  good: {@idle, network_mode: none}\n".to_owned();
    for Row(name, ..) in &rows {
        writeln!(file, "  {name}: {{@idle}}").unwrap();
        writeln!(file, "  after-{name}: {{@idle, depends_on: [{name}]}}").unwrap();
    }
    world.yaml(&file).up();
    world.settled();
}

#[test]
fn a_replacement_that_fails_must_keep_the_old_container_until_a_good_one_is_there() {
    let Some(world) = World::new("bad-successor") else { return };
    let file = |command: &str| {
        format!(
            "volumes: {{data: /data}}\ncontainers:\n  web:\n    image: '@image'\n    init: true\n    \
             attaches: [data]\n    shares: [/own]\n    command: {command}\n"
        )
    };
    world.yaml(&file("[sleep, '1000000']")).up();
    world.inside("web", &["sh", "-c", "echo a > /data/file; echo b > /own/file"]);
    let old = world.id("web");
    world.yaml(&file("[/no/such/program]").replace("init: true", "init: false"));
    world.run(&["up"]).code(1).says("/no/such/program");
    let label = format!("dev.windlass.project={}", world.project);
    let all = crate::harness::engine::list("containers", Some(&label));
    assert!(all.iter().any(|container| container["Id"] == old.as_str()), "the old one is gone");
    // Again the same, and it does not get worse.
    world.run(&["up"]).code(1);
    let all = crate::harness::engine::list("containers", Some(&label));
    assert!(all.iter().any(|container| container["Id"] == old.as_str()), "the old one is gone");
    world.yaml(&file("[sleep, '2000000']")).up();
    world.settled();
    assert_eq!(world.inside("web", &["cat", "/data/file", "/own/file"]), "a\nb");
    assert_eq!(world.objects(), ["containers web", "volumes data"]);
}

#[test]
fn start_first_must_leave_no_gap_and_no_bad_successor_in_its_place() {
    let Some(world) = World::new("start-first") else { return };
    let file = |version: &str, check: &str| {
        format!(
            "containers:\n  web:\n    @keys\n    env: {{V: '{version}'}}\n    \
             update: {{order: start-first, healthy_within: 5s}}\n    \
             healthcheck: {{test: [CMD, {check}], interval: 300ms, retries: 2}}\n"
        )
        .replace("@keys", "image: '@image'\n    init: true\n    command: [sleep, '1000000']")
    };
    world.yaml(&file("1", "'true'")).up();
    let old = world.id("web");
    let is_up = |id: &str| {
        let container = crate::harness::engine::get(&format!("/containers/{id}/json"));
        container["State"]["Status"] == "running"
    };
    world.yaml(&file("2", "'false'"));
    world.run(&["up"]).code(1).says("web");
    assert!(is_up(&old), "what served does not serve any more");

    world.yaml(&file("3", "'true'"));
    let mut gap = false;
    let mut running = world.start(&["up"]);
    while !running.has_ended() {
        gap |= !(is_up(&old) || world.state("web") == "running");
    }
    running.finish().code(0);
    assert!(!gap, "there was a moment without any");
    assert!(world.inside("web", &["env"]).contains("V=3"));
    assert_eq!(world.objects(), ["containers web"]);
    world.settled();
}

#[test]
fn a_fixed_port_must_pass_to_the_successor() {
    let Some(world) = World::new("port-passes") else { return };
    let port = free_port();
    let file = |version: &str| {
        format!(
            "containers: {{web: {{@idle, ports: ['127.0.0.1:{port}:80'], env: {{V: '{version}'}}}}}}"
        )
    };
    world.yaml(&file("1")).up();
    world.yaml(&file("2")).up();
    let bindings = &world.container("web")["NetworkSettings"]["Ports"]["80/tcp"][0]["HostPort"];
    assert_eq!(*bindings, port.to_string());
    world.settled();
    let impossible = world.filled(&file("3")).replace("update: {", "update: {order: start-first, ");
    world.yaml(&impossible).run(&["up"]).code(1).says("start-first").says(&port.to_string());
    assert!(world.inside("web", &["env"]).contains("V=2"));
}

#[test]
fn what_ends_badly_right_after_its_start_must_not_pass_for_done() {
    let Some(world) = World::new("ends") else { return };
    world.yaml(
        "
containers:
  good: {@idle, network_mode: none}
  bad: {image: '@image', network_mode: none, command: [sh, -c, 'echo no configuration >&2; exit 3']}
  slow: {@idle, network_mode: none, healthcheck: {test: [CMD, 'true'], interval: 500ms}}
",
    );
    let output = world.run(&["up"]);
    output.code(1).says("container bad").says("3").says("no configuration").never_says("slow was");
    assert_eq!((world.state("good"), world.state("slow")), ("running".into(), "running".into()));
    // The health check gives the other one the time to end.
    let words = ["up", "--output", "json", "--recreate", "slow", "--recreate", "bad"];
    let json = world.run(&words);
    json.code(1).says("no configuration").json();
}

#[test]
fn what_crashed_must_be_started_again() {
    let Some(world) = World::new("crashed") else { return };
    world.yaml(
        "containers: {web: {image: '@image', network_mode: none, command: [sh, -c, 'sleep 1; exit 3']}}",
    );
    world.up();
    wait_until("a crash", || world.state("web") == "exited");
    let plan = world.plan();
    assert_eq!(plan.actions("container web"), ["start"], "{plan}");
    assert!(plan.causes("container web").contains("not-running"), "{plan}");
}

#[test]
fn what_fell_must_be_told_though_another_failed() {
    let Some(world) = World::new("falls") else { return };
    let file = "containers:
  falls: {image: '@image', command: [sh, -c, 'echo ouch; exit 7']}
  slow:
    image: '@image'
    command: [sleep, '99']
    wait: {command: [sh, -c, 'echo not yet; exit 5'], timeout: 2}
  after: {@idle, depends_on: [slow]}
  dies:
    image: '@image'
    init: true
    command: [sh, -c, 'echo boom; sleep 0.3; exit 3']
    wait: {port_open: [80]}
  then: {@idle, depends_on: [dies]}
";
    let output = world.yaml(file).run(&["up", "--output", "json"]);
    output.code(1);
    let report = output.object("report");
    let fallen: Vec<_> = report["fallen"].as_array().unwrap().iter().collect();
    assert_eq!(fallen.len(), 1, "{report}");
    assert_eq!(fallen[0]["name"], "falls");
    assert_eq!(output.object("fallen")["log"][0], "ouch");
    let failed = |name: &str| {
        let mut failed = report["failed"].as_array().unwrap().iter();
        failed.find(|failure| failure["address"]["name"] == name).unwrap().to_string()
    };
    for (name, text) in [
        ("slow", "sh ended with exit code 5: not yet"),
        ("dies", "it ended with exit code 3 before it became ready"),
        ("dies", "boom"),
    ] {
        assert!(failed(name).contains(text), "{name}: {report}");
    }
}
