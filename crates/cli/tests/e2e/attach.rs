//! Attaching and detaching: what is left to itself must go on, and be found again.
//!
//! Invariant: what is on the engine is compared before and after.

use crate::harness::{Terminal, World, engine, wait_until};
use serde_json::Value;
use std::fs::File;

const FILE: &str = r#"
containers:
  web: {@idle}
  ask:
    image: '@image'
    command: [sh, -c, 'while read line; do echo "got $line"; [ "$line" = end ] && exit 5; done']
    tty: true
    stdin_open: true
    update: {stable_for: 100ms}
  talk:
    image: '@image'
    command: [sh, -c, 'trap "exit 9" TERM; while :; do echo talking; sleep 0.2; done']
    update: {stable_for: 100ms}
    tasks:
      first: {command: [echo, first is done], tty: true}
      second: {needs: [talk.first], tty: true, bash: 'echo now; read line; echo "second got $line"'}
"#;

fn world(test: &str) -> Option<World> {
    let world = World::new(test)?;
    world.yaml(&FILE.replace("[talk.first]", "[first]"));
    Some(world)
}

/// Every container that has to do with the world.
fn everything(world: &World) -> Vec<String> {
    let names = |one: &Value| one["Names"][0].as_str().unwrap_or_default().to_owned();
    let all = engine::list("containers", None);
    let mut all: Vec<_> =
        all.iter().map(names).filter(|name| name.contains(&world.project)).collect();
    all.sort();
    all
}

