//! Images: built in order, built again only when their inputs change, and never sent for nothing.
//!
//! Invariant: what an image holds is looked at in a container made from it.

use crate::harness::{World, engine};
use serde_json::Value;

/// An image and what is built on it, by each kind of source.
const FILE: &str = r#"
vars: {word: one}
defaults: {builder: @builder}
images:
  base:
    context: {dir: base, exclude: ["*.tmp"]}
    commands:
      - FROM @image
      - COPY file /from-base
      - ADD: {content: "word {{ vars.word }}\n", dest: /etc/word, mode: 0o640, owner: "1000:1000"}
      - [ENV, [BASE=1]]
  app:
    context: app
    dockerfile: app/Dockerfile
    args: {BASE: "{{ images.base }}"}
    labels: {tier: app}
    tags: [v2]
  text:
    context: false
    dockerfile:
      inline: |
        FROM @image
        RUN echo inline > /inline
containers:
  app: {image: "{{ images.app }}", command: [sleep, "1000000"], init: true, network_mode: none}
  text: {image: text, command: [sleep, "1000000"], init: true, network_mode: none}
"#;

fn world(test: &str, builder: &str) -> Option<World> {
    let world = World::new(test)?;
    world.yaml(&FILE.replace("@builder", builder));
    world.file("base/file", "first\n").file("base/ignored.tmp", "x");
    world.file(
        "app/Dockerfile",
        "ARG BASE\nFROM $BASE\nCOPY . /app\nRUN cat /from-base > /copied\n",
    );
    world.file("app/main", "main\n").file("app/.dockerignore", "notes\n").file("app/notes", "n");
    Some(world)
}

fn image_id(world: &World, reference: &str) -> String {
    let image = engine::get(&format!("/images/{}/{reference}/json", world.project));
    image["Id"].as_str().unwrap_or_else(|| panic!("there is no {reference}")).to_owned()
}

/// Steps of a build that a run tells of.
fn build_steps(output: &crate::harness::Output) -> usize {
    let objects = output.json().into_iter();
    objects.filter(|object| object["progress"]["kind"] == "build-step").count()
}

/// Whether the engine has this builder: podman has the classic one's call only.
fn has(builder: &str) -> bool {
    builder == "classic" || engine::url().is_none() || !engine::is_podman()
}

fn all_the_way(test: &str, builder: &str) {
    if !has(builder) {
        return;
    }
    let Some(world) = world(test, builder) else { return };
    let plan = world.plan();
    let deeds = plan.deeds();
    let at = |deed: &str| {
        deeds.iter().position(|d| d == deed).unwrap_or_else(|| panic!("{deed}: {plan}"))
    };
    assert!(at("image base: build") < at("image app: build"), "{plan}");
    assert!(at("image app: build") < at("container app: create"), "{plan}");

    let first = world.run(&["up", "--output", "json"]);
    first.code(0);
    assert!(build_steps(&first) > 0, "{first}");
    assert_eq!(world.inside("app", &["cat", "/copied", "/app/main"]), "first\nmain");
    assert_eq!(world.inside("app", &["cat", "/etc/word"]), "word one");
    assert_eq!(world.inside("app", &["stat", "-c", "%u:%g %a", "/etc/word"]), "1000:1000 640");
    assert_eq!(world.inside("app", &["ls", "/app"]), "Dockerfile\nmain");
    assert_eq!(world.inside("text", &["cat", "/inline"]), "inline");
    let config = engine::get(&format!("/images/{}/app:latest/json", world.project));
    assert_eq!(config["Config"]["Labels"]["tier"], "app", "{config}");
    assert_eq!(image_id(&world, "app:v2"), image_id(&world, "app:latest"));

    world.settled();
    let (base, app) = (image_id(&world, "base:latest"), image_id(&world, "app:latest"));
    let untouched = world.id("text");
    let second = world.run(&["build", "--output", "json"]);
    assert_eq!(build_steps(second.code(0)), 0, "{second}");
    // What is not part of the context changes nothing; neither does a new time.
    world.file("base/ignored.tmp", "y").file("app/notes", "m").file("app/main", "main\n");
    world.settled();

    world.file("base/file", "second\n");
    let plan = world.plan();
    assert!(plan.actions("image text").is_empty(), "{plan}");
    assert_eq!(plan.fields("image base"), ["inputs file"], "{plan}");
    assert!(plan.actions("container app").contains(&"create"), "{plan}");
    world.up();
    world.settled();
    assert_eq!(world.inside("app", &["cat", "/copied"]), "second");
    assert_ne!(image_id(&world, "base:latest"), base);
    assert_ne!(image_id(&world, "app:latest"), app);
    assert_eq!(world.id("text"), untouched, "an image that did not change");

    if builder == "buildkit" {
        world.run(&["up", "--set", "word=two"]).code(0);
        assert_eq!(world.inside("app", &["cat", "/etc/word"]), "word two");
    }
    world.run(&["down", "--images", "--timeout", "0"]).code(0);
    let left = engine::list("images", Some(&format!("dev.windlass.project={}", world.project)));
    let is_tag = |tag: &str| tag != "<none>:<none>";
    let tagged = left.iter().filter(|image| image["RepoTags"][0].as_str().is_some_and(is_tag));
    assert_eq!(tagged.count(), 0, "{left:?}");
}

