//! What a sensitive resource holds is seen nowhere.
//!
//! Invariant: what is looked for is in the target, so that it could be shown.

use crate::target::Target;
use windlass_bundle::{
    Block, Bundle, Condition, Content, Execute, Facts, File, Kind, Line, Resource, Tree, TreeEntry,
    TreeNode, apply, plan,
};

/// What is declared, in this order, and whether the last of it shows a diff.
#[test]
fn no_resource_shows_what_a_sensitive_one_wrote() {
    let secret = |kind: Kind| Resource::from(kind).with_id("secret").sensitive();
    let file = || secret(File::new("/d/f").contents("SEKRET\n").into());
    let entry = |path: &str| TreeEntry {
        path: path.to_owned(),
        node: TreeNode::File { content: Content::Text("SEKRET\n".to_owned()), executable: false },
    };
    let mut tree = Tree::new("/d", "");
    tree.entries = Some(vec![entry("f")]);
    let plain = || Resource::from(Line::new("/d/f", "plain").create());
    let elsewhere = || Resource::from(Line::new("/other", "plain"));
    let touch = || Resource::from(File::new("/new").contents("plain\n"));
    let execute = || {
        let condition = Condition { arch: vec!["none".to_owned()], ..Condition::default() };
        secret(Execute::new("echo SEKRET > /other").into()).only_if(condition)
    };
    let through = |resource: Line| Resource::from(Line { follow: true, ..resource });
    let kept = |path: &str, ending: &str| File {
        backup: Some(ending.to_owned()),
        follow: true,
        ..File::new(path).contents("new\n")
    };
    let after = || Resource::from(Line::new("/d/s.bak", "plain"));
    let old = || Resource::from(Line::new("/d/f.bak", "plain"));
    let table: Vec<(&str, Vec<Resource>, bool)> = vec![
        ("what is kept of one", vec![secret(kept("/d/s", ".bak").into()), after()], false),
        ("over a link", vec![secret(kept("/to-s", ".bak").into()), after()], false),
        ("by another", vec![file(), kept("/to", ".bak").into(), old()], false),
        ("a file", vec![file(), plain()], false),
        ("before it", vec![plain(), file()], false),
        ("a line", vec![secret(Line::new("/d/f", "SEKRET").create().into()), plain()], false),
        ("a block", vec![secret(Block::new("/d/f", "SEKRET").create().into()), plain()], false),
        ("a tree", vec![secret(tree.into()), plain()], false),
        ("a link to it", vec![file(), through(Line::new("/to", "plain"))], false),
        ("another file", vec![file(), elsewhere()], true),
        ("what a command may have written", vec![execute(), elsewhere()], false),
        ("what a command can't have written", vec![execute(), touch()], true),
    ];
    for (case, resources, shows) in table {
        let target = Target::new(&["d/s=SEKRET\n", "to-s -> /d/s", "to -> /d/f", "other=before\n"]);
        for run in ["at first", "again, when something else is to be changed"] {
            let bundle: Bundle = resources.iter().cloned().collect();
            let (root, facts) = (target.root(), Facts::default());
            let planned = plan(&bundle, &root, &facts).unwrap();
            assert_eq!(apply(&bundle, &root, &facts).unwrap(), planned, "{case}, {run}");
            let said = format!("{bundle:?} {planned:?}");
            assert!(!said.contains("SEKRET"), "{case}, {run}: {said}");
            let ours = planned.iter().find(|one| one.id != "secret").unwrap();
            let ours = ours.changes.last();
            let found = ours.map_or(shows, |one| one.diff.is_some() && !one.is_sensitive);
            assert_eq!(found, shows, "{case}, {run}: {planned:?}");
            // What is plain is to be done again; what is sensitive is as it shall be.
            let path = target.path("d/f");
            if let Ok(text) = std::fs::read_to_string(&path) {
                std::fs::write(path, text.replace("plain\n", "")).unwrap();
            }
        }
    }
}

/// It is sent in the bundle itself, whatever bytes it has.
#[test]
fn a_sensitive_file_takes_little_more_on_its_way_than_it_is_large() {
    let directory = tempfile::tempdir().unwrap();
    let source = directory.path().join("key");
    let bytes: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    std::fs::write(&source, &bytes).unwrap();
    let secret = Resource::from(File::new("/key").source(source)).with_id("key").sensitive();
    let mut bundle = Bundle::new().with(secret);
    bundle.take_sensitive().unwrap();
    let sent = bundle.to_json();
    assert!(sent.len() < bytes.len() * 7 / 5, "{}", sent.len());
    let mut read = Bundle::from_json(sent.as_bytes()).unwrap();
    assert_eq!(read, bundle);
    assert_eq!(read.contents().next().unwrap().read().unwrap(), bytes);
    let damaged = sent.replace("\"bytes\":\"", "\"bytes\":\"?");
    let said = Bundle::from_json(damaged.as_bytes()).unwrap_err().to_string();
    assert!(said.starts_with("no base64"), "{said}");
}
