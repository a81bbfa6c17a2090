//! What git adds: its ignore rules and its dates.
//!
//! Invariant: the repositories are made by the test, with fixed times, and read with no configuration but their own.

use windlass_image::context::{BuildContext, ContextError, ContextWarning};

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
