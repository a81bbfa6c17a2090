//! Intervention: a shell where a build failed, on a real terminal.
//!
//! Invariant: nothing of it is left, however it ends.

use crate::harness::{Terminal, World, engine};

const FILE: &str = "
images:
  app:
    builder: @builder
    context: false
    args: {WORD: given}
    commands:
      - FROM @image
      - RUN echo before > /before
      - ARG WORD=default
      - WORKDIR /srv
      - RUN echo half-$WORD > half && exit 7
      - RUN echo after > /after
";

fn names(kind: &str, project: &str) -> Vec<String> {
    let all = engine::list(kind, None);
    let of = all.iter().filter(|one| one.to_string().contains(project));
    of.map(ToString::to_string).collect()
}

fn opened(test: &str, builder: &str) {
    let Some(world) = World::new(test) else { return };
    if engine::is_podman() {
        // Its builder does not say which step failed.
        return;
    }
    world.yaml(&FILE.replace("@builder", builder));
    let mut terminal = Terminal::start(&world.command(&["build"]));
    terminal.expect("exit code 7").expect("Open a shell").keys("y\n");
    terminal.expect("ended with exit code 7").keys("echo seen-$(cat half /before)-$(pwd)\n");
    terminal.expect("seen-half-given before-/srv");
    terminal.keys("ls /after || echo none-of-it\n").expect("none-of-it\r\n").keys("exit 3\n");
    let (code, shown) = terminal.end();
    assert_eq!(code, 1, "the build failed all the same:\n{shown}");
    assert_eq!(names("containers", &world.project), [""; 0]);
    assert_eq!(names("images", &world.project), [""; 0]);
}

#[test]
fn a_shell_must_open_where_buildkit_failed_and_go_again() {
    opened("bk-shell", "buildkit");
}

#[test]
fn a_shell_must_open_where_the_classic_builder_failed_and_go_again() {
    opened("classic-shell", "classic");
}

#[test]
fn nobody_must_be_asked_who_cannot_answer() {
    let Some(world) = World::new("no-shell") else { return };
    if engine::is_podman() {
        return;
    }
    world.yaml(&FILE.replace("@builder", "classic"));
    world.run(&["build"]).code(1).says("exit code 7").never_says("Open a shell");
    world.run(&["build", "--intervene", "always"]).code(64).says("needs a terminal");
    let terminal = Terminal::start(&world.command(&["build", "--intervene", "never"]));
    let (code, shown) = terminal.end();
    assert!(code == 1 && !shown.contains("Open a shell"), "{shown}");
    let mut terminal = Terminal::start(&world.command(&["build"]));
    terminal.expect("Open a shell").keys("\n");
    assert_eq!(terminal.end().0, 1);
    let mut terminal = Terminal::start(&world.command(&["build"]));
    terminal.expect("Open a shell").keys("\u{3}");
    assert_eq!(terminal.end().0, 1);
}
