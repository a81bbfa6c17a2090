//! Files: which are found, and how their mistakes are shown. Exit 65, and no engine is asked.

use crate::program::Test;

#[test]
fn mistakes_are_shown_all_at_once_with_their_places() {
    let test = Test::project(
        "name: shop\ncontainers:\n  web:\n    imag: nginx\n  db:\n    image: postgres\n    \
         restart: allways\n",
    )
    .args(["up", "--yes"]);
    let ended = test.code(65).stdout("");
    insta::assert_snapshot!(ended.stderr, @r#"
    error[missing-image]: containers.web: the container has no image
     --> windlass.yaml:3:3
      |
    3 |   web:
      |   ^^^
      |
      = help: add `image`, or declare images.web

    error[unknown-key]: containers.web: unknown key "imag"
     --> windlass.yaml:4:5
      |
    4 |     imag: nginx
      |     ^^^^ not a key that is known here
      |
    help: did you mean "image"?
      |
    4 |     image: nginx
      |         +

    error[bad-value]: containers.db.restart: "allways" is not a restart policy
     --> windlass.yaml:7:14
      |
    7 |     restart: allways
      |              ^^^^^^^
      |
      = help: did you mean "always"?

    3 errors
    "#);
}

#[test]
fn mistakes_as_json_are_one_object() {
    let test = Test::project("name: shop\ncontaners: {}\n").args(["config", "--output", "json"]);
    let ended = test.code(65);
    assert_eq!(ended.stderr, "");
    let value: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!((&value["v"], &value["type"]), (&1.into(), &"diagnostics".into()));
    assert_eq!(value["diagnostics"][0]["location"]["line"], 2);
}

#[test]
fn foreign_text_can_not_move_the_cursor() {
    let test = Test::project("name: shop\n\"x\\e[2Jy\": 1\n").args(["config", "--color", "always"]);
    let ended = test.code(65);
    assert!(!ended.stderr.contains("\u{1b}[2J"), "{:?}", ended.stderr);
    assert!(ended.stderr.contains("\u{1b}["), "colours were asked for: {:?}", ended.stderr);
}

#[test]
fn files_of_other_formats_are_named() {
    let ended = Test::new().file("compose.yaml", "services: {}\n").args(["ps"]).code(65);
    ended.complains(["error: compose.yaml is a Compose file, which windlass does not read yet"]);
    let ended = Test::new().args(["ps"]).code(65);
    ended.complains(["error: there is no windlass.yaml in [DIR] or above it", "help: "]);
}

#[test]
fn standard_input_is_a_file() {
    let test = Test::new().stdin("name: from-stdin\n").args(["-f", "-", "config"]);
    test.code(0).stdout("name: from-stdin\n");
}

#[test]
fn what_the_command_line_gives_wins() {
    let text = "name: a\nvars: {tag: '1'}\ncontainers:\n  c: {image: 'x:{{ vars.tag }}'}\n";
    let images = |test: Test| test.args(["config", "--images"]).code(0).stdout;
    assert_eq!(images(Test::project(text)), "x:1\n");
    assert_eq!(images(Test::project(text).variable("WINDLASS_VAR_tag", "2")), "x:2\n");
    assert_eq!(images(Test::project(text).args(["--set", "tag=3"])), "x:3\n");
    let named = Test::project(text).args(["-p", "other", "config"]).code(0);
    assert!(named.stdout.starts_with("name: other\n"), "{}", named.stdout);
}

/// What is read only after the load is wrong in these ways, each at its place.
const UNREADABLE: &str = "\
name: shop
secrets:
  gone: {file: nope.txt}
  unset: {env: NOPE}
images:
  app: {dockerfile: nowhere/Dockerfile, secrets: [gone, unset]}
  dir: {dockerfile: ctx}
  bad: {dockerfile: bad/Dockerfile}
  inline:
    dockerfile:
      inline: |
        FROM scratch

        RUN <<EOF
        x
  rootfs: {import: nope.tar}
  context: {dockerfile: {inline: FROM scratch}, context: {dir: no-dir}}
  file: {dockerfile: {inline: FROM scratch}, context: ctx/file}
  commands:
    commands:
    - FROM scratch
    - ADD: {context: no-dir2, dest: /x}
";

fn unreadable() -> Test {
    Test::project(UNREADABLE)
        .file("bad/Dockerfile", "FROM scratch\nRUN <<EOF\n")
        .file("ctx/file", "")
}

#[test]
fn files_and_secrets_that_can_not_be_read_are_shown_where_they_are_named() {
    for arguments in [["config", "--check"], ["up", "--yes"], ["plan", "-q"]] {
        let ended = unreadable().args(arguments).code(65).stdout("");
        for (place, text) in [
            (
                "windlass.yaml:3:16",
                "secrets.gone: cannot read the file [DIR]/nope.txt of secret gone: No such file or directory\n",
            ),
            ("windlass.yaml:4:16", "secrets.unset: the variable NOPE of secret unset is not set\n"),
            (
                "windlass.yaml:6:21",
                "images.app: cannot read the Dockerfile [DIR]/nowhere/Dockerfile: No such file or directory\n",
            ),
            (
                "windlass.yaml:7:21",
                "images.dir: cannot read the Dockerfile [DIR]/ctx: is a directory\n",
            ),
            (
                "[DIR]/bad/Dockerfile:2:1",
                "images.bad: malformed Dockerfile: the heredoc \"EOF\" has no end\n",
            ),
            ("windlass.yaml:8:21", "-- named here"),
            (
                "windlass.yaml:14:9",
                "images.inline: malformed Dockerfile: the heredoc \"EOF\" has no end\n",
            ),
            (
                "windlass.yaml:16:20",
                "images.rootfs: cannot read [DIR]/nope.tar: No such file or directory\n",
            ),
            (
                "windlass.yaml:17:64",
                "images.context: cannot read the directory [DIR]/no-dir: No such file or directory\n",
            ),
            ("windlass.yaml:18:55", "images.file: [DIR]/ctx/file is not a directory\n"),
            (
                "windlass.yaml:22:7",
                "images.commands: cannot read the directory [DIR]/no-dir2: No such file or directory\n",
            ),
        ] {
            assert!(ended.stderr.contains(text), "{text}\n{}", ended.stderr);
            assert!(ended.stderr.contains(&format!("{place}\n")), "{place}\n{}", ended.stderr);
        }
        assert!(ended.stderr.contains("10 errors\n"), "{}", ended.stderr);
    }
}

#[test]
fn a_check_reads_no_secret_and_runs_nothing() {
    let text = "name: shop\nsecrets: {a: {file: a.txt}, b: {env: B}, c: {command: [touch, ran]}}\n";
    let project = Test::project(text).file("a.txt", "hunter2").variable("B", "hunter2");
    let check = project.args(["config", "--check"]);
    assert_eq!(check.code(0).stderr, "shop is well.\n");
    assert!(!check.exists("ran"));
}
