//! Directories for tests, described in a few words.
//!
//! Invariant: every tree is a temporary directory of its own and goes with the test.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use windlass_image::context::{BuildContext, ContextOptions};
use windlass_image::entry::EntryKind;

pub(crate) struct Tree {
    directory: TempDir,
}

impl Tree {
    /// `name` (content: the name), `name=content`, `name->target` for a link, `name/` for a directory.
    pub(crate) fn new(items: &[&str]) -> Self {
        let tree = Self { directory: tempfile::tempdir().expect("temporary directory") };
        for item in items {
            tree.plant(item);
        }
        tree
    }

    pub(crate) fn plant(&self, item: &str) {
        let parent = |path: &Path| std::fs::create_dir_all(path.parent().expect("parent"));
        if let Some((name, target)) = item.split_once("->") {
            parent(&self.path(name)).expect("parent");
            std::os::unix::fs::symlink(target, self.path(name)).expect("link");
        } else if item.ends_with('/') {
            std::fs::create_dir_all(self.path(item)).expect("directory");
        } else {
            let (name, content) = item.split_once('=').unwrap_or((item, item));
            parent(&self.path(name)).expect("parent");
            std::fs::write(self.path(name), content).expect("file");
            self.chmod(name, 0o644);
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn chmod(&self, name: &str, mode: u32) {
        let permissions = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(self.path(name), permissions).expect("chmod");
    }

    pub(crate) fn options(&self) -> ContextOptions {
        ContextOptions::new(self.directory.path())
    }

    pub(crate) fn walk(&self) -> BuildContext {
        BuildContext::walk(&self.options()).expect("walk")
    }

    /// Run git here, as nobody in particular, at a fixed time (seconds since 1970).
    pub(crate) fn git(&self, time: u64, arguments: &[&str]) {
        self.git_in("", time, arguments);
    }

    pub(crate) fn git_in(&self, directory: &str, time: u64, arguments: &[&str]) {
        let date = format!("@{time} +0000");
        let output = std::process::Command::new("git")
            .args(["-c", "user.name=n", "-c", "user.email=e", "-c", "init.defaultBranch=main"])
            .args(["-c", "protocol.file.allow=always"])
            .args(arguments)
            .current_dir(self.path(directory))
            .env("GIT_AUTHOR_DATE", &date)
            .env("GIT_COMMITTER_DATE", &date)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .output()
            .expect("git runs");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {arguments:?}: {stderr}");
    }
}

/// `name`, `name/`, `name->target`, in the order of the entries.
pub(crate) fn names(context: &BuildContext) -> Vec<String> {
    let name = |entry: &windlass_image::entry::Entry| match &entry.kind {
        EntryKind::Directory => format!("{}/", entry.path),
        EntryKind::File { .. } => entry.path.to_string(),
        EntryKind::Symlink { target } => {
            format!("{}->{}", entry.path, String::from_utf8_lossy(target))
        }
    };
    context.entries().iter().map(name).collect()
}
