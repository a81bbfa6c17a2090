//! `.dockerignore` files, and what `FROM scratch` + `COPY . /` saw of one tree with each.
//!
//! Invariant: `ignore_truth.json` is what `BuildKit` really did (buildx 0.29.1, engine 20.10), never what we think it should do.
//! `gone` lists what the image lacked (a directory stands for all that is in it); null means that the build was refused.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;
use windlass_image::context::{BuildContext, ContextError, ContextOptions};

fn strings(value: &Value) -> Vec<&str> {
    value.as_array().expect("list").iter().map(|item| item.as_str().expect("string")).collect()
}

fn plant(tree: &[&str], root: &Path) {
    for path in tree {
        let full = root.join(path);
        if path.ends_with('/') {
            std::fs::create_dir_all(full).expect("directory");
        } else {
            std::fs::create_dir_all(full.parent().expect("parent")).expect("parent");
            std::fs::write(full, "x").expect("file");
        }
    }
}

fn seen(root: &Path, dockerfile: &Path) -> Result<BTreeSet<String>, ContextError> {
    let mut options = ContextOptions::new(root);
    options.dockerfile = Some(dockerfile.to_owned());
    let context = BuildContext::walk(&options)?;
    let name = |entry: &windlass_image::entry::Entry| {
        format!("{}{}", entry.path, if entry.is_directory() { "/" } else { "" })
    };
    Ok(context.entries().iter().map(name).collect())
}

#[test]
fn the_same_files_are_seen_as_by_buildkit() {
    let truth: Value =
        serde_json::from_str(include_str!("ignore_truth.json")).expect("the table is JSON");
    let directory = tempfile::tempdir().expect("temporary directory");
    let root = directory.path().join("context");
    plant(&strings(&truth["tree"]), &root);
    let dockerfile = directory.path().join("Dockerfile");
    let ignore_file = directory.path().join("Dockerfile.dockerignore");
    std::fs::write(&ignore_file, "").expect("ignore file");
    let all = seen(&root, &dockerfile).expect("everything");

    let cases = truth["cases"].as_array().expect("cases");
    assert!(cases.len() >= 60, "the table has {} cases", cases.len());
    for case in cases {
        let text = case["ignore"].as_str().expect("text");
        std::fs::write(&ignore_file, text).expect("ignore file");
        let found = seen(&root, &dockerfile);
        if case["gone"].is_null() {
            assert!(matches!(found, Err(ContextError::Ignore { .. })), "{text:?} must be refused");
            continue;
        }
        let gone = strings(&case["gone"]);
        let is_gone = |path: &&String| {
            gone.iter().any(|gone| path == gone || (gone.ends_with('/') && path.starts_with(gone)))
        };
        let wanted: BTreeSet<String> = all.iter().filter(|path| !is_gone(path)).cloned().collect();
        let found = found.unwrap_or_else(|error| panic!("{text:?}: {error}"));
        let missing: Vec<_> = wanted.difference(&found).collect();
        let extra: Vec<_> = found.difference(&wanted).collect();
        assert!(missing.is_empty() && extra.is_empty(), "{text:?}: -{missing:?} +{extra:?}");
    }
}
