//! What somebody changed in a store.

use std::fs;

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