#[test]
fn what_is_attached_to_must_go_on_when_it_is_left() {
    let Some(world) = world("attach-keys") else { return };
    world.run(&["up", "ask"]).code(0);
    let id = world.id("ask");
    let attach =
        |words: &[&str]| Terminal::start(&world.command(&[&["attach", "ask"], words].concat()));
    let mut terminal = attach(&[]);
    terminal.expect("Ctrl-p Ctrl-q leaves it").keys("one\r").expect("got one");
    // What only begins like the keys is typed.
    terminal.keys("a\x10b\r").expect("got a").keys("\x10\x11").expect("detached: ask goes on");
    assert_eq!(terminal.end().0, 0);
    let mut terminal = attach(&["--detach-keys", "ctrl-x,x"]);
    terminal
        .expect("Ctrl-x x")
        .keys("\x10\x11two\r")
        .expect("two")
        .keys("\x18x")
        .expect("detached");
    assert_eq!(terminal.end().0, 0);
    std::fs::create_dir(world.path("home/.docker")).unwrap();
    world.file("home/.docker/config.json", r#"{"detachKeys": "ctrl-a,d"}"#);
    let mut terminal = attach(&[]);
    terminal.expect("Ctrl-a d").keys("\x01d").expect("detached");
    assert_eq!(terminal.end().0, 0);
    world.file("home/.docker/config.json", r#"{"detachKeys": "strg-a"}"#);
    world.run(&["attach", "ask"]).code(65).says("`strg-a` is no key");
    world.run(&["attach", "ask", "--detach-keys", "a,,"]).code(64).says("`` is no key");
    assert_eq!((world.id("ask"), world.state("ask")), (id, "running".to_owned()));
    let mut terminal = attach(&["--detach-keys", "ctrl-p,ctrl-q"]);
    terminal.expect("leaves it").keys("end\r");
    assert_eq!(terminal.end().0, 5);
    let words = ["attach", "ask", "--detach-keys", "q"];
    world.run(&words).code(1).says("ask does not run");
}

#[test]
fn a_run_that_is_left_must_stay_until_it_is_removed() {
    let Some(world) = world("attach-run") else { return };
    world.run(&["up", "web"]).code(0);
    let before = everything(&world);
    let mut terminal = Terminal::start(&world.command(&["run", "web", "--", "sh"]));
    terminal.keys("A=kept; echo re''ady\r").expect("ready").keys("\x10\x11");
    terminal.expect("windlass rm --force ");
    let (code, shown) = terminal.end();
    assert_eq!(code, 0, "{shown}");
    let name =
        shown.split("container ").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
    assert!(name.ends_with("_detached"), "{shown}");
    let state = || engine::get(&format!("/containers/{name}/json"))["State"]["Status"].clone();
    // The next run removes what others left behind, and not this.
    world.run(&["run", "web", "--", "true"]).code(0);
    assert_eq!(state(), "running");
    let mut terminal = Terminal::start(&world.command(&["attach", &name]));
    terminal
        .expect("attached")
        .keys("echo $A\"-again\"\r")
        .expect("kept-again")
        .keys("\x10\x11")
        .expect("detached");
    assert_eq!(terminal.end().0, 0);
    world.run(&["rm", &name]).code(1).says("--force");
    world.run(&["rm", "--force", &name]).code(0).says("removed");
    assert!(state().is_null());
    world.run(&["rm", "--force", &name]).code(64).says("there is no container");
    assert_eq!(everything(&world), before);
}

#[test]
fn a_command_that_is_left_must_go_on_in_its_container() {
    let Some(world) = world("attach-exec") else { return };
    world.run(&["up", "web"]).code(0);
    let line = "echo re''ady; sleep 2; touch /went-on; sleep 1000";
    let mut terminal =
        Terminal::start(&world.command(&["exec", "-it", "web", "--", "sh", "-c", line]));
    terminal.expect("ready").keys("\x10\x11").expect("the command goes on running in web");
    assert_eq!(terminal.end().0, 0);
    wait_until("a file", || {
        engine::exec(&world.name("web"), "", &["test", "-e", "/went-on"]).0 == 0
    });
}

#[test]
fn what_has_no_terminal_must_be_left_by_ctrl_c_and_by_keys_that_are_typed() {
    let Some(world) = world("attach-plain") else { return };
    world.run(&["up", "talk"]).code(0);
    let running = world.start(&["attach", "talk"]);
    assert_eq!(running.line().as_deref(), Some("talking\n"));
    running.signal(rustix::process::Signal::INT);
    running.finish().code(130).says("talk goes on running");
    let mut terminal = Terminal::start(&world.command(&["attach", "talk"]));
    terminal.expect("talking").keys("\x10\x11").expect("detached: talk goes on");
    assert_eq!(terminal.end().0, 0);
    assert_eq!(world.state("talk"), "running");
    let running = world.start(&["attach", "talk"]);
    assert_eq!(running.line().as_deref(), Some("talking\n"));
    world.run(&["stop", "talk"]).code(0);
    running.finish().code(9);
}

#[test]
fn nothing_that_is_typed_for_the_next_one_must_be_swallowed() {
    let Some(world) = world("attach-input") else { return };
    let before = everything(&world);
    // A program that Ctrl-C does not end.
    let deaf = ["run", "web", "--", "sh", "-c", "trap '' INT; echo re''ady; sleep 1000"];
    let mut terminal = Terminal::start(&world.command(&deaf));
    terminal.expect("ready").keys("\x03").expect("^C").keys("\x03");
    terminal.expect("Ctrl-C goes to the program").keys("\x10\x11").expect("rm --force ");
    let (_, shown) = terminal.end();
    let name = shown.split("container ").nth(1).unwrap().split_whitespace().next().unwrap();
    world.run(&["rm", "--force", name]).code(0);
    let mut terminal = Terminal::start(&world.command(&["run", "second"]));
    terminal.expect("first is done").expect("now").keys("line\r").expect("second got line");
    assert_eq!(terminal.end().0, 0);
    // What can't be read is an end.
    let mut command = world.command(&["run", "web", "--", "sh", "-c", "cat; echo over"]);
    command.stdin(File::open("/").unwrap());
    let ran = crate::harness::run_to_end(command);
    assert_eq!(ran.code(0).says("standard input is a directory").stdout, "over\n");
    assert_eq!(everything(&world), before);
}
