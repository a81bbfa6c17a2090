//! Shells: `shell` must find one in what runs or in a new container, have the terminal, and leave nothing.
//!
//! Invariant: what is on the engine is the same before and after.

use crate::harness::{Terminal, World, engine};
use serde_json::Value;

const FILE: &str = r#"
images:
  app: {context: false, commands: [FROM @image, RUN echo of the image > /built]}
  bare: {context: false, commands: [FROM scratch, {COPY: {from: '@image', path: /bin/busybox, to: /bin/sleep}}, 'CMD ["/bin/sleep", "1000000"]']}
containers:
  web: {@idle}
  down: {@idle}
  small: {image: bare, init: true}
"#;

/// Every container that has to do with the world.
fn everything(world: &World) -> Vec<String> {
    let names = |one: &Value| one["Names"][0].as_str().unwrap_or_default().to_owned();
    let all = engine::list("containers", None);
    let mut all: Vec<_> =
        all.iter().map(names).filter(|name| name.contains(&world.project)).collect();
    all.sort();
    all
}

fn world(test: &str) -> Option<World> {
    let world = World::new(test)?;
    world.yaml(FILE);
    world.run(&["up", "web", "small"]).code(0);
    Some(world)
}

#[test]
fn a_shell_must_have_the_terminal_and_its_exit_code() {
    let Some(world) = world("shell-tty") else { return };
    world.run(&["build", "app"]).code(0);
    let before = everything(&world);
    for (words, shown) in [
        (&["web"][..], "/etc/hostname"),
        (&["app"], "/built"),
        (&["web", "--new"], "/etc/hostname"),
    ] {
        let mut terminal = Terminal::start(&world.command(&[&["shell"], words].concat()));
        terminal.keys("echo re''ady; stty size\r").expect("ready").expect("24 100");
        terminal.resize(40, 77);
        terminal.keys("sleep 0.5; stty size\r").expect("40 77");
        // Ctrl-C is the program's, not the end of the shell.
        terminal.keys("echo in''side; sleep 1000\r").expect("inside");
        std::thread::sleep(std::time::Duration::from_millis(300));
        terminal.keys("\x03").keys("echo st''ill; ls ").keys(shown).keys("; echo $?\"code\"\r");
        terminal.expect("still").expect("0code");
        terminal.keys("exit 7\r");
        assert_eq!(terminal.end().0, 7, "{words:?}");
        assert_eq!(everything(&world), before, "{words:?}");
    }
}

#[test]
fn a_shell_must_take_what_is_piped_in_and_say_where_there_is_none() {
    let Some(world) = world("shell-pipe") else { return };
    let before = everything(&world);
    for words in [&["shell", "app"][..], &["shell", "web"]] {
        let piped = world.run_with_input(words, b"echo hi $A\nexit 4\n");
        assert_eq!(piped.code(4).stdout.trim_end(), "hi");
    }
    let told = world.run_with_input(&["shell", "web", "-e", "A=there"], b"echo hi $A\n");
    assert_eq!(told.code(0).stdout, "hi there\n");
    world.run(&["shell", "bare"]).code(127).says("neither bash nor sh");
    world.run(&["shell", "small"]).code(1).says("small has no shell: neither bash nor sh");
    world.run(&["shell", "small", "--shell", "/bin/no"]).code(126);
    world.run(&["shell", "down"]).code(1).says("down does not run");
    world.run(&["shell", "web", "--keep"]).code(64).says("--new");
    world.run(&["shell", "wbe"]).code(64).says("did you mean `web`?");
    assert_eq!(everything(&world), before);
}
