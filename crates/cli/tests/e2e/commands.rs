//! Every form of `commands`, built: the files that come out, by each builder.
//!
//! Invariant: what an image holds is looked at in a container made from it.

use crate::harness::{World, engine};

const FILE: &str = r#"
vars: {one: 1}
defaults: {builder: @builder}
images:
  donor:
    commands:
      - FROM @image
      - RUN mkdir -p /opt/d/sub /opt/d/empty && echo inner > /opt/d/sub/f && ln -s sub/f /opt/d/link && ln -s nowhere /opt/d/dangling
      - RUN ln -s d /opt/way && chown 7:8 /opt/d/sub/f /opt/d/sub && chmod 4750 /opt/d/sub/f && chmod 1777 /opt/d/empty
  app:
    commands:
      - [FROM, "{{ images.donor }}", "as First"]
      - RUN echo first > /staged
      - [FROM, "@image", "as second"]
      - {COPY: {from: first, path: /staged, to: /staged}}
      - RUN echo second >> /staged
      - FROM @image
      - {ADD: {content: "text $A {{ vars.one }}\n", dest: /text/with space, mode: 0o751, owner: "3:4"}}
      - [ADD, {formatted: "v{{ vars.one }}", dest: "/text/v"}]
      - {ADD: {content: {image: "{{ images.donor }}", path: /opt/d}, dest: /from/dir}}
      - {ADD: {content: {image: donor, path: /opt/d/sub/f}, dest: /from/file, owner: "5:6"}}
      - {ADD: {content: {image: donor, path: /opt/way}, dest: /from/way}}
      - {ADD: {content: {image: "@image", path: /bin/busybox}, dest: /from/bin/}}
      - {ADD: {context: {dir: nested, exclude: ["*.tmp", "own"], include: [keep.tmp]}, dest: /nested, mode: "0640", owner: "9"}}
      - {ADD: {prefix: /got, get: ["a b", sub, "*.md"], owner: "1:1"}}
      - {COPY: {from: 1, path: /staged, to: /by-number}}
      - {COPY: {from: second, path: /staged, to: /by-name, owner: "2:2"}}
      - {COPY: {from: "{{ images.donor }}", path: /opt/d/sub, to: /copied}}
      - COPY . /whole/
      - {ADD: {prefix: /each, get: ["*"]}}
      - [ENV, [ONE=1, 'TWO="a b"']]
      - [CMD, '["sleep", "1000000"]']
containers:
  app: {image: app, init: true, network_mode: none}
"#;

/// Paths that come out, as `stat -c '%N %a %u:%g'` shows them, without their quotes.
const FILES: &[(&str, &str)] = &[
    ("/staged", "absent"),
    ("/by-number", "644 0:0"),
    ("/by-name", "644 2:2"),
    ("/text/with space", "751 3:4"),
    ("/text/v", "644 0:0"),
    ("/from/dir/sub", "755 7:8"),
    ("/from/dir/sub/f", "4750 7:8"),
    ("/from/dir/link", "-> sub/f"),
    ("/from/dir/dangling", "-> nowhere"),
    ("/from/dir/empty", "1777 0:0"),
    ("/from/file", "4750 5:6"),
    ("/from/way/link", "-> sub/f"),
    ("/from/bin/busybox", "755 0:0"),
    ("/nested/file", "640 9:9"),
    ("/nested/keep.tmp", "640 9:9"),
    ("/nested/drop.tmp", "absent"),
    ("/nested/way", "-> file"),
    ("/nested/deep/er", "640 9:9"),
    ("/got/a b", "600 1:1"),
    ("/got/sub/x", "644 1:1"),
    ("/got/one.md", "644 1:1"),
    ("/got/two.md", "644 1:1"),
    ("/copied/f", "4750 7:8"),
    ("/whole/one.md", "644 0:0"),
    ("/whole/.windlass", "absent"),
    ("/each/one.md", "644 0:0"),
    ("/each/.windlass", "absent"),
];

