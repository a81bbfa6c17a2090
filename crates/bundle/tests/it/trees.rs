//! Trees: a directory of this machine, gathered and then as any other resource.

use crate::target::{Target, one};
use windlass_bundle::{Bundle, Facts, File, Resource, ResourceReport, Tree, plan};

/// What is in `/t` after it.
fn after(source: &[&str], before: &[&str], change: impl Fn(Tree) -> Tree) -> Vec<String> {
    use std::os::unix::fs::PermissionsExt as _;
    let (source, target) = (Target::new(source), Target::new(before));
    let program = source.path("program");
    if program.exists() {
        std::fs::set_permissions(program, std::fs::Permissions::from_mode(0o711)).unwrap();
    }
    let mut bundle = one(change(Tree::new("/t", source.path(""))));
    bundle.gather(std::path::Path::new("/nowhere")).unwrap();
    target.reach(&bundle).unwrap();
    let read = Bundle::from_json(bundle.to_json().as_bytes()).unwrap();
    assert_eq!(read, bundle, "it comes back from its wire form");
    target.entries()
}

#[test]
fn what_is_in_the_source_is_there_then() {
    let source = &["a=1", "d/b.pyc=2", "d/c=3", "l -> d/c", "program=x"];
    let same = |tree| tree;
    let all: &[&str] =
        &["t/", "t/a=1", "t/d/", "t/d/b.pyc=2", "t/d/c=3", "t/l -> d/c", "t/program 755=x"];
    assert_eq!(after(source, &[], same), all);
    assert_eq!(after(source, &["t/a=old", "t/d"], same), all);
    let few = after(source, &["t/x=kept"], |tree| tree.exclude("*.pyc").exclude("/l").mode(0o600));
    assert_eq!(few, ["t/", "t/a 600=1", "t/d/", "t/d/c 600=3", "t/program 600=x", "t/x=kept"]);
}

#[test]
fn what_is_not_in_it_goes_only_if_that_is_said() {
    let before = &["t/a=old", "t/x/y=1", "t/z/keep.me=1", "t/z/not=2", "t/link -> a"];
    let pruned = after(&["a=1", "z/new=1"], before, |tree| tree.prune().exclude("*.me"));
    assert_eq!(pruned, ["t/", "t/a=1", "t/z/", "t/z/keep.me=1", "t/z/new=1"]);
    let kept = after(&["a=1"], before, |tree| tree);
    assert_eq!(kept.len(), 8, "{kept:?}");
    let pruned = after(&["a=1"], before, |tree| tree.prune().exclude("*.me"));
    assert_eq!(pruned, ["t/", "t/a=1", "t/z/", "t/z/keep.me=1"]);
}

#[test]
fn what_the_system_needs_is_not_emptied() {
    let (source, before) =
        (Target::new(&["a=1"]), &["etc/passwd=x", "usr/lib/x=x", "lib -> usr/lib"]);
    for path in ["/etc", "/lib", "/var", "/usr/lib", "/top/usr"] {
        let target = Target::new(before);
        std::os::unix::fs::symlink(".", target.path("top")).unwrap();
        let entries = target.entries();
        let mut bundle = one(Tree::new(path, source.path("")).prune());
        bundle.gather(std::path::Path::new("/")).unwrap();
        let errors = target.reach(&bundle).unwrap_err();
        assert_eq!(errors[0].field.as_deref(), Some("prune"), "{path}: {errors:?}");
        assert!(errors[0].message.contains("the system needs"), "{path}: {errors:?}");
        assert_eq!(target.entries(), entries, "{path}");
    }
}

#[test]
fn what_can_not_be_gathered_is_said() {
    let target = Target::new(&["t=1"]);
    let source = Target::new(&["a=1"]);
    let tree = || Tree::new("/t", source.path(""));
    let errors = target.reach(&one(tree())).unwrap_err();
    let named = format!("its source {} was not gathered", source.path("").display());
    assert_eq!((errors[0].message.as_str(), errors[0].help.is_some()), (named.as_str(), true));
    let mut bundle = one(tree());
    bundle.gather(std::path::Path::new("/")).unwrap();
    let errors = target.reach(&bundle).unwrap_err();
    assert!(errors[0].message.contains("/t is a file"), "{errors:?}");
    let mut bundle = Bundle::new().with(Resource::from(Tree::new("/t", "none")));
    let error = bundle.gather(&source.path("")).unwrap_err();
    assert_eq!(error.id, "tree[/t]");
    assert!(error.message.contains(source.path("none").to_str().unwrap()), "{error:?}");
    let missing = source.path("missing");
    for there in [&["t=1"][..], &[]] {
        let file = Resource::from(File::new("/t").source(&missing));
        for file in [file.clone(), file.sensitive()] {
            let mut bundle = Bundle::new().with(file);
            let planned = Target::new(there).reach(&bundle).unwrap_err().remove(0);
            let sensitive = bundle.take_sensitive().err();
            let sent = sensitive.or_else(|| bundle.take_assets().err()).unwrap();
            for error in [planned, sent].iter().filter(|error| !error.message.contains("sensitive"))
            {
                assert!(error.message.contains(missing.to_str().unwrap()), "{error:?}");
            }
        }
    }
}

#[test]
fn what_is_sent_names_its_files_by_their_contents() {
    let source = Target::new(&["a=same", "d/b=same", "c=other"]);
    let mut bundle = one(Tree::new("/t", source.path("")))
        .with(windlass_bundle::File::new("/x").contents("text"))
        .with(windlass_bundle::File::new("/y").source(source.path("c")));
    bundle.gather(std::path::Path::new("/")).unwrap();
    let assets = bundle.take_assets().unwrap();
    assert_eq!(assets.len(), 2, "{assets:?}");
    let text = bundle.to_json();
    assert!(!text.contains(source.path("").to_str().unwrap()), "nothing of this machine: {text}");
    for (name, path) in &assets {
        assert_eq!(text.matches(name).count(), 2, "{name}");
        let sent = source.path(name);
        std::fs::create_dir_all(sent.parent().unwrap()).unwrap();
        std::fs::copy(path, sent).unwrap();
    }
    for content in bundle.contents() {
        if let windlass_bundle::Content::File(path) = content {
            *path = source.path(path.to_str().unwrap());
        }
    }
    let target = Target::new(&[]);
    target.reach(&bundle).unwrap();
    assert_eq!(
        target.entries(),
        ["t/", "t/a=same", "t/c=other", "t/d/", "t/d/b=same", "x=text", "y=other"]
    );
}

/// Nobody reads it, and who hears it holds all of it.
#[test]
fn what_is_said_of_a_large_tree_is_bounded() {
    let text = "a line\n".repeat(30_000);
    let files: Vec<String> = (0..10).map(|name| format!("{name}={text}")).collect();
    let source = Target::new(&files.iter().map(String::as_str).collect::<Vec<_>>());
    let mut bundle = one(Tree::new("/t", source.path("")));
    bundle.gather(std::path::Path::new("/nowhere")).unwrap();
    let planned = plan(&bundle, &Target::new(&[]).root(), &Facts::default()).unwrap();
    let report = ResourceReport::from(&planned[0]);
    let diffs: Vec<&str> = report.changes.iter().filter_map(|one| one.diff.as_deref()).collect();
    assert_eq!(diffs.len(), files.len());
    assert!(diffs.concat().len() < 1 << 20, "{}", diffs.concat().len());
    assert!(diffs[0].contains("+a line") && diffs[9].contains("with all the others"));
}
