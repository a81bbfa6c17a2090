//! What git knows about a directory: which files belong to it.
//!
//! Invariant: git itself is asked, so the answers follow its rules exactly, but nothing of the repository runs and nothing is fetched,
//! as whoever wrote the repository need not be whoever looks at it. Two things ensure it: the settings of [`command`], and that only
//! those of git's commands are used that neither compare nor convert contents: both run filters, which no setting here turns off.

use std::collections::HashSet;
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The files that git would offer for a commit: tracked, or new and not ignored.
#[derive(Debug, Default)]
pub(crate) struct GitFiles {
    files: HashSet<Vec<u8>>,
    directories: HashSet<Vec<u8>>,
}

/// git could not answer.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    #[error("cannot run git")]
    Start { source: std::io::Error },
    #[error("cannot read what git says")]
    Read { source: std::io::Error },
    #[error("git failed in {}: {message}", directory.display())]
    Failed { directory: PathBuf, message: String },
    #[error(
        "cannot read the whole history of {}: it is damaged, or a partial clone, for which nothing is fetched",
        directory.display()
    )]
    History { directory: PathBuf },
}

impl GitFiles {
    /// Ask in `directory`; repositories inside it (submodules or not) are asked in turn.
    pub(crate) fn list(directory: &Path) -> Result<Self, GitError> {
        let mut listed = Self::default();
        listed.add(directory, b"")?;
        Ok(listed)
    }

    pub(crate) fn has_file(&self, path: &[u8]) -> bool {
        self.files.contains(path)
    }

    pub(crate) fn has_directory(&self, path: &[u8]) -> bool {
        self.directories.contains(path)
    }

    fn add(&mut self, directory: &Path, prefix: &[u8]) -> Result<(), GitError> {
        let output = run(directory, &["ls-files", "-co", "--exclude-standard", "-z"])?;
        for name in output.split(|&byte| byte == 0).filter(|name| !name.is_empty()) {
            let name = name.strip_suffix(b"/").unwrap_or(name);
            let path = [prefix, name].concat();
            let on_disk = directory.join(std::ffi::OsStr::from_bytes(name));
            let is_directory = on_disk.symlink_metadata().is_ok_and(|found| found.is_dir());
            self.add_parents(&path);
            if !is_directory {
                self.files.insert(path);
            } else if on_disk.join(".git").symlink_metadata().is_ok() {
                self.directories.insert(path.clone());
                self.add(&on_disk, &[&path, &b"/"[..]].concat())?;
            }
        }
        Ok(())
    }

    fn add_parents(&mut self, path: &[u8]) {
        let slashes = path.iter().enumerate().rev().filter(|&(_, &byte)| byte == b'/');
        for (end, _) in slashes {
            if !self.directories.insert(path[..end].to_vec()) {
                break;
            }
        }
    }
}

/// What would make git look somewhere else, as inside of a hook of another repository.
const ANOTHER_REPOSITORY: [&str; 12] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_EXTERNAL_DIFF",
    "GIT_GRAFT_FILE",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
];

/// What stands above a repository's own settings. They reach this repository, not those inside it, so each is asked by itself.
const SETTINGS: [&str; 8] = [
    "-c",
    "core.quotepath=off",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "core.hooksPath=/dev/null",
    // Of a git that does not know GIT_NO_LAZY_FETCH: this would be fetched before protocols are looked at.
    "-c",
    "fetch.bundleURI=",
];

/// Only for commands of git that do not look at the contents of files.
pub(crate) fn command(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    command
        .args(SETTINGS)
        .args(arguments)
        .current_dir(directory)
        // A partial clone fetches what it lacks by the programs and addresses that it names. No protocol is allowed, which
        // every git heeds and no configuration overrides.
        .env("GIT_NO_LAZY_FETCH", "1")
        .env("GIT_ALLOW_PROTOCOL", "")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    for variable in ANOTHER_REPOSITORY {
        command.env_remove(variable);
    }
    command
}

pub(crate) fn run(directory: &Path, arguments: &[&str]) -> Result<Vec<u8>, GitError> {
    let output =
        command(directory, arguments).output().map_err(|source| GitError::Start { source })?;
    answer(directory, output)
}

/// With something to read.
pub(crate) fn run_with(
    directory: &Path,
    arguments: &[&str],
    input: &[u8],
) -> Result<Vec<u8>, GitError> {
    let start = |source| GitError::Start { source };
    let mut child = command(directory, arguments).stdin(Stdio::piped()).spawn().map_err(start)?;
    let mut stdin = child.stdin.take().expect("invariant: stdin is piped");
    let output = std::thread::scope(|scope| {
        // A git that stops reading has failed, and says why.
        scope.spawn(move || stdin.write_all(input));
        child.wait_with_output()
    });
    answer(directory, output.map_err(|source| GitError::Read { source })?)
}

fn answer(directory: &Path, output: Output) -> Result<Vec<u8>, GitError> {
    if output.status.success() {
        return Ok(output.stdout);
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let line = text.lines().next().unwrap_or("no message");
    let message = line.strip_prefix("fatal: ").unwrap_or(line).to_owned();
    Err(GitError::Failed { directory: directory.to_owned(), message })
}