fn world(test: &str, builder: &str) -> Option<World> {
    let world = World::new(test)?;
    world.yaml(&FILE.replace("@builder", builder));
    for path in ["a b", "sub/x", "one.md", "two.md", "nested/file", "nested/drop.tmp"] {
        world.file(path, "x\n");
    }
    for path in ["nested/keep.tmp", "nested/deep/er"] {
        world.file(path, "x\n");
    }
    std::os::unix::fs::symlink("file", world.path("nested/way")).unwrap();
    for (path, mode) in [("a b", 0o600), ("sub/x", 0o644), ("one.md", 0o644), ("two.md", 0o644)] {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(world.path(path), mode).unwrap();
    }
    Some(world)
}

fn seen(world: &World, path: &str) -> String {
    let look = "if [ -L \"$0\" ]; then echo \"-> $(readlink \"$0\")\"
        elif [ -e \"$0\" ]; then stat -c '%a %u:%g' \"$0\"; else echo absent; fi";
    world.inside("app", &["sh", "-c", look, path])
}

fn every_form(test: &str, builder: &str) {
    if builder == "buildkit" && engine::url().is_some() && engine::is_podman() {
        return;
    }
    let Some(world) = world(test, builder) else { return };
    world.up();
    let found: Vec<_> =
        FILES.iter().map(|(path, _)| format!("{path} {}", seen(&world, path))).collect();
    let wanted = FILES.iter().map(|(path, wanted)| match *path {
        // Its `--chown` clears the set-user-id bit, as chown(2) does.
        "/from/file" if builder == "classic" => format!("{path} 750 5:6"),
        _ => format!("{path} {wanted}"),
    });
    let wanted: Vec<_> = wanted.collect();
    assert_eq!(found, wanted);
    let content = |path: &str| world.inside("app", &["cat", path]);
    assert_eq!(content("/by-number"), "first\nsecond");
    assert_eq!(content("/text/with space"), "text $A 1");
    assert_eq!(content("/text/v"), "v1");
    assert_eq!(content("/from/dir/link"), "inner");
    assert_eq!(world.inside("app", &["sh", "-c", "echo $ONE $TWO"]), "1 a b");
    let ours = engine::list("containers", Some(&format!("dev.windlass.project={}", world.project)));
    assert_eq!(ours.len(), 1, "no container but what the file says: {ours:?}");
    world.settled();
}

/// Permission bits of what comes from an image or from the build context as it is.
const MODES: &str = r#"
defaults: {builder: @builder}
images:
  app:
    commands:
      - [FROM, "@image", "as one"]
      - RUN mkdir /d && touch /d/f
      - FROM @image
      - {COPY: {from: one, path: /d/f, to: /copied, mode: 0o604}}
      - {ADD: {content: {image: "@image", path: /bin/busybox}, dest: /added, mode: 0o750, owner: "1:2"}}
      - {ADD: {get: file, prefix: /got, mode: "0711"}}
containers:
  app: {image: app, command: [sleep, "1000000"], init: true, network_mode: none}
"#;

#[test]
fn modes_must_be_given_by_buildkit_and_refused_where_the_builder_has_none() {
    let Some(world) = World::new("forms-modes") else { return };
    world.file("file", "x");
    world.yaml(&MODES.replace("@builder", "classic"));
    world.run(&["build"]).code(1).says("--chmod").says("BuildKit");
    if engine::url().is_some() && engine::is_podman() {
        return;
    }
    world.yaml(&MODES.replace("@builder", "buildkit")).up();
    let modes: Vec<_> = ["/copied", "/added", "/got/file"].map(|path| seen(&world, path)).into();
    assert_eq!(modes, ["604 0:0", "750 1:2", "711 0:0"]);
}

#[test]
fn every_form_of_commands_must_come_out_of_buildkit() {
    every_form("forms-buildkit", "buildkit");
}

#[test]
fn every_form_of_commands_must_come_out_of_the_classic_builder() {
    every_form("forms-classic", "classic");
}
