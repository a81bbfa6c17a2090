//! Checkouts of repositories of this machine.

use windlass_bundle::{Git, Kind};

use crate::place::Place;

/// A repository `r` with two commits, the tag `v1` and the branch `main`; their numbers.
fn repository(place: &Place) -> (String, String) {
    place.write("r/bin/tool", b"#!\n");
    place.write("r/eol.txt", b"a\r\nb\n");
    place.write("r/.gitattributes", b"*.txt text eol=crlf\nhidden export-ignore\n");
    place.write("r/hidden", b"here");
    std::os::unix::fs::symlink("bin/tool", place.path("r/link")).unwrap();
    place.run("r", &["chmod", "+x", "bin/tool"]);
    let git = |argv: &[&str]| place.run("r", &[&["git"], argv].concat());
    git(&["init", "-q", "-b", "main"]);
    git(&["config", "core.autocrlf", "false"]);
    git(&["add", "."]);
    git(&["commit", "-qm", "1"]);
    git(&["tag", "-a", "-m", "x", "v1"]);
    let first = git(&["rev-parse", "HEAD"]);
    place.write("r/new", b"2");
    git(&["add", "."]);
    git(&["commit", "-qm", "2"]);
    (first, git(&["rev-parse", "HEAD"]))
}

#[test]
fn a_commit_a_tag_and_a_branch() {
    let place = Place::new();
    let (first, second) = repository(&place);
    let path = place.path("r").display().to_string();
    let old = [
        "o/",
        "o/.gitattributes=*.txt text eol=crlf\nhidden export-ignore\n",
        "o/bin/",
        "o/bin/tool*=#!\n",
        // As it was committed: git made it so when it was added.
        "o/eol.txt=a\nb\n",
        "o/hidden=here",
        "o/link -> bin/tool",
    ];
    let new = [&old[..], &["o/new=2"]].concat();
    for repository in [path.clone(), place.url("r")] {
        for (rev, commit, expected) in [
            (&*first, &first, &old[..]),
            ("v1", &first, &old),
            ("main", &second, &new),
            (&second[..9], &second, &new),
            (&first[..9], &first, &old),
            (&first, &first, &old),
        ] {
            let git = Git::new("/o", &repository, rev);
            assert_eq!(place.reach(git.clone()).unwrap(), expected, "{rev}");
            let gathered = place.gathered(git).unwrap();
            let Kind::Git(found) = &gathered.resources[0].kind else { panic!("{gathered:?}") };
            assert_eq!(found.commit.as_ref(), Some(commit), "{rev}");
        }
    }
    // A branch goes on; a commit that is known needs nobody.
    place.write("r/new", b"3");
    place.run("r", &["git", "commit", "-qam", "3"]);
    let moved = place.reach(Git::new("/o", &path, "main")).unwrap();
    assert_eq!(moved.last().unwrap(), "o/new=3");
    std::fs::rename(place.path("r"), place.path("gone")).unwrap();
    assert_eq!(place.reach(Git::new("/o", &path, &first)).unwrap(), old);
    place.reach(Git::new("/o", &path, "main")).unwrap_err();
    assert_eq!(place.temporary(), 0);
}

#[test]
fn what_is_not_there_is_said() {
    let place = Place::new();
    repository(&place);
    let path = place.path("r").display().to_string();
    let nowhere = place.path("none").display().to_string();
    let unknown = "1".repeat(40);
    for (repository, rev, expected) in [
        (&path, "v2", "no commit, tag or branch `v2` [rev] name a commit"),
        (&path, "abcdef012", "no commit, tag or branch `abcdef012` [rev]"),
        (&path, &*unknown, "[rev]"),
        (&nowhere, "main", "[repository] correct it"),
    ] {
        let error = place.reach(Git::new("/o", repository, rev)).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn nothing_of_a_repository_runs() {
    let place = Place::new();
    repository(&place);
    place.write("r/.gitattributes", b"* filter=wicked\n");
    place.run("r", &["git", "commit", "-qam", "wicked"]);
    let canary = place.path("ran").display().to_string();
    for key in [
        "filter.wicked.smudge",
        "filter.wicked.clean",
        "core.fsmonitor",
        "uploadpack.packObjectsHook",
    ] {
        place.run("r", &["git", "config", key, &format!("touch {canary}")]);
    }
    let hook = place.path("r/.git/hooks/post-checkout");
    std::fs::write(&hook, format!("#!/bin/sh\ntouch {canary}\n")).unwrap();
    place.run("", &["chmod", "+x", hook.to_str().unwrap()]);
    place.reach(Git::new("/o", place.path("r").display().to_string(), "main")).unwrap();
    assert!(!place.path("ran").exists());
}

#[test]
fn submodules_are_there_if_that_is_said() {
    let place = Place::new();
    repository(&place);
    place.write("outer/own", b"1");
    let git = |argv: &[&str]| place.run("outer", &[&["git"], argv].concat());
    git(&["init", "-q", "-b", "main"]);
    git(&["-c", "protocol.file.allow=always", "submodule", "add", "-q", "../r", "sub/r"]);
    git(&["config", "-f", ".gitmodules", "submodule.sub/r.url", "../r"]);
    git(&["add", "."]);
    git(&["commit", "-qm", "1"]);
    let path = place.path("outer").display().to_string();
    let without = place.reach(Git::new("/o", &path, "main")).unwrap();
    assert!(without.contains(&"o/sub/r/".to_owned()), "{without:?}");
    assert!(!without.iter().any(|one| one.contains("new=2")), "{without:?}");
    let with = place.reach(Git::new("/o", &path, "main").submodules()).unwrap();
    assert!(with.contains(&"o/sub/r/new=2".to_owned()), "{with:?}");
    assert!(with.contains(&"o/sub/r/bin/tool*=#!\n".to_owned()), "{with:?}");
    git(&["config", "-f", ".gitmodules", "submodule.sub/r.url", "ext::sh -c true"]);
    git(&["commit", "-qam", "2"]);
    let error = place.reach(Git::new("/o", &path, "main").submodules()).unwrap_err();
    assert!(error.contains("is refused"), "{error}");
}
