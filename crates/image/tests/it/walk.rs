//! What a walk takes, leaves and warns about.
//!
//! Invariant: expectations are the exact list of entries, so that an extra file fails too.

use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;

use windlass_image::context::{BuildContext, ContextError, ContextOptions, ContextWarning};
use windlass_image::entry::{ContextPath, VirtualFile};

use crate::tree::{Tree, names};

fn path(text: &str) -> ContextPath {
    ContextPath::new(text).expect(text)
}

fn check(
    items: &[&str],
    change: impl FnOnce(&mut ContextOptions),
    wanted: &[&str],
) -> BuildContext {
    let tree = Tree::new(items);
    let mut options = tree.options();
    change(&mut options);
    let context = BuildContext::walk(&options).expect("walk");
    assert_eq!(names(&context), wanted);
    context
}

#[test]
fn names_are_sorted_and_directories_come_first() {
    let items = ["b", "a/x", "a.b", "a/empty/", "a b", "link->a/x"];
    let wanted = ["a/", "a/empty/", "a/x", "a b", "a.b", "b", "link->a/x"];
    check(&items, |_| (), &wanted);
}

#[test]
fn a_directory_comes_back_only_with_something_in_it() {
    let items = [".dockerignore=*\n!d/keep/x\n", "d/keep/x", "d/keep/y", "d/z", "e/f"];
    check(&items, |_| (), &["d/", "d/keep/", "d/keep/x"]);
}

#[test]
fn links_out_of_the_directory_stay_links() {
    let items = ["dir/f", "in->dir", "out->/etc", "up->..", "gone->nowhere", "file->dir/f"];
    let same = ["dir/", "dir/f", "file->dir/f", "gone->nowhere", "in->dir", "out->/etc", "up->.."];
    check(&items, |_| (), &same);
    let followed = ["dir/", "dir/f", "file", "gone->nowhere", "in/", "in/f", "out->/etc", "up->.."];
    let context = check(&items, |options| options.follow_links = true, &followed);
    let wanted = ["out", "up"].map(|name| ContextWarning::LinkLeadsOut { path: path(name) });
    assert_eq!(context.warnings(), wanted);

    let tree = Tree::new(&items);
    let mut options = tree.options();
    options.follow_links = true;
    let context = BuildContext::walk(&options).expect("walk");
    let mut reader = context.open(&path("file")).expect("open").expect("a file");
    assert_eq!(std::io::read_to_string(&mut reader).expect("read"), "dir/f");
}

#[test]
fn a_loop_of_links_ends() {
    let items = ["a/loop->../a", "a/b/back->..", "f"];
    let wanted = ["a/", "a/b/", "a/b/back->..", "a/loop->../a", "f"];
    let context = check(&items, |options| options.follow_links = true, &wanted);
    let loops = ["a/b/back", "a/loop"].map(|name| ContextWarning::LinkLoops { path: path(name) });
    assert_eq!(context.warnings(), loops);
}

#[test]
fn exclude_and_include_are_globs_over_whole_paths() {
    let items =
        [".dockerignore=docs\n", "docs/a.md", "docs/b.txt", "src/sub/b.py", "src/c.rs", "top.py"];
    check(
        &items,
        |options| {
            options.exclude = vec!["src/*".to_owned(), ".dockerignore".to_owned()];
            options.include = vec!["*.md".to_owned(), "src/*.py".to_owned()];
        },
        &["docs/", "docs/a.md", "src/", "src/sub/", "src/sub/b.py", "top.py"],
    );
    check(
        &items,
        |options| {
            options.use_dockerignore = false;
            options.exclude = vec!["src".to_owned(), "docs/b*".to_owned()];
        },
        &[".dockerignore", "docs/", "docs/a.md", "top.py"],
    );
    let items = ["one", "two", "three/four", ".git/config", "empty/"];
    let exclude = |options: &mut ContextOptions| {
        options.exclude = vec![".git/**".to_owned(), "three/four".to_owned()];
    };
    check(&items, exclude, &["empty/", "one", "two"]);
    let include = |options: &mut ContextOptions| {
        exclude(options);
        options.include = vec![".git/**".to_owned()];
    };
    check(&items, include, &[".git/", ".git/config", "empty/", "one", "two"]);
}

#[test]
fn the_dockerfiles_own_ignore_file_wins() {
    let items = [".dockerignore=*\n", "d/Dockerfile", "d/Dockerfile.dockerignore=d\n", "x"];
    check(
        &items,
        |options| options.dockerfile = Some("d/Dockerfile".into()),
        &[".dockerignore", "x"],
    );
    check(&items, |options| options.dockerfile = Some("Other".into()), &[]);
}

#[test]
fn special_files_are_left_out_with_a_warning() {
    let tree = Tree::new(&["f", ".dockerignore=ignored*\n.dockerignore\n"]);
    for name in ["pipe", "ignored-pipe"] {
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mknodat(rustix::fs::CWD, tree.path(name), rustix::fs::FileType::Fifo, mode, 0)
            .expect("mknod");
    }
    let socket = std::os::unix::net::UnixListener::bind(tree.path("socket")).expect("socket");
    let context = tree.walk();
    drop(socket);
    assert_eq!(names(&context), ["f"]);
    let wanted = ["pipe", "socket"].map(|name| ContextWarning::SpecialFile { path: path(name) });
    assert_eq!(context.warnings(), wanted);
}

#[test]
fn names_that_are_not_utf8_are_kept() {
    let tree = Tree::new(&[]);
    let name: &[u8] = b"\xfc\xff.txt";
    let found = tree.path("").join(std::ffi::OsStr::from_bytes(name));
    std::fs::write(found, "x").expect("file");
    let context = tree.walk();
    assert_eq!(context.entries()[0].path.as_bytes(), name);
    context.digest().expect("it can be opened");
}

