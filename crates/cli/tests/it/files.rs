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
    for (name, what) in [("compose.yaml", "a Compose file"), ("harpoon.yml", "a Harpoon file")] {
        let ended = Test::new().file(name, "services: {}\n").args(["ps"]).code(65);
        ended.complains([&format!("error: {name} is {what}, which windlass does not read yet")]);
    }
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
