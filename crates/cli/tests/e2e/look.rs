//! Looking and doing: exec, logs, ps, port, top.
//!
//! Invariant: bytes of containers pass unchanged, and codes are the containers' own.

use crate::harness::{World, engine, wait_until};
use serde_json::Value;

const FILE: &str = r#"
containers:
  web:
    image: "@image"
    init: true
    command: [sh, -c, "echo one; echo two >&2; echo three; exec sleep 1000000"]
    ports: ["127.0.0.1::80"]
    healthcheck: {test: [CMD, "true"], interval: 500ms}
  done: {image: "@image", network_mode: none, command: [sh, -c, "echo bye; printf 'no end'; exit 3"]}
  never: {@idle, profiles: [never]}
  both: {@idle, network_mode: none, instances: [a, b]}
"#;

fn world(test: &str) -> Option<World> {
    let world = World::new(test)?;
    // One of them ends at once, and badly; the others run.
    world.yaml(FILE).run(&["up"]).code(1).says("done");
    wait_until("an end", || world.state("done") == "exited");
    Some(world)
}

#[test]
fn exec_must_pass_codes_streams_and_options() {
    let Some(world) = world("exec") else { return };
    let exec = |words: &[&str]| world.run(&[&["exec", "web"], words].concat());
    for (line, code) in [("exit 0", 0), ("exit 7", 7), ("exit 255", 255), ("kill -9 $$", 137)] {
        exec(&["--", "sh", "-c", line]).code(code);
    }
    let missing = exec(&["--", "no-such-program"]);
    assert!(matches!(missing.code, 126 | 127), "{missing}");
    let streams = exec(&["--", "sh", "-c", "printf 'a\\tb'; echo err >&2"]);
    assert_eq!((streams.stdout.as_str(), streams.stderr.as_str()), ("a\tb", "err\n"));
    let words = exec(&["--", "printf", "%s|", "two words", "", "*", "$HOME", "'q'"]);
    assert_eq!(words.code(0).stdout, "two words||*|$HOME|'q'|");
    let line = "id -u; pwd; echo $A";
    let options = exec(&["-u", "1000", "-w", "/tmp", "-e", "A=b c", "--", "sh", "-c", line]);
    assert_eq!(options.code(0).stdout, "1000\n/tmp\nb c\n");
    world.run(&["exec", "done", "--", "true"]).code(1).says("done");
    world.run(&["exec", "never", "--", "true"]).code(1).says("never");
    world.run(&["exec", "both", "--", "true"]).code(64).says("both.a");
    world.run(&["exec", "both.b", "--", "true"]).code(0);
}

#[test]
fn exec_must_pass_standard_input_to_its_end() {
    let Some(world) = world("stdin") else { return };
    let hello = world.run_with_input(&["exec", "web", "--", "cat"], b"hello\0there\n");
    assert_eq!(hello.code(0).stdout, "hello\0there\n");
    let many: Vec<u8> = (0..3_000_000_u32).map(|n| u8::try_from(n * 7 % 251).unwrap()).collect();
    let counted = world.run_with_input(&["exec", "web", "--", "wc", "-c"], &many);
    assert_eq!(counted.code(0).stdout.trim(), "3000000");
    // Who does not read it is not waited for.
    world.run_with_input(&["exec", "web", "--", "true"], &many).code(0);
    let line = "sleep 0.5; head -c 4";
    let slow = world.run_with_input(&["exec", "web", "--", "sh", "-c", line], b"slow and more");
    assert_eq!(slow.code(0).stdout, "slow");
    // Much output at once.
    let much = world.run(&["exec", "web", "--", "sh", "-c", "yes | head -n 500000"]);
    assert_eq!(much.code(0).stdout.len(), 1_000_000);
}

#[test]
fn logs_must_be_what_the_containers_wrote() {
    let Some(world) = world("logs") else { return };
    let one = world.run(&["logs", "web"]);
    assert_eq!(one.code(0).stdout, "one\nthree\n");
    assert_eq!(one.stderr, "two\n");
    let both = world.run(&["logs", "web", "done"]);
    for line in ["web  | one", "web  | two", "done | bye"] {
        both.code(0).says(line);
    }
    if !engine::is_podman() {
        // It counts a line without an end as a part of the next.
        let tail = world.run(&["logs", "done", "--tail", "1"]);
        assert_eq!(tail.code(0).stdout, "no end");
    }
    let stamped = world.run(&["logs", "-t", "done"]);
    assert!(stamped.code(0).stdout.starts_with("20"), "{stamped}");
    stamped.says("Z bye");
    let objects = world.run(&["logs", "--output", "json", "done"]).code(0).json();
    assert_eq!(objects[0]["line"], "bye");
    assert_eq!(world.run(&["logs", "--since", "1h", "done"]).code(0).stdout, "bye\nno end");
    world.run(&["logs", "--since", "nonsense", "done"]).code(64);
    // Following ends with its container.
    let follow = world.start(&["logs", "-f", "web"]);
    assert_eq!(follow.line().as_deref(), Some("one\n"));
    world.run(&["kill", "web"]).code(0);
    follow.finish().code(0).says("three");
}

#[test]
fn ps_must_show_every_container_and_its_state() {
    let Some(world) = world("ps") else { return };
    let table = world.run(&["ps"]);
    for text in ["NAME", "web", "exited (3)", "both.a", "→80"] {
        table.code(0).says(text);
    }
    let objects = world.run(&["ps", "--output", "json"]).code(0).json();
    let of = |name: &str| {
        let found = objects.iter().find(|object| object["address"]["name"] == name);
        found.unwrap_or_else(|| panic!("no {name} in {objects:?}"))
    };
    assert_eq!(of("web")["id"], world.id("web").as_str());
    assert_eq!(of("web")["state"], "running");
    // A list of podman's says nothing of health.
    if !engine::is_podman() {
        table.says("running (healthy)");
        assert_eq!(of("web")["health"], "healthy");
    }
    assert_eq!(
        (&of("done")["state"], &of("done")["exit_code"]),
        (&"exited".into(), &Value::from(3))
    );
    assert_eq!((&of("never")["state"], &of("never")["id"]), (&"absent".into(), &Value::Null));
    let names = world.run(&["ps", "--names", "both"]);
    let expected = format!("{}\n{}\n", world.name("both.a"), world.name("both.b"));
    assert_eq!(names.code(0).stdout, expected);

    let port = &world.container("web")["NetworkSettings"]["Ports"]["80/tcp"][0]["HostPort"];
    world.run(&["port", "web"]).code(0).says(port.as_str().unwrap());
    world.run(&["top", "web"]).code(0).says("sleep 1000000");
    world.run(&["images"]).code(0).says(crate::harness::base::image());
    world.run(&["graph"]).code(0).says("web");
}

#[test]
fn what_a_container_writes_must_not_reach_a_terminal_unchecked() {
    let Some(world) = World::new("escapes") else { return };
    world.yaml("containers: {job: {image: '@image', command: [sh, -c, 'printf \"\\033[2Jgone\\n\"; exit 1']}, after: {@idle, depends_on: {job: {condition: completed}}}}");
    let output = world.run(&["up"]);
    output.code(1).says("gone").never_says("\u{1b}");
}
