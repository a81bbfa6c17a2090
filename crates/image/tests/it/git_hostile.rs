//! What a repository would have run while it is asked about.
//!
//! Invariant: each setting would leave a file behind if its command ran.

use std::process::Command;

use windlass_image::context::{BuildContext, ContextError};
use windlass_image::git::GitError;

use crate::tree::Tree;

/// Two commits, a repository inside that is recorded as a submodule, and changed files in both.
fn repository() -> Tree {
    let tree = Tree::new(&["repo/a=1", "repo/d/x=1", "repo/sub/b=1"]);
    tree.git_in("repo/sub", 1, &["init", "-q"]);
    tree.plant("repo/sub/.gitattributes=* filter=e diff=e\n");
    tree.git_in("repo/sub", 1_000, &["add", "-A"]);
    tree.git_in("repo/sub", 1_000, &["commit", "-qm", "sub"]);
    tree.git_in("repo", 1, &["init", "-q"]);
    tree.plant("repo/.gitattributes=* filter=e diff=e\n");
    tree.git_in("repo", 1, &["-c", "advice.addEmbeddedRepo=false", "add", "-A"]);
    tree.git_in("repo", 1_000, &["commit", "-qm", "one"]);
    tree.plant("repo/d/x=2");
    tree.git_in("repo", 1_100, &["commit", "-qam", "two"]);
    tree.plant("repo/a=now");
    tree.plant("repo/sub/b=now");
    tree
}

/// An old object goes, which a partial clone would fetch.
fn lose_a_directory(tree: &Tree) {
    let output = Command::new("git")
        .args(["rev-parse", "HEAD~1:d"])
        .current_dir(tree.path("repo"))
        .output()
        .expect("git runs");
    let name = String::from_utf8(output.stdout).expect("hexadecimal");
    let (two, rest) = name.trim().split_at(2);
    std::fs::remove_file(tree.path(&format!("repo/.git/objects/{two}/{rest}"))).expect("remove");
}

const PARTIAL: [&str; 3] = [
    "extensions.partialClone=origin",
    "remote.origin.promisor=true",
    "core.repositoryFormatVersion=1",
];

#[test]
fn nothing_of_a_repository_runs() {
    // `RUN` becomes the command that leaves a file behind.
    let cases: [(&str, &[&str], bool); 19] = [
        ("repo", &["filter.e.clean=RUN"], false),
        ("repo", &["filter.e.clean=RUN", "filter.e.required=true"], false),
        ("repo", &["filter.e.process=RUN"], false),
        ("repo", &["filter.e.smudge=RUN"], false),
        ("repo/sub", &["filter.e.clean=RUN"], false),
        ("repo/sub", &["filter.e.process=RUN"], false),
        ("repo/sub", &["core.fsmonitor=RUN"], false),
        ("repo", &["remote.origin.uploadpack=RUN", "remote.origin.url=."], true),
        ("repo", &["core.sshCommand=RUN", "remote.origin.url=ssh://x/y"], true),
        ("repo", &["remote.origin.url=ext::sh -c RUN", "protocol.ext.allow=always"], true),
        ("repo", &["core.gitProxy=RUN", "remote.origin.url=git://x/y"], true),
        ("repo", &["core.fsmonitor=RUN"], false),
        ("repo", &["core.hooksPath=HOOKS"], false),
        ("repo", &["gpg.program=RUN", "log.showSignature=true"], false),
        ("repo", &["diff.external=RUN"], false),
        ("repo", &["diff.e.command=RUN", "diff.e.textconv=RUN"], false),
        ("repo", &["core.pager=RUN", "pager.log=RUN", "pager.ls-files=RUN"], false),
        ("repo", &["core.alternateRefsCommand=RUN"], false),
        ("repo", &["alias.log=!RUN", "alias.ls-files=!RUN", "core.editor=RUN"], false),
    ];
    for (directory, settings, is_partial) in cases {
        let tree = repository();
        let run = format!("touch {}; cat", tree.path("canary").display());
        tree.plant(&format!("hooks/post-index-change=#!/bin/sh\n{run}\n"));
        tree.chmod("hooks/post-index-change", 0o755);
        let hooks = tree.path("hooks").display().to_string();
        if is_partial {
            lose_a_directory(&tree);
        }
        let common = if is_partial { &PARTIAL[..] } else { &[] };
        for setting in common.iter().chain(settings) {
            let (name, value) = setting.split_once('=').expect("a value");
            let value = value.replace("RUN", &run).replace("HOOKS", &hooks);
            tree.git_in(directory, 1, &["config", name, &value]);
        }
        for (use_gitignore, git_timestamps) in [(true, false), (false, true), (true, true)] {
            let mut options = tree.options();
            options.directory = tree.path("repo");
            (options.use_gitignore, options.git_timestamps) = (use_gitignore, git_timestamps);
            let walked = BuildContext::walk(&options);
            assert!(!tree.path("canary").exists(), "{directory} {settings:?} ran");
            if is_partial && git_timestamps {
                assert!(
                    matches!(walked, Err(ContextError::Git { source: GitError::History { .. } })),
                    "{settings:?}: {walked:?}"
                );
            } else {
                let walked = walked.unwrap_or_else(|error| panic!("{settings:?}: {error}"));
                let d = walked.entries().iter().find(|entry| entry.path.as_bytes() == b"d/x");
                let seconds = d.expect("d/x").mtime_ns / 1_000_000_000;
                assert_eq!(seconds == 1_100, git_timestamps, "{settings:?}");
            }
        }
    }
}
