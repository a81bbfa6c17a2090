//! What git knows about a directory: which files belong to it, and when each was last committed.
//!
//! Invariant: git itself is asked, so the answers follow its rules exactly; its environment variables and hooks have no say.

use std::collections::{HashMap, HashSet};
use std::io::{BufRead, BufReader};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

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

/// When the files were last committed, seconds since 1970.
#[derive(Debug, Default)]
pub(crate) struct CommitTimes {
    times: HashMap<Vec<u8>, i64>,
    /// History was cut off: what is older than the cut has the cut's date.
    pub(crate) shallow: bool,
}

impl CommitTimes {
    /// One pass over the history, newest first, until every path of `wanted` is dated.
    /// Changed and new files have no date.
    pub(crate) fn read(directory: &Path, wanted: &HashSet<Vec<u8>>) -> Result<Self, GitError> {
        let shallow = run(directory, &["rev-parse", "--is-shallow-repository"])?;
        let mut wanted = tracked(directory, wanted)?;
        let changed = run(directory, &["diff", "--name-only", "-z", "--relative", "HEAD", "--"])?;
        for path in changed.split(|&byte| byte == 0) {
            wanted.remove(path);
        }
        let times = read_log(directory, wanted)?;
        Ok(Self { times, shallow: shallow.trim_ascii() == b"true" })
    }

    /// The file's own date, or that of the submodule that it lies in.
    pub(crate) fn of(&self, path: &[u8]) -> Option<i64> {
        let slashes = path.iter().enumerate().rev().filter(|&(_, &byte)| byte == b'/');
        let ends = std::iter::once(path.len()).chain(slashes.map(|(end, _)| end));
        ends.map(|end| &path[..end]).find_map(|path| self.times.get(path).copied())
    }
}

/// The tracked ones of these paths, and every submodule: only they have a date to be found, and the search ends with the last.
fn tracked(directory: &Path, wanted: &HashSet<Vec<u8>>) -> Result<HashSet<Vec<u8>>, GitError> {
    let stage = run(directory, &["ls-files", "--stage", "-z"])?;
    let mut tracked = HashSet::new();
    for line in stage.split(|&byte| byte == 0) {
        let Some(tab) = line.iter().position(|&byte| byte == b'\t') else { continue };
        let path = &line[tab + 1..];
        if wanted.contains(path) || line.starts_with(b"160000 ") {
            tracked.insert(path.to_vec());
        }
    }
    Ok(tracked)
}

fn read_log(
    directory: &Path,
    mut wanted: HashSet<Vec<u8>>,
) -> Result<HashMap<Vec<u8>, i64>, GitError> {
    let mut times = HashMap::new();
    let arguments = [
        "log",
        "--format=%x01%ct",
        "--name-only",
        "-z",
        "--no-renames",
        "--relative",
        "--no-show-signature",
        "HEAD",
        "--",
    ];
    let mut child = command(directory, &arguments)
        .stderr(Stdio::null())
        .spawn()
        .map_err(|source| GitError::Start { source })?;
    let stdout = child.stdout.take().expect("invariant: stdout is piped");
    let read = read_times(BufReader::new(stdout), &mut wanted, &mut times);
    stop(&mut child);
    read.map_err(|source| GitError::Read { source })?;
    Ok(times)
}

fn read_times(
    mut log: impl BufRead,
    wanted: &mut HashSet<Vec<u8>>,
    times: &mut HashMap<Vec<u8>, i64>,
) -> std::io::Result<()> {
    let mut time = 0;
    let mut token = Vec::new();
    while !wanted.is_empty() {
        token.clear();
        if log.read_until(0, &mut token)? == 0 {
            break;
        }
        let text = token.strip_suffix(b"\0").unwrap_or(&token);
        let seconds = text
            .strip_prefix(b"\x01")
            .and_then(|seconds| std::str::from_utf8(seconds).ok()?.parse().ok());
        if let Some(seconds) = seconds {
            time = seconds;
            continue;
        }
        // The first name of each commit follows a line feed that ends the format.
        for path in [text, text.strip_prefix(b"\n").unwrap_or(text)] {
            if let Some(path) = wanted.take(path) {
                times.insert(path, time);
            }
        }
    }
    Ok(())
}

/// The rest of the history is of no interest.
fn stop(child: &mut Child) {
    // Both fail only when git has ended already, which is as good.
    let _ = child.kill();
    let _ = child.wait();
}

fn command(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    command
        .args(["-c", "core.quotepath=off", "-c", "core.fsmonitor=false"])
        .args(arguments)
        .current_dir(directory)
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    for variable in
        ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_EXTERNAL_DIFF"]
    {
        command.env_remove(variable);
    }
    command
}

fn run(directory: &Path, arguments: &[&str]) -> Result<Vec<u8>, GitError> {
    let output =
        command(directory, arguments).output().map_err(|source| GitError::Start { source })?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let line = text.lines().next().unwrap_or("no message");
    let message = line.strip_prefix("fatal: ").unwrap_or(line).to_owned();
    Err(GitError::Failed { directory: directory.to_owned(), message })
}
