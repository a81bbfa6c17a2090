//! A `harpoon.yml`, unmodified: built and run by the real engine, with the answers that Harpoon should have given.
//!
//! Invariant: what is left is counted on the engine before and after.

use crate::harness::{World, engine};
use serde_json::Value;

const FILE: &str = r#"
---
image_name_prefix: '@project'
context: false
greeting: hi
images:
  base:
    commands:
      - FROM @image
      - RUN echo base > /base
    vars: {who: world}
  app:
    commands:
      - [FROM, "{images.base}"]
      - - ADD
        - dest: /greeting
          content: |
            hello {there}
      - [ADD, {context: {parent_dir: "{config_root}/src"}, dest: /c}]
      - {COPY: {from: "{images.base}", path: /base, to: /copied}}
      - [ENV, ["ONE {greeting}", "TWO 2"]]
      - VOLUME /scratch
      - CMD cat /base /greeting
    tasks:
      greet: {description: Print the greeting}
      say: {description: Say something, options: {command: "echo {$@}"}}
      shell: {options: {bash: 'echo "$ONE $TWO" {images.base.vars.who}; ls /c; cat /copied'}}
      five: {options: {bash: exit 5, shell: /bin/sh}}
  db:
    commands: ["FROM @image"]
    command: sh -c "sleep 1; echo 'value here' > /ready; exec sleep 1000"
    wait_condition: {greps: {/ready: value here}, wait_between_attempts: 0.2, timeout: 30}
  user:
    commands: ["FROM @image"]
    links: [["{images.db}", store]]
    env: ["URL=http://h:1/x=y", "OUTSIDE:default"]
    tasks:
      look: {options: {command: sh -c "nslookup store >/dev/null && echo found $URL $OUTSIDE"}}
  locked:
    commands: ["FROM @image"]
    env: [NOT_SET_HERE]
    tasks: {never: {}}
"#;

fn world(test: &str) -> Option<World> {
    let world = World::new(test)?;
    world.file("harpoon.yml", &world.filled(FILE)).file("src/file", "x");
    Some(world)
}

fn runs(world: &World) -> Vec<String> {
    let label = format!("dev.windlass-run.project={}", world.project);
    let name = |one: &Value| one["Names"][0].as_str().unwrap_or_default().to_owned();
    engine::list("containers", Some(&label)).iter().map(name).collect()
}

#[test]
fn a_harpoon_file_runs_as_it_is() {
    let Some(world) = world("harpoon") else { return };
    let tasks = world.run(&["tasks"]);
    tasks.code(0).says("NOT_SET_HERE");
    assert!(tasks.stdout.contains("Print the greeting"), "{tasks}");
    world.run(&["build", "base"]).code(0);
    let base = engine::get(&format!("/images/{}-base:latest/json", world.project));
    assert!(base["Id"].is_string(), "{base}");
    assert_eq!(world.run(&["run", "greet"]).code(0).stdout, "base\nhello {there}\n");
    let words = world.run(&["run", "say", "--", "a  b", "{\"k\":1}", "{X}"]);
    assert_eq!(words.code(0).stdout, "a  b {\"k\":1} {X}\n");
    assert_eq!(world.run(&["run", "shell"]).code(0).stdout, "hi 2 world\nfile\nbase\n");
    world.run(&["run", "five"]).code(5);
    assert_eq!(runs(&world), [""; 0]);
}

#[test]
fn linked_images_are_waited_for_and_found() {
    let Some(world) = world("harpoon-links") else { return };
    let look = world.run(&["run", "look"]);
    assert_eq!(look.code(0).stdout, "found http://h:1/x=y default\n");
    assert_eq!(runs(&world), [""; 0]);
    world.run(&["run", "never"]).code(64).says("NOT_SET_HERE");
    world.run(&["up"]).code(0);
    assert_eq!(world.state("user"), "absent");
    world.run(&["down", "--yes"]).code(0);
    assert_eq!(world.state("db"), "absent");
}
