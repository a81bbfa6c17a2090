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
fn a_shell_must_open_where_a_resource_failed_and_go_again() {
    let Some(world) = World::new("resource-shell") else { return };
    world.yaml(
        r#"
images:
  app:
    from: @image
    user: 1000
    resources:
      - execute: echo before > /before
      - directory: {path: /srv, owner: 1000}
      - execute:
          command: "echo half-$WORD > half; exit 7"
          cwd: /srv
          env: {WORD: given}
          user: 1000
      - file: {path: /after, contents: x}
"#,
    );
    let mut terminal = Terminal::start(&world.command(&["build"]));
    terminal.expect("Open a shell").keys("y\n");
    terminal
        .expect("ended with exit code 7")
        .keys("echo seen-$(cat half /before)-$(pwd)-$(id -u)\n");
    terminal.expect("seen-half-given before-/srv-1000");
    terminal.keys("ls /after || echo none-of-it\n").expect("none-of-it\r\n").keys("exit 3\n");
    let (code, shown) = terminal.end();
    assert_eq!(code, 1, "the build failed all the same:\n{shown}");
    assert_eq!(names("containers", &world.project), [""; 0]);
    let left = names("images", &world.project);
    assert!(left.len() == 1 && left[0].contains("windlass-step"), "for the next build: {left:?}");
    world.run(&["clean", "--yes"]).code(0);
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

const RUNS: &str = "
secrets: {pass: {file: pass}}
images:
  app: {context: false, commands: [FROM @image, VOLUME /scratch]}
containers:
  web: {image: app, env: {WORD: given, PASS: '{{ secrets.pass }}'}, secrets: [pass]}
tasks:
  test: {container: web, bash: echo half > /half; echo data > /scratch/data; exit 5}
  fine: {image: app, bash: exit 0}
";

#[test]
fn a_shell_must_open_where_a_run_failed_and_go_again() {
    let Some(world) = World::new("run-shell") else { return };
    if engine::is_podman() {
        return;
    }
    world.file("pass", "very-secret").yaml(RUNS);
    world.run(&["build"]).code(0);
    let before = (names("containers", &world.project), names("volumes", &world.project));
    let mut terminal = Terminal::start(&world.command(&["run", "test"]));
    terminal.expect("ended with 5. Open a shell").keys("y\n");
    terminal.expect("Ctrl-D").keys("echo seen-$(cat /half /scratch/data)-$WORD\n");
    terminal.expect("seen-half data-given").keys("cat /run/secrets/pass; echo =$PASS=\n");
    terminal.expect("very-secret=very-secret=");
    // While it is open, nothing of its image holds a secret.
    let image = format!("{}/intervention", world.project);
    let images = engine::list("images", None);
    let image = images.iter().find(|one| one["RepoTags"].to_string().contains(&image)).unwrap();
    let id = image["Id"].as_str().unwrap_or_default();
    let saved = engine::call("GET", &format!("/images/{id}/get"), "", b"").body;
    let holds = saved.windows(11).any(|bytes| bytes == b"very-secret");
    let config = engine::get(&format!("/images/{id}/json"))["Config"].to_string();
    assert!(!holds && !config.contains("very-secret"), "{config}");
    terminal.keys("exit 3\n");
    assert_eq!(terminal.end().0, 5, "it is the run that failed");
    assert_eq!((names("containers", &world.project), names("volumes", &world.project)), before);
    let image = format!("{}/intervention", world.project);
    assert_eq!(names("images", &image), [""; 0]);
}

#[test]
fn a_run_that_did_not_fail_by_itself_must_offer_no_shell() {
    let Some(world) = World::new("run-no-shell") else { return };
    world.file("pass", "very-secret").yaml(RUNS);
    for words in
        [&["run", "fine"][..], &["run", "test", "--intervene", "never"], &["run", "test", "--yes"]]
    {
        let (_, shown) = Terminal::start(&world.command(words)).end();
        assert!(!shown.contains("Open a shell"), "{shown}");
    }
    // Whoever typed at it knows why it ended.
    let mut terminal = Terminal::start(&world.command(&["run", "app", "--", "sh"]));
    terminal.keys("exit 6\n");
    let (code, shown) = terminal.end();
    assert!(code == 6 && !shown.contains("Open a shell"), "{shown}");
    world.run(&["run", "test"]).code(5).never_says("Open a shell");
}
