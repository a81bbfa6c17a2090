//! Tasks with actions: a task must do what its command does, with what it overrides, and only after what it needs.
//!
//! Invariant: what was done is looked at on the engine.

use crate::harness::{World, engine, run_to_end, wait_until};

const FILE: &str = r#"
vars: {version: "1.2"}
images:
  app:
    context: false
    args: {KIND: plain}
    commands: [FROM @image, ARG KIND, RUN echo built $KIND > /built]
    tasks:
      make: {description: Make it, label: release, action: build}
      mark: {label: release, action: tag, command: "{{ vars.version }}", needs: [make]}
      special: {action: build, overrides: {args: {KIND: special}, tag: special}}
      seen: {command: [cat, /built], overrides: {args: {KIND: overridden}}}
containers:
  db: {@idle}
  web:
    image: '@image'
    command: [sleep, '1000000']
    init: true
    update: {stable_for: 100ms}
    env: {A: one}
    depends_on: [db]
    tasks:
      begin: {action: up, command: --no-deps}
      other: {action: up, overrides: {env: {A: two}, hostname: other}}
      again: {action: restart}
      show: {bash: 'echo $A; hostname; cat /proc/1/cmdline | tr "\0" " "; echo', overrides: {env: {A: three}, hostname: mine, ports: ['127.0.0.1::80']}}
      port: {command: [sleep, "1000000"], overrides: {ports: ['127.0.0.1::80']}}
tasks:
  all: {label: release, needs: [begin, mark], bash: "echo all", image: app}
  stop: {action: down}
  words: {image: app, action: tag}
  bad: {image: app, action: tag, command: [a, b]}
  first: {needs: [make, bad]}
"#;

fn world(test: &str) -> Option<World> {
    let world = World::new(test)?;
    world.yaml(FILE);
    Some(world)
}

fn tags(world: &World) -> Vec<String> {
    let of = format!("{}/app:", world.project);
    let images = engine::list("images", None);
    let tags =
        images.iter().flat_map(|image| image["RepoTags"].as_array().cloned().unwrap_or_default());
    let tags = tags
        .filter_map(|tag| tag.as_str().and_then(|tag| tag.strip_prefix(&of)).map(str::to_owned));
    let mut tags: Vec<String> = tags.collect();
    tags.sort();
    tags
}

#[test]
fn an_action_must_do_what_its_command_does() {
    let Some(world) = world("task-actions") else { return };
    world.run(&["run", "make", "--dry-run"]).code(0).says("build");
    // Several: in the order in which they would be done.
    let shown = world.run(&["run", "all", "--dry-run"]);
    let named = shown.stderr.lines().filter(|line| line.starts_with("task "));
    let expected = [
        "task begin: windlass up",
        "task make: windlass build",
        "task mark: windlass tag",
        "task all: echo all",
    ];
    assert_eq!(named.collect::<Vec<_>>(), expected, "{shown}");
    shown.code(0);
    assert_eq!((tags(&world), world.objects()), (vec![], vec![]));
    assert_eq!(world.run(&["run", "all"]).code(0).stdout, "all\n");
    assert_eq!(tags(&world), ["1.2", "latest"]);
    assert_eq!((world.state("web"), world.state("db")), ("running".into(), "absent".into()));
    let id = world.id("web");
    let began = world.container("web")["State"]["StartedAt"].clone();
    world.run(&["run", "again"]).code(0);
    assert_eq!(world.id("web"), id);
    assert_ne!(world.container("web")["State"]["StartedAt"], began);
    world.run(&["run", "words", "--", "by-hand"]).code(0);
    assert_eq!(tags(&world), ["1.2", "by-hand", "latest"]);
    world.run(&["run", "stop", "--yes"]).code(0);
    assert_eq!(world.objects(), [""; 0]);
}

