//! Plans, exit codes, and what one run leaves to the next.

use crate::run::Place;
use windlass_bundle::{Bundle, Directory, Execute, File, Resource};

#[test]
fn a_plan_says_what_an_apply_does_then() {
    let place = Place::new();
    let root = ["--root", &place.path("")];
    let bundle = Bundle::new()
        .with(Directory::new("/etc"))
        .with(File::new("/etc/motd").contents("hello\n"))
        .with(Resource::from(File::new("/etc/key").contents("s3cret\n")).sensitive());
    let run = |verb: &[&str]| place.run(&[verb, &root].concat(), &bundle);
    let planned = run(&["plan"]);
    assert_eq!(planned.code, 0);
    assert!(!place.has("etc"), "a plan changes nothing");
    assert_eq!(run(&["plan", "--detailed-exitcode"]).code, 2);
    let applied = run(&["apply"]);
    assert_eq!((applied.code, &applied.lines), (0, &planned.lines));
    assert_eq!(place.text("etc/motd"), "hello\n");
    let motd = r#"{"index":1,"id":"file[/etc/motd]","changes":[{"action":"write","path":"/etc/motd","reason":"create","mode":"0644","owner":"0:0","diff":"--- /dev/null\n+++ /etc/motd\n@@ -0,0 +1 @@\n+hello\n"}]}"#;
    assert_eq!(planned.lines[1].to_string(), motd);
    assert!(!format!("{planned:?}{applied:?}").contains("s3cret"));
    let again = run(&["plan", "--detailed-exitcode"]);
    assert_eq!((again.code, again.lines.len(), again.changed()), (0, 3, vec![]));
    assert_eq!(run(&["apply"]).changed(), [""; 0]);
}

#[test]
fn what_is_no_bundle_is_refused() {
    let place = Place::new();
    for (arguments, input, expected) in [
        (&["plan"][..], "", "no bundle"),
        (&["plan"], "{}", "no bundle"),
        (&["plan"], r#"{"version":99,"resources":[]}"#, "version 99"),
        (&["plan"], r#"{"version":2,"resources":[{"kind":{"fil":{}}}]}"#, "no bundle"),
        (&["plan", "absent.json"], "", "no bundle"),
        (&["frobnicate"], "", "usage:"),
        (&[], "", "usage:"),
    ] {
        let ran = place.run_with(arguments, input);
        assert_eq!((ran.code, ran.lines.len()), (64, 0), "{input}: {ran:?}");
        assert!(ran.said.contains(expected), "{ran:?}");
    }
    let wrong = Bundle::new().with(File::new("a")).with(File::new("b"));
    let ran = place.run(&["plan", "--root", &place.path("")], &wrong);
    assert_eq!((ran.code, ran.lines.len()), (1, 2), "all that is wrong at once: {ran:?}");
}

#[test]
fn files_are_beside_the_bundle() {
    let (place, other) = (Place::new(), Place::new());
    std::fs::write(place.path("asset"), "from the asset").unwrap();
    let bundle = Bundle::new().with(File::new("/f").source("asset"));
    std::fs::write(place.path("bundle.json"), bundle.to_json()).unwrap();
    let ran = other.run_with(&["apply", "--root", ".", &place.path("bundle.json")], "");
    assert_eq!((ran.code, &*other.text("f")), (0, "from the asset"), "{ran:?}");
}

#[test]
fn a_trigger_survives_a_run_that_fails() {
    let place = Place::new();
    let state = place.path("kept/state.json");
    let apply = ["apply", "--state", &state];
    let (a, frob, ran) = (place.path("a"), place.path("frob"), place.path("ran"));
    // The directory in between fails until its parent is there; what watches comes after it.
    let restart = Resource::from(Execute::new(&*format!("echo x >> {ran}"))).watching("a");
    let bundle = Bundle::new()
        .with(Resource::from(File::new(&a).contents("1")).with_id("a"))
        .with(Directory::new(format!("{frob}/x")))
        .with(restart.with_id("restart"));
    let first = place.run(&apply, &bundle);
    assert_eq!((first.code, first.changed()), (1, vec!["a"]), "{first:?}");
    assert!(first.error().contains("no directory"), "{first:?}");
    assert!(place.text("kept/state.json").contains("execute[echo"));
    std::fs::create_dir(&frob).unwrap();
    let planned = place.run(&["plan", "--state", &state], &bundle);
    assert!(planned.changed().contains(&"restart"), "{planned:?}");
    let second = place.run(&apply, &bundle);
    assert_eq!((second.code, &*place.text("ran")), (0, "x\n"), "{second:?}");
    assert!(!place.has("kept/state.json"), "nothing is left");
    let third = place.run(&apply, &bundle);
    assert_eq!((third.code, third.changed(), &*place.text("ran")), (0, vec![], "x\n"));
}

#[test]
fn a_watcher_that_fails_is_run_again() {
    let place = Place::new();
    let state = place.path("state.json");
    let apply = ["apply", "--state", &state];
    let (a, ok) = (place.path("a"), place.path("ok"));
    let restart = Resource::from(Execute::new(["test", "-e", &ok])).watching("a");
    let bundle = Bundle::new()
        .with(Resource::from(File::new(&a).contents("1")).with_id("a"))
        .with(restart.with_id("restart"));
    assert_eq!(place.run(&apply, &bundle).code, 1);
    let again = place.run(&apply, &bundle);
    assert_eq!(again.code, 1, "{again:?}");
    std::fs::write(&ok, "").unwrap();
    let last = place.run(&apply, &bundle);
    assert_eq!((last.code, last.changed()), (0, vec!["restart"]));
    assert_eq!(place.run(&apply, &bundle).changed(), [""; 0]);
}
