//! Images: built in order, built again only when their inputs change, and never sent for nothing.
//!
//! Invariant: what an image holds is looked at in a container made from it.

use crate::harness::{World, base, engine};
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
    // Those that others took the name of, too.
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn buildkit_must_build_what_changed_and_nothing_else() {
    all_the_way("buildkit", "buildkit");
}

#[test]
fn the_classic_builder_must_build_what_changed_and_nothing_else() {
    all_the_way("classic", "classic");
}

/// Eight images, three of them on two others; each with a build context of its own.
const GRAPH: &str = "
defaults: {builder: @builder}
images:
  base: {context: base, commands: [FROM @image, COPY . /base]}
  left: {context: left, commands: [[FROM, '{{ images.base }}'], COPY . /left]}
  right: {context: right, commands: [[FROM, '{{ images.base }}'], COPY . /right]}
  join:
    context: false
    commands:
      - [FROM, '{{ images.left }}']
      - [COPY, {from: '{{ images.right }}', path: /right, to: /right}]
  tools: {context: tools, commands: [FROM @image, COPY . /tools]}
  app:
    context: app
    dockerfile: {inline: \"FROM {{ images.join }}\\nCOPY --from={{ images.tools }} /tools /tools\\nCOPY . /app\\n\"}
  side: {context: side, commands: [[FROM, '{{ images.right }}'], COPY . /side]}
  lone: {context: lone, commands: [FROM @image, COPY . /lone]}
";

fn graph(test: &str, builder: &str) {
    const IMAGES: [&str; 8] = ["base", "left", "right", "join", "tools", "app", "side", "lone"];
    if !has(builder) {
        return;
    }
    let Some(world) = World::new(test) else { return };
    world.yaml(&GRAPH.replace("@builder", builder));
    for image in IMAGES {
        world.file(&format!("{image}/file"), &format!("{image} one\n"));
    }
    let ids = || IMAGES.map(|image| image_id(&world, &format!("{image}:latest")));
    world.run(&["build"]).code(0);
    let first = ids();
    let again = world.run(&["build", "--output", "json"]);
    assert_eq!(build_steps(again.code(0)), 0, "{again}");

    for (changed, wanted) in [
        ("right", &["right", "join", "app", "side"][..]),
        ("tools", &["tools", "app"]),
        ("lone", &["lone"]),
    ] {
        let before = ids();
        world.file(&format!("{changed}/file"), &format!("{changed} two\n"));
        world.run(&["build"]).code(0);
        let after = ids();
        let built = IMAGES.iter().enumerate().filter(|(at, _)| before[*at] != after[*at]);
        let built: Vec<&str> = built.map(|(_, image)| *image).collect();
        let mut wanted = wanted.to_vec();
        wanted.sort_by_key(|image| IMAGES.iter().position(|other| other == image));
        assert_eq!(built, wanted, "after a change in {changed}");
        let again = world.run(&["build", "--output", "json"]);
        assert_eq!(build_steps(again.code(0)), 0, "{again}");
    }
    assert_eq!(first[0], ids()[0]);
    world.run(&["down", "--images"]).code(0);
}

#[test]
fn a_graph_of_images_must_be_built_again_only_where_it_changed_by_buildkit() {
    graph("bk-graph", "buildkit");
}

#[test]
fn a_graph_of_images_must_be_built_again_only_where_it_changed_by_the_classic_builder() {
    graph("classic-graph", "classic");
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
  file: {{context: false, builder: {builder}, dockerfile: sub/Dockerfile}}
  text:
    context: false
    builder: {builder}
    dockerfile:
      inline: |
        FROM @image
        # a comment
        COPY nothing /
containers:
  bad: {{image: bad, command: [sleep, '1000000']}}
  good: {{image: good, command: [sleep, '1000000'], init: true}}
"
    ));
    let dockerfile = "FROM @image\nRUN true\n\nRUN echo well && \\\n    exit 127\n";
    world.file("sub/Dockerfile", &dockerfile.replace("@image", base::image()));
    let output = world.run(&["up", "--output", "json"]);
    output.code(1);
    let report = output.json().pop().unwrap();
    let failed: Vec<_> = report["failed"]
        .as_array()
        .unwrap()
        .iter()
        .map(|failed| {
            let name = failed["address"]["name"].as_str().unwrap().to_owned();
            (name, failed["place"].clone(), failed["exit_code"].clone())
        })
        .collect();
    let wanted = [("bad", "windlass.yaml:9:9", 9.into())];
    let wanted = wanted.map(|(name, place, code)| (name.to_owned(), Value::from(place), code));
    assert_eq!(failed, wanted);
    let output = world.run(&["up"]);
    output.code(1).says("bad").says("what went wrong").says("exit code 9");
    output.says("--> windlass.yaml:9:9");
    assert_eq!(world.state("bad"), "absent");
    assert_eq!(world.state("good"), "running");
    for (image, place) in [("file", "sub/Dockerfile:4"), ("text", "windlass.yaml:18:9")] {
        world.run(&["build", image]).code(1).says(&format!("--> {place}"));
    }
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
