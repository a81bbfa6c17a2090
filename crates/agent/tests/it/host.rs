//! What is said with an agent on a host, on a root and a state of its own.

use crate::run::Place;
use serde_json::{Value, json};
use std::fs::File as OpenFile;
use std::io::{Read as _, Write as _};
use windlass_bundle::{Bundle, Directory, File, Resource};

/// SHA-256 of `hello`.
const HELLO: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

fn asked(place: &Place, bundle: &Bundle, asset: &str, asks: &[&str]) -> Vec<Value> {
    asked_with(place, bundle, asset, asks, None).1
}

fn asked_with(
    place: &Place,
    bundle: &Bundle,
    asset: &str,
    asks: &[&str],
    ends_at: Option<u32>,
) -> (Option<i32>, Vec<Value>) {
    let mut input = format!("{{\"bundle\":{}}}\n", bundle.to_json());
    if !asset.is_empty() {
        input += &json!({"asset": {"digest": HELLO, "size": asset.len()}}).to_string();
        input += "\n";
        input += asset;
    }
    for ask in asks {
        input.extend(["\"", ask, "\"\n"]);
    }
    let (root, state, assets) = (place.path("root"), place.path("state/s.json"), place.path("a"));
    std::fs::create_dir_all(&root).unwrap();
    let arguments = ["host", "--root", &root, "--state", &state, "--assets", &assets];
    let ends_at = ends_at.map(|point| ("WINDLASS_AGENT_ENDS_AT", point.to_string()));
    place.talk(&arguments, ends_at, &input)
}

fn end(lines: &[Value]) -> &str {
    lines.last().and_then(|line| line["end"].as_str()).unwrap_or_default()
}

fn bundle() -> Bundle {
    let asset = format!("assets/{HELLO}");
    Bundle::new()
        .with(Directory::new("/d"))
        .with(File::new("/d/hello").source(asset))
        .with(Resource::from(File::new("/d/told").contents("told\n")).watching("/d/hello"))
}

#[test]
fn what_is_needed_is_sent_once_and_what_is_planned_is_applied() {
    let place = Place::new();
    let first = asked(&place, &bundle(), "hello", &["plan", "apply"]);
    assert_eq!(first[0], json!({"needs": [HELLO]}), "{first:?}");
    assert_eq!(end(&first), "done", "{first:?}");
    assert_eq!(
        (place.text("root/d/hello").as_str(), place.text("root/d/told").as_str()),
        ("hello", "told\n")
    );
    let again = asked(&place, &bundle(), "", &["plan"]);
    assert_eq!(again[0], json!({"needs": []}));
    let changed = again
        .iter()
        .filter(|line| line["resource"]["changes"].as_array().is_some_and(|all| !all.is_empty()));
    assert_eq!((changed.count(), end(&again)), (0, "done"), "{again:?}");
}

#[test]
fn nothing_is_applied_that_was_not_planned_so() {
    let place = Place::new();
    let lines = asked(&place, &bundle(), "hello", &["apply"]);
    assert_eq!(end(&lines), "differs", "{lines:?}");
    assert!(!place.has("root/d"));
}

/// A user puts a link in the place of a directory of theirs after the plan was shown.
#[test]
fn what_was_planned_is_not_done_where_a_link_leads_since() {
    // Nobody else is told apart.
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let place = Place::new();
    for directory in ["root/u/d", "root/private", "a"] {
        std::fs::create_dir_all(place.path(directory)).unwrap();
    }
    let bundle = Bundle::new().with(File::new("/u/d/conf").contents("x"));
    let (root, assets) = (place.path("root"), place.path("a"));
    let mut talk = place.start(&["host", "--root", &root, "--assets", &assets]);
    let mut ask = |words: &str| {
        writeln!(talk.stdin.as_mut().unwrap(), "{words}").unwrap();
        let mut lines = Vec::new();
        while lines.last().is_none_or(|last: &Value| last.get("end").is_none()) {
            let mut line = String::new();
            let out = talk.stdout.as_mut().unwrap();
            let mut one = [0];
            while out.read(&mut one).unwrap() == 1 && one != *b"\n" {
                line.push(char::from(one[0]));
            }
            lines.push(serde_json::from_str(&line).unwrap());
        }
        lines
    };
    let planned = ask(&format!("{{\"bundle\":{}}}\n\"plan\"", bundle.to_json()));
    assert_eq!(end(&planned), "done", "{planned:?}");
    std::fs::remove_dir(place.path("root/u/d")).unwrap();
    std::os::unix::fs::symlink("../private", place.path("root/u/d")).unwrap();
    std::os::unix::fs::lchown(place.path("root/u/d"), Some(65_534), None).unwrap();
    let applied = ask("\"apply\"");
    assert_eq!(end(&applied), "failed", "{applied:?}");
    let said = applied[0]["failed"]["error"].as_str().unwrap();
    assert!(said.contains("leads through the link /u/d"), "{said}");
    assert!(!place.has("root/private/conf"));
    drop(talk.stdin.take());
    talk.wait().unwrap();
}

