//! A temporary root, and what is in it.
//!
//! Invariant: what is compared is read from the disk, not from what a plan said.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::PathBuf;
use windlass_bundle::{Bundle, Facts, Resource, ResourceError, ResourcePlan, Root, apply, plan};

pub(crate) struct Target {
    directory: tempfile::TempDir,
}

impl Target {
    /// One with these entries: `etc/` is a directory, `lib -> usr/lib` a link, `etc/motd=text` a file.
    pub(crate) fn new(entries: &[&str]) -> Self {
        let target = Self { directory: tempfile::tempdir().unwrap() };
        for entry in entries {
            if let Some((path, to)) = entry.split_once(" -> ") {
                symlink(to, target.path(path)).unwrap();
            } else if let Some((path, text)) = entry.split_once('=') {
                fs::create_dir_all(target.path(path).parent().unwrap()).unwrap();
                fs::write(target.path(path), text).unwrap();
            } else {
                fs::create_dir_all(target.path(entry)).unwrap();
            }
        }
        target
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.directory.path().join(path.trim_start_matches('/'))
    }

    pub(crate) fn root(&self) -> Root {
        Root::open(self.directory.path()).unwrap()
    }

    /// All that is there, as `new` takes it, with modes other than 644, 755 and 777 of links: `etc/key 600=text`.
    pub(crate) fn entries(&self) -> Vec<String> {
        self.found().into_iter().map(|(_, entry)| entry).collect()
    }

    /// Each path with its entry.
    fn found(&self) -> Vec<(String, String)> {
        let mut all = Vec::new();
        self.walk("", &mut all);
        all
    }

    fn walk(&self, at: &str, all: &mut Vec<(String, String)>) {
        let mut names: Vec<_> = fs::read_dir(self.path(at))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        for name in names {
            let path = if at.is_empty() { name } else { format!("{at}/{name}") };
            let found = fs::symlink_metadata(self.path(&path)).unwrap();
            let mode = found.permissions().mode() & 0o7777;
            let usual = if found.is_dir() { 0o755 } else { 0o644 };
            let shown = if mode == usual { String::new() } else { format!(" {mode:o}") };
            if found.is_symlink() {
                let to = fs::read_link(self.path(&path)).unwrap();
                let entry = format!("{path} -> {}", to.display());
                all.push((path, entry));
            } else if found.is_dir() {
                all.push((path.clone(), format!("{path}/{shown}")));
                self.walk(&path, all);
            } else {
                let text =
                    String::from_utf8_lossy(&fs::read(self.path(&path)).unwrap()).into_owned();
                let entry = format!("{path}{shown}={text}");
                all.push((path, entry));
            }
        }
    }

    /// Plans, applies, and plans again; what was planned, or what is wrong.
    pub(crate) fn reach(&self, bundle: &Bundle) -> Result<Vec<ResourcePlan>, Vec<ResourceError>> {
        let (root, facts) = (self.root(), Facts::default());
        let before = self.stamps();
        let planned = plan(bundle, &root, &facts);
        assert_eq!(self.stamps(), before, "planning changes nothing");
        let planned = planned?;
        let applied = apply(bundle, &root, &facts)?;
        assert_eq!(applied, planned, "what is done is what was planned");
        let again = plan(bundle, &root, &facts)?;
        assert!(again.iter().all(|one| one.changes.is_empty()), "{again:#?}");
        let before = self.stamps();
        apply(bundle, &root, &facts)?;
        assert_eq!(self.stamps(), before, "what is as it shall be is not touched");
        Ok(planned)
    }

    fn stamps(&self) -> Vec<(String, u64, i64, i64)> {
        let stamp = |(path, entry): (String, String)| {
            let found = fs::symlink_metadata(self.path(&path)).unwrap();
            (entry, found.ino(), found.ctime(), found.ctime_nsec())
        };
        self.found().into_iter().map(stamp).collect()
    }
}

/// A bundle of one.
pub(crate) fn one(resource: impl Into<Resource>) -> Bundle {
    Bundle::new().with(resource)
}
