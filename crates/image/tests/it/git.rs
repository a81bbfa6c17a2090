//! What git adds: its ignore rules and its dates.
//!
//! Invariant: the repositories are made by the test, with fixed times, and read with no configuration but their own.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, UNIX_EPOCH};

use proptest::prelude::*;
use windlass_image::context::{BuildContext, ContextError, ContextOptions, ContextWarning};

use crate::tree::{Tree, names};

fn repository() -> Tree {
    let tree = Tree::new(&[
        ".gitignore=*.o\n/build/\n",
        "src/main.c",
        "src/main.o",
        "build/out",
        "sub/.gitignore=local\n",
        "sub/local",
        "sub/kept",
        "empty/",
        "link->src/main.c",
        "deleted",
    ]);
    tree.git(1_000_000_000, &["init", "-q"]);
    tree.git(1_000_000_000, &["add", "."]);
    tree.git(1_000_000_000, &["commit", "-qm", "one"]);
    std::fs::remove_file(tree.path("deleted")).expect("remove");
    tree.plant("src/new.c");
    tree
}

#[test]
fn gitignored_files_are_left_out() {
    let tree = repository();
    let mut options = tree.options();
    options.use_gitignore = true;
    let wanted = [
        ".gitignore",
        "link->src/main.c",
        "src/",
        "src/main.c",
        "src/new.c",
        "sub/",
        "sub/.gitignore",
        "sub/kept",
    ];
    assert_eq!(names(&BuildContext::walk(&options).expect("walk")), wanted);

    options.directory = tree.path("sub");
    assert_eq!(names(&BuildContext::walk(&options).expect("below")), [".gitignore", "kept"]);

    options.directory = tree.path("src");
    options.include = vec!["*.o".to_owned()];
    let wanted = ["main.c", "main.o", "new.c"];
    assert_eq!(names(&BuildContext::walk(&options).expect("include")), wanted);
}

#[test]
fn repositories_inside_have_their_own_rules() {
    let tree = repository();
    tree.plant("nested/.gitignore=*.tmp\n");
    tree.plant("nested/a.tmp");
    tree.plant("nested/b");
    tree.git_in("nested", 1, &["init", "-q"]);
    let library = Tree::new(&["lib.c", "lib.log", ".gitignore=*.log\n"]);
    library.git(1, &["init", "-q"]);
    library.git(1, &["add", "lib.c", ".gitignore"]);
    library.git(1, &["commit", "-qm", "lib"]);
    let url = library.path("").display().to_string();
    tree.git(1_100_000_000, &["submodule", "--quiet", "add", &url, "vendor/lib"]);
    tree.git(1_100_000_000, &["commit", "-qm", "submodule"]);
    tree.plant("vendor/lib/x.log");
    tree.plant("vendor/lib/y.c");
    let mut options = tree.options();
    options.use_gitignore = true;
    options.git_timestamps = true;
    let context = BuildContext::walk(&options).expect("walk");
    let below: Vec<String> = names(&context)
        .into_iter()
        .filter(|name| name.starts_with("nested") || name.starts_with("vendor"))
        .collect();
    let wanted = [
        "nested/",
        "nested/.gitignore",
        "nested/b",
        "vendor/",
        "vendor/lib/",
        "vendor/lib/.gitignore",
        "vendor/lib/lib.c",
        "vendor/lib/y.c",
    ];
    assert_eq!(below, wanted);
    let file = context
        .entries()
        .iter()
        .find(|entry| entry.path.as_bytes() == b"vendor/lib/lib.c")
        .expect("a file of the submodule");
    assert_eq!(file.mtime_ns, 1_100_000_000 * 1_000_000_000);
}

#[test]
fn no_repository_is_an_error() {
    let tree = Tree::new(&["f"]);
    let mut options = tree.options();
    options.use_gitignore = true;
    let error = BuildContext::walk(&options).expect_err("no repository");
    assert!(matches!(error, ContextError::Git { .. }), "{error}");
}