#[test]
fn errors_name_the_place() {
    let tree = Tree::new(&["f", ".dockerignore=a\n[\n"]);
    let error = BuildContext::walk(&tree.options()).expect_err("malformed");
    assert!(matches!(&error, ContextError::Ignore { path, source }
        if path.ends_with(".dockerignore") && source.line == 2));
    let error = BuildContext::walk(&ContextOptions::new(tree.path("f"))).expect_err("a file");
    assert!(matches!(error, ContextError::NotADirectory { .. }), "{error}");
    let error = BuildContext::walk(&ContextOptions::new(tree.path("none"))).expect_err("absent");
    assert!(matches!(&error, ContextError::ReadDirectory { path, .. } if path.ends_with("none")));
}

#[test]
fn a_file_that_goes_or_grows_is_a_change() {
    let tree = Tree::new(&["a=12345", "b=1"]);
    let context = tree.walk();
    let before = context.digest().expect("digest");
    tree.plant("a=123456");
    assert!(matches!(context.digest(), Err(ContextError::Changed { path }) if path.ends_with("a")));
    std::fs::remove_file(tree.path("a")).expect("remove");
    assert!(matches!(context.digest(), Err(ContextError::Changed { .. })));
    tree.plant("a->b");
    assert!(
        matches!(context.digest(), Err(ContextError::Changed { .. })),
        "a link is not followed"
    );
    std::fs::remove_file(tree.path("a")).expect("remove");
    tree.plant("a=12345");
    assert_eq!(context.digest().expect("digest"), before);
}

#[test]
fn what_is_sent_is_as_old_as_it_was() {
    let tree = Tree::new(&["a=12345"]);
    let context = tree.walk();
    let path = ContextPath::new("a").expect("path");
    let file = || std::fs::File::options().write(true).open(tree.path("a")).expect("open");
    let date = file().metadata().and_then(|found| found.modified()).expect("date");
    let read = |between: &dyn Fn()| {
        let mut reader = context.open(&path).ok()?.expect("a file");
        let mut text = [0; 4];
        reader.read_exact(&mut text).ok()?;
        between();
        reader.read_to_end(&mut Vec::new()).ok()
    };
    let second = std::time::Duration::from_secs(1);
    assert_eq!(read(&|| ()), Some(1));
    assert_eq!(
        read(&|| file().set_modified(date + second).expect("date")),
        None,
        "while it is read"
    );
    assert_eq!(read(&|| ()), None, "before");
    file().set_modified(date).expect("date");
    assert_eq!(read(&|| ()), Some(1));
}

#[test]
fn virtual_files_find_their_place() {
    let mut context = Tree::new(&["b/x", "d"]).walk();
    let file = |name: &str| VirtualFile::new(path(name), *b"new");
    for name in ["a/deep/f", "b/x", "c", "b/a"] {
        context.add(file(name)).expect(name);
    }
    assert_eq!(names(&context), ["a/", "a/deep/", "a/deep/f", "b/", "b/a", "b/x", "c", "d"]);
    let mut reader = context.open(&path("b/x")).expect("open").expect("file");
    assert_eq!(std::io::read_to_string(&mut reader).expect("read"), "new");
    assert!(matches!(context.add(file("b")), Err(ContextError::IsDirectory { .. })));
    assert!(matches!(context.add(file("d/e")), Err(ContextError::NotInDirectory { .. })));
    let other = Tree::new(&["y/z", "x"]).walk();
    context.add_below(&path("b"), other).expect("below");
    assert!(names(&context).windows(4).any(|four| four == ["b/a", "b/x", "b/y/", "b/y/z"]));
}

#[test]
fn the_digest_is_of_what_an_image_can_get() {
    let items = ["a=1", "d/b=2", "l->a"];
    let tree = Tree::new(&items);
    let digest = tree.walk().digest().expect("digest");
    assert_eq!(Tree::new(&items).walk().digest().expect("elsewhere"), digest);
    let file = std::fs::File::options().write(true).open(tree.path("a")).expect("open");
    file.set_modified(std::time::SystemTime::UNIX_EPOCH).expect("touch");
    assert_eq!(tree.walk().digest().expect("touched"), digest);

    tree.chmod("a", 0o755);
    assert_ne!(tree.walk().digest().expect("executable"), digest);
    let different: &[&[&str]] = &[
        &["a=2", "d/b=2", "l->a"],
        &["a=1", "d/b=2", "l->b"],
        &["a=1", "d/b=2", "l=a"],
        &["a=1", "d/b=2", "l->a", "e/"],
        &["a=1", "db=2", "d/", "l->a"],
        &["a=1d", "d/b=2", "l->a"],
        &["b=1", "d/b=2", "l->a"],
    ];
    for items in different {
        assert_ne!(Tree::new(items).walk().digest().expect("digest"), digest, "{items:?}");
    }
}

#[test]
fn many_files_are_hashed_as_one() {
    let items: Vec<String> = (0..500).map(|n| format!("d{}/f{n}={n}", n % 7)).collect();
    let items: Vec<&str> = items.iter().map(String::as_str).collect();
    let tree = Tree::new(&items);
    let digest = tree.walk().digest().expect("digest");
    for _ in 0..5 {
        assert_eq!(tree.walk().digest().expect("digest"), digest);
    }
    tree.plant("d3/f3=4");
    assert_ne!(tree.walk().digest().expect("digest"), digest);
}
