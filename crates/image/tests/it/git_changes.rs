//! Which files count as they were committed.
//!
//! Invariant: the same as in `git diff HEAD`, where no filter has a say.

use windlass_image::context::BuildContext;

use crate::tree::Tree;

/// Whether a file has the date of its commit after a change.
fn is_dated(change: impl Fn(&Tree), name: &str) -> bool {
    let tree =
        Tree::new(&["a=1", "b=2", "odd \u{1}\n\"\\\r=3", "link->a", "x=4", "sub/a", "sub/gone"]);
    tree.chmod("x", 0o755);
    tree.git_in("sub", 1_000, &["init", "-q"]);
    tree.git_in("sub", 1_000, &["add", "-A"]);
    tree.git_in("sub", 1_000, &["commit", "-qm", "sub"]);
    tree.git(1_000, &["init", "-q"]);
    tree.git(1_000, &["-c", "advice.addEmbeddedRepo=false", "add", "-A"]);
    tree.git(1_000, &["commit", "-qm", "one"]);
    change(&tree);
    let mut options = tree.options();
    options.git_timestamps = true;
    let context = BuildContext::walk(&options).expect("walk");
    let file = context.entries().iter().find(|entry| entry.path.as_bytes() == name.as_bytes());
    file.expect("the file").mtime_ns == 1_000 * 1_000_000_000
}

/// As another checkout of the same content leaves it.
fn rewrite(tree: &Tree, name: &str) {
    let path = tree.path(name);
    let copy = tree.path("copy");
    if path.is_symlink() {
        let target = std::fs::read_link(&path).expect("link");
        std::os::unix::fs::symlink(target, &copy).expect("link");
    } else {
        std::fs::copy(&path, &copy).expect("copy");
    }
    std::fs::rename(copy, path).expect("rename");
}

type Change<'a> = &'a dyn Fn(&Tree);

#[test]
fn what_is_as_committed_is_dated() {
    let odd = "odd \u{1}\n\"\\\r";
    let cases: [(&str, Change<'_>, bool); 19] = [
        ("a", &|_| {}, true),
        ("a", &|tree| rewrite(tree, "a"), true),
        (odd, &|tree| rewrite(tree, odd), true),
        ("link", &|tree| rewrite(tree, "link"), true),
        ("x", &|tree| rewrite(tree, "x"), true),
        ("a", &|tree| tree.plant("a=9"), false),
        ("x", &|tree| tree.chmod("x", 0o644), false),
        ("x", &|tree| set(tree, "core.filemode=false", "x"), true),
        ("b", &|tree| relink(tree, "b", "2"), false),
        ("link", &|tree| relink(tree, "link", "b"), false),
        ("a", &|tree| tree.git(1, &["rm", "-q", "--cached", "a"]), false),
        ("a", &|tree| stage(tree, "a=9", "a=1"), true),
        ("a", &|tree| stage(tree, "a=9", "a=9"), false),
        ("a", &|tree| assume(tree, "a"), true),
        ("sub/a", &|_| {}, true),
        ("sub/a", &|tree| rewrite(tree, "sub/a"), true),
        ("sub/a", &|tree| tree.plant("sub/new"), true),
        ("sub/a", &|tree| std::fs::remove_file(tree.path("sub/gone")).expect("remove"), false),
        ("sub/a", &|tree| tree.git_in("sub", 1, &["commit", "-q", "--amend", "-m", "2"]), false),
    ];
    for (index, (name, change, wanted)) in cases.into_iter().enumerate() {
        assert_eq!(is_dated(change, name), wanted, "{index}: {name:?}");
    }
}

fn set(tree: &Tree, setting: &str, name: &str) {
    let (key, value) = setting.split_once('=').expect("a value");
    tree.git(1, &["config", key, value]);
    tree.chmod(name, 0o644);
}

fn relink(tree: &Tree, name: &str, target: &str) {
    std::fs::remove_file(tree.path(name)).expect("remove");
    tree.plant(&format!("{name}->{target}"));
}

fn stage(tree: &Tree, staged: &str, then: &str) {
    tree.plant(staged);
    tree.git(1, &["add", "-A"]);
    tree.plant(then);
}

fn assume(tree: &Tree, name: &str) {
    tree.git(1, &["update-index", "--assume-unchanged", name]);
    tree.plant(&format!("{name}=other"));
}