#[test]
fn files_have_the_date_of_their_last_commit() {
    let tree = Tree::new(&["old", "changed", "dirty", "d/x\ny", "d/z"]);
    tree.git(1_000_000_000, &["init", "-q"]);
    tree.git(1_000_000_000, &["add", "."]);
    tree.git(1_000_000_000, &["commit", "-qm", "one"]);
    tree.plant("changed=again");
    tree.plant("d/z=again");
    tree.git(1_200_000_000, &["commit", "-qam", "two"]);
    tree.plant("dirty=edited");
    tree.plant("new");
    let date = |options| {
        let context = BuildContext::walk(&options).expect("walk");
        let digest = context.digest().expect("digest");
        let dates = context
            .entries()
            .iter()
            .filter(|entry| entry.mtime_ns < 1_300_000_000_000_000_000)
            .map(|entry| format!("{} {}", entry.path, entry.mtime_ns / 1_000_000_000))
            .collect::<Vec<_>>();
        (dates, digest)
    };
    let mut options = tree.options();
    options.git_timestamps = true;
    options.exclude = vec![".git".to_owned()];
    let (dates, digest) = date(options.clone());
    let wanted = [
        "changed 1200000000",
        "d 1200000000",
        "d/x\\ny 1000000000",
        "d/z 1200000000",
        "old 1000000000",
    ];
    assert_eq!(dates, wanted);
    tree.git(1_250_000_000, &["checkout", "-q", "--", "dirty"]);
    tree.git(1_250_000_000, &["rm", "-q", "--cached", "old"]);
    tree.git(1_250_000_000, &["add", "."]);
    tree.git(1_250_000_000, &["commit", "-q", "--amend", "-m", "dates change"]);
    assert_ne!(date(options).1, digest, "the dates are part of the digest");

    let clone = Tree::new(&[]);
    let url = format!("file://{}", tree.path("").display());
    clone.git(1, &["clone", "-q", "--depth", "1", &url, "here"]);
    let mut options = clone.options();
    options.directory = clone.path("here");
    options.git_timestamps = true;
    let context = BuildContext::walk(&options).expect("shallow");
    assert_eq!(context.warnings(), [ContextWarning::ShallowHistory]);
}

/// The dates of what is not a directory, in seconds, by path.
fn dates(options: &ContextOptions) -> BTreeMap<Vec<u8>, i64> {
    let context = BuildContext::walk(options).expect("walk");
    let files = context.entries().iter().filter(|entry| !entry.is_directory());
    files.map(|entry| (entry.path.as_bytes().to_vec(), entry.mtime_ns / 1_000_000_000)).collect()
}

fn dated(tree: &Tree, below: &str) -> ContextOptions {
    let mut options = tree.options();
    options.directory = tree.path(below);
    options.git_timestamps = true;
    options.use_gitignore = true;
    options
}

/// What git itself says of each file that `dates` has.
fn asked(directory: &Path, found: &BTreeMap<Vec<u8>, i64>) -> BTreeMap<Vec<u8>, i64> {
    let date = |path: &Vec<u8>| {
        let output = Command::new("git")
            .args(["--literal-pathspecs", "log", "-1", "--format=%ct", "HEAD", "--"])
            .arg(OsStr::from_bytes(path))
            .current_dir(directory)
            .output()
            .expect("git runs");
        let text = String::from_utf8(output.stdout).expect("a number");
        text.trim().parse().unwrap_or_else(|_| panic!("no date of {path:?}"))
    };
    found.keys().map(|path| (path.clone(), date(path))).collect()
}

fn commit(tree: &Tree, time: u64, change: &str) {
    tree.plant(change);
    tree.git(time, &["add", "-A"]);
    tree.git(time, &["commit", "-qm", "change"]);
}

#[test]
fn dates_are_those_of_the_side_that_a_merge_took() {
    let tree = Tree::new(&["same", "theirs", "ours", "both=0", "sub/x"]);
    tree.git(1_000, &["init", "-q"]);
    commit(&tree, 1_000, "gone=1");
    tree.git(1_000, &["checkout", "-qb", "side"]);
    commit(&tree, 1_100, "theirs=side");
    commit(&tree, 1_200, "both=side");
    commit(&tree, 1_300, "ours=dropped");
    tree.git(1_000, &["checkout", "-q", "main"]);
    commit(&tree, 1_150, "ours=main");
    commit(&tree, 1_250, "both=main");
    commit(&tree, 1_260, "sub/\u{1}9=odd");
    tree.git(1_400, &["merge", "-q", "-s", "ours", "--no-commit", "side"]);
    tree.git(1_400, &["checkout", "side", "--", "theirs"]);
    tree.plant("both=merged");
    tree.git(1_400, &["mv", "gone", "moved"]);
    tree.git(1_400, &["commit", "-qam", "merge"]);
    let found = dates(&dated(&tree, ""));
    assert_eq!(found, asked(&tree.path(""), &found));
    let of = |name: &str| found[name.as_bytes()];
    let wanted = [of("same"), of("theirs"), of("ours"), of("both"), of("moved"), of("sub/\u{1}9")];
    assert_eq!(wanted, [1_000, 1_100, 1_150, 1_400, 1_400, 1_260]);
    assert_eq!(dates(&dated(&tree, "sub")), asked(&tree.path("sub"), &dates(&dated(&tree, "sub"))));

    tree.git(1, &["worktree", "add", "-q", "other", "side"]);
    let found = dates(&dated(&tree, "other"));
    assert_eq!(found[&b"ours"[..]], 1_300, "a working tree of its own");
    assert_eq!(found, asked(&tree.path("other"), &found));
}

