//! Several projects at once: each file is one, and words find theirs.

use crate::program::Test;

const A: &str = "name: a\ncontainers: {web: {image: i}, both: {image: i}}\ngroups: {g: [web]}\nvolumes: {va: /va}\n";
const B: &str = "name: b\ncontainers: {db: {image: i}, both: {image: i}}\n";

fn test() -> Test {
    let test = Test::new().file("a.yaml", A).file("b.yaml", B);
    test.args(["-f", "a.yaml", "-f", "b.yaml", "--each"])
}

#[test]
fn a_word_finds_its_project() {
    for (words, plans) in [
        (&[][..], &["a: both, web", "b: both, db"][..]),
        (&["web"], &["a: web"]),
        (&["g", "db"], &["a: web", "b: db"]),
        (&["a.both"], &["a: both"]),
        (&["b/both"], &["b: both"]),
        (&["__all__.both"], &["a: both", "b: both"]),
        (&["__all__.__all__"], &["a: both, web", "b: both, db"]),
        (&["a.__all__"], &["a: both, web"]),
        (&["--recreate", "db"], &["a: both, web", "b: both, db"]),
        (&["--destroy-volume", "va"], &["a: both, web", "b: both, db"]),
        (&["--for", "down"], &["a: ", "b: "]),
    ] {
        let test = test().args(["--output", "json", "plan", "--offline"]);
        let ended = words.iter().fold(test, |test, word| test.args([*word])).run();
        // Each is announced.
        let (begins, plans_seen): (Vec<&str>, Vec<&str>) =
            ended.stdout.lines().partition(|line| line.contains("\"project_begins\""));
        let seen: Vec<String> = plans_seen.into_iter().map(line).collect();
        assert_eq!(begins.len(), plans.len(), "{words:?}");
        assert_eq!(seen, plans, "{words:?}: {}", ended.stderr);
    }
}

/// What a plan is about.
fn line(text: &str) -> String {
    let object: serde_json::Value = serde_json::from_str(text).unwrap();
    let names = object["steps"].as_array().unwrap().iter();
    let names = names.filter(|step| step["address"]["kind"] == "container");
    let mut names: Vec<_> = names.filter_map(|step| step["address"]["name"].as_str()).collect();
    names.sort_unstable();
    names.dedup();
    format!("{}: {}", object["project"].as_str().unwrap(), names.join(", "))
}

#[test]
fn what_names_nothing_or_too_much_is_refused_before_anything_is_done() {
    for (words, code, says) in [
        (&["plan", "zzz"][..], 64, "there is no `zzz` in these projects"),
        (&["plan", "wbe"], 64, "did you mean `web`"),
        (&["plan", "both"], 64, "write one of `a.both` and `b.both`"),
        (&["up", "--destroy-volume", "none"], 64, "there is no `none`"),
        (&["logs", "-f"], 64, "one project at a time, not with a and b"),
        (&["-p", "x", "plan"], 64, "`--project` names one project"),
    ] {
        let ended = words.iter().fold(test(), |test, word| test.args([*word])).run();
        assert_eq!(ended.code, code, "{words:?}: {}", ended.stderr);
        assert!(ended.stderr.contains(says), "{words:?}: {}", ended.stderr);
    }
    let twice = Test::new().file("a.yaml", A).args(["-f", "a.yaml", "-f", "a.yaml", "--each"]);
    let ended = twice.args(["plan", "--offline"]).code(65);
    assert!(ended.stderr.contains("are both project a"), "{}", ended.stderr);
    let wrong = Test::new().file("a.yaml", A).file("b.yaml", "name: b\nx: y\n");
    let ended = wrong.args(["-f", "a.yaml", "-f", "b.yaml", "--each", "config"]).code(65);
    assert!(ended.stderr.contains("b.yaml:2:1") && ended.stdout.is_empty(), "{}", ended.stderr);
}

#[test]
fn maps_of_docker_map_are_projects_each() {
    let map = |name: &str| format!("name: {name}\nc{name}: {{image: i}}\n");
    let test = Test::new().file("a.yaml", &map("a")).file("b.yaml", &map("b"));
    let words = ["--dialect", "docker-map", "-f", "a.yaml", "-f", "b.yaml", "config", "--services"];
    assert_eq!(test.args(words).code(0).stdout, "ca\ncb\n");
}
