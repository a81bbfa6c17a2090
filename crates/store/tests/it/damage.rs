//! What somebody changed in a store.

use std::fs::{self, File};
use std::time::{Duration, SystemTime};

use windlass_bundle::{Fetch, Git, Kind, Resource};

use crate::place::Place;

type Damage = fn(&mut Vec<u8>);

/// What is done to the bytes of a kept file.
const DAMAGES: &[(&str, Damage)] = &[
    ("flipped", |bytes| bytes.last_mut().into_iter().for_each(|byte| *byte ^= 0x20)),
    ("shortened", |bytes| bytes.truncate(bytes.len().saturating_sub(1))),
    ("emptied", Vec::clear),
    ("lengthened", |bytes| bytes.push(b'x')),
];

#[test]
fn what_was_changed_is_had_anew() {
    let place = Place::new();
    let hello = place.write("hello", b"hello");
    place.write("r/bin/tool", b"#!\nhello\n");
    let git = |argv: &[&str]| place.run("r", &[&["git"], argv].concat());
    git(&["init", "-q", "-b", "main"]);
    git(&["add", "."]);
    git(&["commit", "-qm", "1"]);
    let commit = git(&["rev-parse", "HEAD"]);
    place.run("", &["tar", "-cf", "all.tar", "r/bin"]);
    let tar = place.write("copy.tar", &fs::read(place.path("all.tar")).unwrap());
    let of_git = Git::new("/o", place.path("r").to_str().unwrap(), commit);
    let extracted =
        Kind::Fetch(Fetch { extract: true, ..Fetch::new("/o", place.url("all.tar"), tar) });
    let resources: [(&str, Resource); 3] = [
        ("a file", Fetch::new("/o", place.url("hello"), hello).into()),
        ("an archive", extracted.into()),
        ("a commit", Kind::Git(of_git).into()),
    ];
    for (what, resource) in resources {
        let expected = place.reach(resource.clone()).unwrap();
        for directory in ["files", "trees"] {
            for (how, damage) in DAMAGES {
                for one in fs::read_dir(place.path("store").join(directory)).unwrap() {
                    let path = one.unwrap().path();
                    let mut bytes = fs::read(&path).unwrap();
                    damage(&mut bytes);
                    fs::write(&path, bytes).unwrap();
                }
                let found = place.reach(resource.clone());
                assert_eq!(found.as_ref(), Ok(&expected), "{what}, {directory} {how}");
            }
        }
    }
}

#[test]
fn what_an_interrupted_run_left_goes_with_the_next() {
    let place = Place::new();
    let hello = place.write("hello", b"hello");
    let gathered = || place.gathered(Fetch::new("/o", place.url("hello"), hello.clone())).unwrap();
    gathered();
    for (is_old, is_locked, is_left) in
        [(true, false, false), (true, true, true), (false, false, true)]
    {
        place.write("store/temporary/.one", b"half of it");
        let file = File::options().write(true).open(place.path("store/temporary/.one")).unwrap();
        if is_old {
            file.set_modified(SystemTime::now() - Duration::from_secs(100)).unwrap();
        }
        if is_locked {
            file.lock().unwrap();
        }
        gathered();
        assert_eq!(place.temporary(), usize::from(is_left), "old {is_old}, locked {is_locked}");
    }
}

/// Who is asked for is named, and who asks is not: that may be all of a secret.
#[test]
fn credentials_of_a_url_are_in_no_message() {
    let place = Place::new();
    for user in ["CANARY", "me:CANARY"] {
        let url = format!("http://{user}@127.0.0.1:1/x");
        let fetched = Fetch::new("/x", &url, "a".repeat(64));
        let all: [Resource; 2] = [fetched.into(), Git::new("/x", &url, "main").into()];
        for resource in all {
            let said = place.gathered(resource).unwrap_err();
            assert!(said.contains("127.0.0.1") && !said.contains("CANARY"), "{said}");
        }
    }
}