#[test]
fn what_a_task_overrides_must_have_effect_and_only_for_it() {
    let Some(world) = world("task-overrides") else { return };
    world.run(&["run", "special"]).code(0);
    assert_eq!(tags(&world), ["special"]);
    assert_eq!(world.run(&["run", "app", "--", "cat", "/built"]).code(0).stdout, "built plain\n");
    assert_eq!(world.run(&["run", "seen"]).code(0).stdout, "built overridden\n");
    assert_eq!(world.run(&["run", "app", "--", "cat", "/built"]).code(0).stdout, "built plain\n");
    world.run(&["run", "other"]).code(0);
    let config = world.container("web")["Config"].clone();
    assert_eq!(config["Hostname"], "other");
    assert!(config["Env"].as_array().unwrap().iter().any(|one| one == "A=two"), "{config}");
    let shown = world.run(&["run", "show"]);
    assert!(shown.code(0).stdout.starts_with("three\nmine\n"), "{shown}");
    let running = world.start(&["run", "port"]);
    let like = format!("/{}_run_", world.name("web"));
    let publishes = || {
        let all = engine::list("containers", None);
        let one = all
            .iter()
            .find(|one| one["Names"][0].as_str().is_some_and(|name| name.starts_with(&like)));
        one.is_some_and(|one| {
            one["Ports"]
                .as_array()
                .is_some_and(|ports| ports.iter().any(|port| port["PublicPort"].is_u64()))
        })
    };
    wait_until("a port", publishes);
    running.signal(rustix::process::Signal::TERM);
    running.finish();
    // The file itself says otherwise.
    assert!(!world.plan().deeds().is_empty());
    world.up();
    assert_eq!(world.container("web")["Config"]["Env"][0], "A=one");
}

const ENV: &str = r"
containers:
  web: {image: '@image'}
tasks:
  show: {container: web, env: [TOKEN, 'OTHER:a:b=c', 'SET=a=b:c'], bash: 'echo $TOKEN $OTHER $SET $FILED'}
  both: {container: web, env: [SECOND], needs: [show], bash: 'echo both'}
  free: {container: web, bash: 'echo free'}
";

#[test]
fn variables_must_be_there_before_anything_begins() {
    let Some(world) = World::new("task-env") else { return };
    world.yaml(ENV).file("vars.env", "# comment\nFILED='of a file'\nTOKEN=filed\n");
    // Whoever runs another task need not have them.
    assert_eq!(world.run(&["run", "free"]).code(0).stdout, "free\n");
    let lacks = world.run(&["run", "both", "-e", "THIRD"]);
    lacks.code(64).says("SECOND, THIRD and TOKEN: no value");
    assert_eq!(lacks.stdout, "");
    let shown = |words: &[&str]| {
        let mut command = world.command(&[&["run", "show"], words].concat());
        command.env("OTHER", "own").env("MINE", "mine");
        run_to_end(command)
    };
    let given = shown(&["-e", "TOKEN=x=y:z", "-e", "FILED:not"]);
    assert_eq!(given.code(0).stdout, "x=y:z own a=b:c not\n");
    let filed = shown(&["--env-file", "vars.env", "-e", "TOKEN:t"]);
    assert_eq!(filed.code(0).stdout, "t own a=b:c of a file\n");
    let plain = world.run(&["run", "show", "-e", "TOKEN="]);
    assert_eq!(plain.code(0).stdout, "a:b=c a=b:c\n");
    for bad in ["no sense\n", "TOKEN:t\n"] {
        world.file("bad.env", bad);
        shown(&["--env-file", "bad.env", "-e", "TOKEN=1"]).code(65).says("expected NAME=value");
    }
    // A name alone is what it is here, or nothing.
    world.file("names.env", "OTHER\nTOKEN\n");
    let named = shown(&["--env-file", "names.env", "-e", "TOKEN=1"]);
    assert_eq!(named.code(0).stdout, "1 own a=b:c\n");
    shown(&["-e", "=x"]).code(64).says("NAME:default");
    assert_eq!(world.objects(), [""; 0]);
}

#[test]
fn what_can_not_be_typed_must_be_found_before_anything_begins() {
    let Some(world) = world("task-words") else { return };
    let bad = world.run(&["run", "first"]);
    bad.code(64).says("the task bad can't be done: unexpected argument 'b' found");
    bad.says("`windlass tag --help`");
    world.run(&["run", "words"]).code(64).says("required arguments were not provided");
    world.run(&["run", "make", "-e", "A=1"]).code(64).says("runs nothing in a container");
    world.run(&["run", "again", "--", "--engine", "x"]).code(64).says("'--engine'");
    assert_eq!((tags(&world), world.objects()), (vec![], vec![]));
    let listed = world.run(&["tasks"]).code(0).stdout.clone();
    assert!(listed.contains("release\n  all\n  make     Make it (build app)\n"), "{listed}");
    let names = world.run(&["config", "--tasks"]).code(0).stdout.clone();
    assert!(names.starts_with("again\nall\nbad\nbegin\n"), "{names}");
    // What is printed means the same.
    let long = world.run(&["config"]).code(0).stdout.clone();
    world.file("windlass.yaml", &long);
    assert_eq!(world.run(&["config"]).code(0).stdout, long);
    assert_eq!(world.run(&["run", "seen"]).code(0).stdout, "built overridden\n");
}