#[test]
fn nothing_is_dated_before_the_first_commit() {
    let tree = Tree::new(&["a"]);
    tree.git(1, &["init", "-q"]);
    let file = std::fs::File::options().write(true).open(tree.path("a")).expect("open");
    file.set_modified(UNIX_EPOCH + Duration::from_secs(7)).expect("touch");
    assert_eq!(dates(&dated(&tree, "")), BTreeMap::from([(b"a".to_vec(), 7)]));
}

#[test]
fn all_of_gits_own_rules_count() {
    let tree = Tree::new(&[
        "excludes=*.global\n",
        "repo/.gitignore=*.o\n!kept.o\n/top\nd/*\n!d/in\n",
        "repo/sub/.gitignore=!again.o\n*.c\n",
    ]);
    tree.git_in("repo", 1, &["init", "-q"]);
    tree.plant("repo/.git/info/exclude=*.info\n");
    let file = tree.path("excludes").display().to_string();
    tree.git_in("repo", 1, &["config", "core.excludesFile", &file]);
    let cases = [
        ("a.o", false),
        ("kept.o", true),
        ("top", false),
        ("sub/top", true),
        ("sub/again.o", true),
        ("sub/x.c", false),
        ("x.c", true),
        ("d/out", false),
        ("d/in", true),
        ("a.info", false),
        ("a.global", false),
        ("tracked.o", true),
        ("-leading", true),
        ("sp ace\"quo'te\\", true),
        ("line\nfeed", true),
        ("\u{fc}", true),
    ];
    for (name, _) in cases {
        tree.plant(&format!("repo/{name}"));
    }
    let broken = tree.path("repo").join(OsStr::from_bytes(b"not\xff\xfeutf8"));
    std::fs::write(broken, "x").expect("file");
    tree.git_in("repo", 1, &["add", "-f", "tracked.o"]);
    tree.git_in("repo", 1, &["commit", "-qm", "one"]);
    let other = tree.path("other").display().to_string();
    tree.git_in("repo", 1, &["worktree", "add", "-q", &other]);
    tree.plant("other/a.info");
    tree.plant("other/free");

    let found = dates(&dated(&tree, "repo"));
    for (name, wanted) in cases {
        assert_eq!(found.contains_key(name.as_bytes()), wanted, "{name:?}");
    }
    assert!(found.contains_key(&b"not\xff\xfeutf8"[..]));
    assert_eq!(found.len(), cases.iter().filter(|(_, wanted)| *wanted).count() + 3);
    let below: Vec<_> = dates(&dated(&tree, "repo/sub")).into_keys().collect();
    assert_eq!(below, [&b".gitignore"[..], b"again.o", b"top"]);
    let other: Vec<_> = dates(&dated(&tree, "other")).into_keys().collect();
    assert_eq!(other, [&b"free"[..], b"tracked.o"], "a `.git` that is a file");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn git_lists_the_same_files(
        files in prop::collection::btree_set("[ab. -]{1,2}(/[ab.\u{fc}\"]{1,2}){0,2}", 1..14),
        rules in prop::collection::vec(("(|a/|b/|a/b/)", "!?/?([ab.*?]{1,2}/?){1,2}"), 0..6),
        tracked in prop::collection::vec(any::<bool>(), 14),
    ) {
        let tree = Tree::new(&[]);
        tree.git(1, &["init", "-q"]);
        let plant = |name: &str, text: &str| {
            let is_bad = name.split('/').any(|part| matches!(part, "." | ".."));
            let full = tree.path(name);
            // A name may already be a directory, or lie below a file; such a file is not in the tree.
            !is_bad && std::fs::create_dir_all(full.parent().expect("parent")).is_ok()
                && !full.is_dir() && std::fs::write(full, text).is_ok()
        };
        for (name, &tracked) in files.iter().zip(&tracked) {
            if plant(name, "x") && tracked {
                tree.git(1, &["add", "-f", "--", name]);
            }
        }
        for (index, (directory, _)) in rules.iter().enumerate() {
            let here = rules[..=index].iter().filter(|(other, _)| other == directory);
            let lines: Vec<&str> = here.map(|(_, rule)| rule.as_str()).collect();
            plant(&format!("{directory}.gitignore"), &lines.join("\n"));
        }
        let listed = Command::new("git")
            .args(["ls-files", "-co", "--exclude-standard", "-z"])
            .current_dir(tree.path(""))
            .output()
            .expect("git runs");
        let wanted: BTreeSet<Vec<u8>> =
            listed.stdout.split(|&b| b == 0).filter(|name| !name.is_empty()).map(<[u8]>::to_vec).collect();
        let found: BTreeSet<Vec<u8>> = dates(&dated(&tree, "")).into_keys().collect();
        prop_assert_eq!(found, wanted);
    }
}