#[test]
fn buildkit_must_build_what_changed_and_nothing_else() {
    all_the_way("buildkit", "buildkit");
}

#[test]
fn the_classic_builder_must_build_what_changed_and_nothing_else() {
    all_the_way("classic", "classic");
}

/// A step that fails, as the line of the file that wrote it.
fn failing(test: &str, builder: &str) {
    if !has(builder) {
        return;
    }
    let Some(world) = World::new(test) else { return };
    world.yaml(&format!(
        "images:
  good: {{context: false, builder: {builder}, commands: [FROM @image, RUN true]}}
  bad:
    context: false
    builder: {builder}
    commands:
      - FROM @image
      - RUN echo all is well in @project
      - RUN echo what went wrong in @project >&2 && exit 9
containers:
  bad: {{image: bad, command: [sleep, '1000000']}}
  good: {{image: good, command: [sleep, '1000000'], init: true}}
"
    ));
    let output = world.run(&["up"]);
    output.code(1).says("bad").says("what went wrong").says("exit 9").says("9");
    assert!(output.all().contains("windlass.yaml:9"), "the line of the step is not said:{output}");
    assert_eq!(world.state("bad"), "absent");
    assert_eq!(world.state("good"), "running");
    // Nothing of the failed build is left running or standing.
    let containers = engine::list("containers", None);
    let words = format!("went wrong in {}", world.project);
    let of_build = containers.iter().filter(|c| c["Command"].to_string().contains(&words));
    assert_eq!(of_build.count(), 0, "a container of the failed build is left");
}

#[test]
fn a_failing_step_must_be_shown_with_its_output_by_buildkit() {
    failing("bk-fails", "buildkit");
}

#[test]
fn a_failing_step_must_be_shown_with_its_output_by_the_classic_builder() {
    failing("classic-fails", "classic");
}

#[test]
fn a_further_tag_must_be_given_without_another_image() {
    let Some(world) = World::new("tags") else { return };
    let file = |tags: &str| {
        format!(
            "images: {{app: {{context: false, tags: {tags}, commands: [FROM @image, 'ENV A=1']}}}}\n\
             containers: {{app: {{image: app, command: [sleep, '1000000'], init: true}}}}\n"
        )
    };
    world.yaml(&file("[one]")).up();
    world.settled();
    let id = image_id(&world, "app:one");
    world.yaml(&file("[one, two]")).up();
    assert_eq!(image_id(&world, "app:two"), id);
    world.settled();
    engine::delete(&format!("/images/{}/app:one", world.project));
    world.up();
    assert_eq!(image_id(&world, "app:one"), id);
    world.settled();
}

#[test]
fn a_root_file_system_must_be_imported_once() {
    let Some(world) = World::new("import") else { return };
    std::fs::create_dir(world.path("rootfs")).unwrap();
    world.file("rootfs/etc/marker", "imported\n");
    world.yaml(
        "
images: {data: {import: ./rootfs, changes: ['ENV A=1', 'CMD [\"/none\"]']}}
containers:
  shell:
    image: '@image'
    command: [sleep, '1000000']
    init: true
  data: {image: data, depends_on: [shell]}
",
    );
    let created = world.run(&["create"]);
    created.code(0);
    assert_eq!(world.state("data"), "created");
    let path = format!("/containers/{}/archive?path=/etc/marker", world.name("data"));
    let archive = engine::ask("GET", &path, &Value::Null);
    assert!(archive.text().contains("imported"), "{}", archive.status);
    let image = engine::get(&format!("/images/{}/data:latest/json", world.project));
    assert_eq!(image["Config"]["Env"][0], "A=1", "{image}");
    let id = image_id(&world, "data:latest");
    world.run(&["build"]).code(0);
    assert_eq!(image_id(&world, "data:latest"), id);
    world.file("rootfs/etc/marker", "imported again\n");
    world.run(&["build"]).code(0);
    assert_ne!(image_id(&world, "data:latest"), id);
}

#[test]
fn an_image_that_is_nowhere_must_be_named() {
    let Some(world) = World::new("no-image") else { return };
    world.yaml(
        "
containers:
  a: {image: 'localhost:1/nowhere:1', command: ['true']}
  b: {@idle, network_mode: none}
",
    );
    world.run(&["up"]).code(1).says("localhost:1/nowhere:1");
    assert_eq!((world.state("a"), world.state("b")), ("absent".into(), "running".into()));
    world
        .run(&["up", "--pull=never"])
        .code(1)
        .says("localhost:1/nowhere:1")
        .says("may not be pulled");
}
