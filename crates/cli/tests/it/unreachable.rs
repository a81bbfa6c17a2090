//! An engine that is not there: exit 69, with what to do.

use crate::program::Test;

const ONE: &str = "name: p\ncontainers:\n  web: {image: 'web:1'}\n";

#[test]
fn every_command_that_needs_an_engine_says_that_there_is_none() {
    for arguments in [
        &["ps"][..],
        &["up", "--yes"],
        &["down"],
        &["plan"],
        &["logs"],
        &["images"],
        &["exec", "web", "--", "true"],
    ] {
        let mut test = Test::project(ONE);
        for argument in arguments {
            test = test.args([argument]);
        }
        let ended = test.code(69).stdout("");
        ended.complains(["error: ", "no engine answers there", "/nowhere/docker.sock", "help: "]);
    }
}

#[test]
fn an_unreachable_engine_as_json() {
    let ended = Test::project(ONE).args(["ps", "--output", "json"]).code(69);
    assert_eq!(ended.stderr, "");
    let value: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!((&value["type"], &value["code"]), (&"error".into(), &"unreachable".into()));
}

#[test]
fn the_engine_may_be_named_on_the_command_line() {
    let test = Test::project(ONE).args(["--engine", "unix:///elsewhere.sock", "ps"]);
    test.code(69).complains(["/elsewhere.sock"]);
    let test = Test::project(ONE).args(["--engine", "gopher://x", "ps"]);
    let ended = test.code(64);
    ended.complains(["error: could not find the engine", "gopher://x"]);
}
