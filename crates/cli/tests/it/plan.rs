//! Plans without an engine.

use crate::program::Test;

const TWO: &str = "\
name: shop
networks: {back: {}}
volumes: {data: {path: /data}}
containers:
  db: {image: 'db:1', attaches: [data], networks: [back]}
  web: {image: 'web:1', networks: [back], depends_on: [db]}
";

#[test]
fn everything_is_created_on_an_empty_engine() {
    let ended = Test::project(TWO).args(["plan", "--offline"]).code(0);
    insta::assert_snapshot!(ended.stdout, @r"
      + network   back   create
      + volume    data   create
      + image     db:1   pull db:1
      + container db     create, start
      + image     web:1  pull web:1
      + container web    create, start

    Plan: 2 to pull, 4 to create.
    ");
    assert_eq!(ended.stderr, "");
}

#[test]
fn the_exit_code_says_whether_there_is_something_to_do() {
    let changes = ["plan", "--offline", "--exit-code", "-q"];
    Test::project(TWO).args(changes).code(2).stdout("");
    Test::project("name: p\n").args(changes).code(0).stdout("");
    let ended = Test::project("name: p\n").args(["plan", "--offline", "--exit-code"]).code(0);
    ended.stdout("Nothing to do.\n");
}

#[test]
fn a_plan_as_json_has_steps_and_causes() {
    let ended = Test::project(TWO).args(["plan", "--offline", "--output", "json"]).code(0);
    let plan: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!((&plan["type"], &plan["project"]), (&"plan".into(), &"shop".into()));
    let steps = plan["steps"].as_array().unwrap();
    assert!(steps.iter().all(|step| step["cause"]["kind"].is_string()), "{steps:#?}");
    assert!(steps.iter().any(|step| step["text"] == "create shop.web"), "{steps:#?}");
}

#[test]
fn a_reference_that_names_nothing_gets_a_suggestion() {
    let test = Test::project(TWO).args(["plan", "--offline", "wbe"]);
    test.code(64).complains(["there is no `wbe` in this project", "did you mean `web`?"]);
    let test = Test::project(TWO).args(["plan", "--offline", "wbe", "--output", "json"]);
    let ended = test.code(64);
    let value: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(value["type"], "blocked");
    assert_eq!(value["blockers"][0]["reason"]["kind"], "unknown-reference");
}

#[test]
fn what_no_engine_takes_for_an_image_is_refused_before_one_is_asked() {
    for (arguments, message) in [
        (&["pull", "x:1:2"][..], "\"1:2\" is not a tag"),
        (&["run", "A/b:1"], "has capital letters"),
        (&["run", "http://r.io/a"], "leave the scheme out"),
        (&["tag", "web", "r.io/b..c:1"], "is not a part of an image's name"),
        (&["untag", "web", "r.io/A:1"], "has capital letters"),
        (&["retrieve", "a//b:1", "/x", "-o", "x.tar"], "is empty"),
        (&["save", "b-/x", "-o", "x.tar"], "is not a part of an image's name"),
    ] {
        let test = arguments.iter().fold(Test::project(TWO), |test, word| test.args([word]));
        test.code(64).complains(["is not the name of an image", message]);
    }
}

#[test]
fn a_project_without_containers_says_what_it_is_for() {
    for (text, hint) in [
        ("name: p\nimages: {a: {commands: [FROM scratch]}}\n", "`windlass build`"),
        ("name: p\ntasks: {t: {image: a, command: b}}\n", "`windlass tasks`"),
    ] {
        let ended = Test::project(text).args(["plan", "--offline"]).code(0);
        ended.complains(["it declares no containers", hint]);
    }
}

#[test]
fn a_missing_build_context_is_named() {
    let text =
        "name: p\nimages:\n  app: {dockerfile: Dockerfile}\ncontainers:\n  web: {image: app}\n";
    let ended = Test::project(text).args(["plan", "--offline"]).code(65);
    ended.complains([
        "images.app: cannot read the Dockerfile [DIR]/Dockerfile",
        "windlass.yaml:3:21",
        "help: ",
    ]);
}

#[test]
fn colours_are_asked_for_or_not() {
    for (arguments, variable, coloured) in [
        (["--color", "always"], ("TERM", "xterm"), true),
        (["--color", "auto"], ("TERM", "xterm"), false),
        (["--color", "never"], ("TERM", "xterm"), false),
    ] {
        let test = Test::project(TWO).variable(variable.0, variable.1);
        let ended = test.args(arguments).args(["plan", "--offline"]).code(0);
        assert_eq!(ended.stdout.contains('\u{1b}'), coloured, "{arguments:?}");
    }
}