#[test]
fn only_one_applies_at_a_time() {
    let place = Place::new();
    std::fs::create_dir(place.path("state")).unwrap();
    let lock = OpenFile::create(place.path("state/lock")).unwrap();
    lock.lock().unwrap();
    let lines = asked(&place, &bundle(), "hello", &["plan", "apply"]);
    assert_eq!(end(&lines), "held", "{lines:?}");
    assert!(!place.has("root/d"));
    drop(lock);
    assert_eq!(end(&asked(&place, &bundle(), "", &["plan", "apply"])), "done");
}

#[test]
fn files_of_a_bundle_are_assets_that_are_what_they_are_called() {
    let place = Place::new();
    let lines = asked(&place, &bundle(), "jello", &["plan"]);
    assert!(
        lines[1]["failed"]["error"].as_str().unwrap().contains("changed on the way"),
        "{lines:?}"
    );
    assert!(!place.has(&format!("a/assets/{HELLO}")));
    for path in ["/etc/passwd", "assets/../../x", "assets/aa"] {
        let bundle = Bundle::new().with(File::new("/x").source(path));
        let lines = asked(&place, &bundle, "", &["plan", "apply"]);
        let error = lines[0]["failed"]["error"].as_str().unwrap();
        assert!(error.contains("not named by a digest"), "{error}");
    }
}

#[test]
fn a_kept_file_that_somebody_changed_is_asked_for_again() {
    for damaged in ["jello", "hell", "", "hello!"] {
        let place = Place::new();
        assert_eq!(end(&asked(&place, &bundle(), "hello", &["plan", "apply"])), "done");
        std::fs::write(place.path(&format!("a/assets/{HELLO}")), damaged).unwrap();
        std::fs::remove_file(place.path("root/d/hello")).unwrap();
        let lines = asked(&place, &bundle(), "hello", &["plan", "apply"]);
        assert_eq!(lines[0], json!({"needs": [HELLO]}), "{damaged}");
        assert_eq!((end(&lines), place.text("root/d/hello").as_str()), ("done", "hello"));
    }
}

#[test]
fn a_state_that_cannot_be_used_is_named() {
    for damaged in ["{", "[]", "{\"version\":9,\"pending\":[]}", "\u{0}"] {
        let place = Place::new();
        std::fs::create_dir(place.path("state")).unwrap();
        std::fs::write(place.path("state/s.json"), damaged).unwrap();
        let lines = asked(&place, &bundle(), "hello", &["plan"]);
        let failed = lines.iter().find_map(|line| line["failed"]["error"].as_str());
        let failed = failed.unwrap_or_else(|| panic!("{damaged}: {lines:?}"));
        for part in [&place.path("state/s.json"), "cannot be used", "if it is removed"] {
            assert!(failed.contains(part), "{damaged}: {failed}");
        }
    }
}

#[test]
fn a_run_that_was_killed_anywhere_is_finished_by_the_next() {
    let mut killed = 0;
    for point in 0.. {
        let place = Place::new();
        let (code, _) = asked_with(&place, &bundle(), "hello", &["plan", "apply"], Some(point));
        let lines = asked(&place, &bundle(), "hello", &["plan", "apply"]);
        assert_eq!(end(&lines), "done", "{point}: {lines:?}");
        let found = (place.text("root/d/hello"), place.text("root/d/told"));
        // What watches is applied also if what it watches was changed by the run that was killed.
        assert_eq!(found, ("hello".into(), "told\n".into()), "{point}");
        assert!(!place.has("state/s.json"), "{point}: nothing is left to be done");
        let names = std::fs::read_dir(place.path("root/d")).unwrap();
        assert_eq!(names.count(), 2, "{point}: nothing else was left behind");
        if code.is_some() {
            break;
        }
        killed += 1;
    }
    assert_eq!(killed, 6, "before and after each of three operations");
}
