//! A directory with a store, and what bundles give in a root.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use windlass_bundle::{Bundle, Content, Facts, Resource, Root, apply};
use windlass_store::{Store, gather};

pub(crate) struct Place(tempfile::TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("file://{}", self.path(path).display())
    }

    /// Writes a file, and says its digest.
    pub(crate) fn write(&self, path: &str, contents: &[u8]) -> String {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, contents).unwrap();
        Content::Bytes(contents.to_vec()).digest().unwrap()
    }

    /// Runs a program in a directory.
    pub(crate) fn run(&self, directory: &str, argv: &[&str]) -> String {
        let mut command = Command::new(argv[0]);
        command.args(&argv[1..]).current_dir(self.path(directory));
        let who =
            ["GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"];
        command.envs(who.map(|name| (name, "x"))).env("HOME", self.0.path());
        let output = command.output().unwrap();
        assert!(output.status.success(), "{argv:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    pub(crate) fn gathered(&self, resource: impl Into<Resource>) -> Result<Bundle, String> {
        let mut bundle = Bundle::new().with(resource);
        let store = || Store::open(self.path("store"));
        gather(&mut bundle, self.0.path(), store).map_err(|errors| {
            assert!(errors.iter().all(|error| error.index() == Some(0)), "{errors:?}");
            let said = errors.iter().map(|error| {
                let (field, help) = (error.field.as_deref(), error.help.as_deref());
                let words = [field.unwrap_or_default(), help.unwrap_or_default()];
                format!("{} [{}] {}", error.message, words[0], words[1])
            });
            said.collect::<Vec<_>>().join("\n")
        })?;
        Ok(bundle)
    }

    /// What is in a fresh root then: `name=contents`, `*` behind the names of programs.
    pub(crate) fn reach(&self, resource: impl Into<Resource>) -> Result<Vec<String>, String> {
        let bundle = self.gathered(resource)?;
        let directory = tempfile::tempdir().unwrap();
        let root = Root::open(directory.path()).unwrap();
        let apply = || apply(&bundle, &root, &Facts::default()).map_err(|all| all[0].to_string());
        apply()?;
        assert!(apply()?.iter().all(|one| one.changes.is_empty()), "the second time is nothing");
        let mut all = Vec::new();
        walk(directory.path(), "", &mut all);
        Ok(all)
    }

    /// What is in the store and not for ever.
    pub(crate) fn temporary(&self) -> usize {
        fs::read_dir(self.path("store/temporary")).unwrap().count()
    }
}

fn walk(top: &Path, at: &str, all: &mut Vec<String>) {
    use std::os::unix::fs::PermissionsExt as _;
    let mut names: Vec<_> =
        fs::read_dir(top.join(at)).unwrap().map(|one| one.unwrap().file_name()).collect();
    names.sort();
    for name in names {
        let name = name.to_str().unwrap();
        let path = if at.is_empty() { name.to_owned() } else { format!("{at}/{name}") };
        let found = fs::symlink_metadata(top.join(&path)).unwrap();
        if found.is_symlink() {
            all.push(format!("{path} -> {}", fs::read_link(top.join(&path)).unwrap().display()));
        } else if found.is_dir() {
            all.push(format!("{path}/"));
            walk(top, &path, all);
        } else {
            let program = if found.permissions().mode() & 0o100 == 0 { "" } else { "*" };
            let text = fs::read(top.join(&path)).unwrap();
            all.push(format!("{path}{program}={}", String::from_utf8_lossy(&text)));
        }
    }
}
