//! When the files of a directory were last committed, from one pass over the history.
//!
//! Invariant: the answer for a path is that of `git log -1 --format=%ct -- PATH`: the last commit that gave the path what it has
//! now, on the side that it came from. What a merge gave up says nothing.

use std::collections::{HashMap, HashSet};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};

use crate::git::{GitError, command, run};
use crate::git_changes::{Versions, committed, keep_unchanged};

/// When the files were last committed, seconds since 1970.
#[derive(Debug, Default)]
pub(crate) struct CommitTimes {
    times: HashMap<Vec<u8>, i64>,
    /// History was cut off: what is older than the cut has the cut's date.
    pub(crate) shallow: bool,
}

/// The object that each path has, as git names it.
type Objects = HashMap<Vec<u8>, Vec<u8>>;

/// How git tells of each commit: a mark, when it was made, and then what it changed.
const FORMAT: [&str; 11] = [
    "-c",
    "log.showRoot=true",
    "log",
    "--format=%x01%ct",
    "--raw",
    "--no-abbrev",
    "-z",
    "--no-renames",
    "--relative",
    "--no-show-signature",
    "--ignore-submodules=none",
];

impl CommitTimes {
    /// One pass over the history, newest first, until every path of `wanted` is dated.
    /// Changed and new files have no date.
    pub(crate) fn read(directory: &Path, wanted: &HashSet<Vec<u8>>) -> Result<Self, GitError> {
        if !has_commits(directory)? {
            return Ok(Self::default());
        }
        // The history takes the longest: git begins with it while the rest is asked.
        let history = History::start(directory, &["--no-merges"])?;
        let mut versions = committed(directory)?;
        versions.retain(|path, version| wanted.contains(path) || version.is_submodule());
        keep_unchanged(directory, &mut versions)?;
        let mut wanted = objects(versions);
        let mut times = HashMap::new();
        history.read(directory, &mut wanted, &mut times)?;
        if !wanted.is_empty() {
            // What no side had before is a merge's own.
            let merges = History::start(directory, &["--merges", "-c"])?;
            merges.read(directory, &mut wanted, &mut times)?;
        }
        let shallow = run(directory, &["rev-parse", "--is-shallow-repository"])?;
        Ok(Self { times, shallow: shallow.trim_ascii() == b"true" })
    }

    /// The file's own date, or that of the submodule that it lies in.
    pub(crate) fn of(&self, path: &[u8]) -> Option<i64> {
        let slashes = path.iter().enumerate().rev().filter(|&(_, &byte)| byte == b'/');
        let ends = std::iter::once(path.len()).chain(slashes.map(|(end, _)| end));
        ends.map(|end| &path[..end]).find_map(|path| self.times.get(path).copied())
    }
}

/// Whether there is a commit to date anything by. No repository is an error.
fn has_commits(directory: &Path) -> Result<bool, GitError> {
    run(directory, &["rev-parse", "--git-dir"])?;
    match run(directory, &["rev-parse", "--quiet", "--verify", "HEAD^{commit}"]) {
        Ok(_) => Ok(true),
        Err(GitError::Failed { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Only what is to be dated, and every submodule: the search ends with the last.
fn objects(versions: Versions) -> Objects {
    versions.into_iter().map(|(path, version)| (path, version.object)).collect()
}

/// git, telling of one commit after another.
struct History {
    child: Child,
}

impl History {
    fn start(directory: &Path, which: &[&str]) -> Result<Self, GitError> {
        let arguments = [&FORMAT, which, &["HEAD", "--"]].concat();
        let child = command(directory, &arguments)
            .stderr(Stdio::null())
            .spawn()
            .map_err(|source| GitError::Start { source })?;
        Ok(Self { child })
    }

    fn read(
        mut self,
        directory: &Path,
        wanted: &mut Objects,
        times: &mut HashMap<Vec<u8>, i64>,
    ) -> Result<(), GitError> {
        let stdout = self.child.stdout.take().expect("invariant: stdout is piped");
        let log = BufReader::with_capacity(1 << 16, stdout);
        let read = |source| GitError::Read { source };
        read_times(log, wanted, times).map_err(read)?;
        // With nothing left to find git is stopped on its way, otherwise it came to its end.
        if !wanted.is_empty() && !self.child.wait().map_err(read)?.success() {
            return Err(GitError::History { directory: directory.to_owned() });
        }
        Ok(())
    }
}

impl Drop for History {
    /// The rest of the history is of no interest.
    fn drop(&mut self) {
        // Both fail only when git has ended already, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A path is dated by the first commit that gave it the object that it has now.
fn read_times(
    mut log: impl BufRead,
    wanted: &mut Objects,
    times: &mut HashMap<Vec<u8>, i64>,
) -> std::io::Result<()> {
    let mut time = 0;
    let (mut about, mut path) = (Vec::new(), Vec::new());
    while !wanted.is_empty() && token(&mut log, &mut about)? {
        // The first change of each commit follows a line feed that ends the format.
        let about = about.strip_prefix(b"\n").unwrap_or(&about);
        if about.starts_with(b":") {
            token(&mut log, &mut path)?;
            if wanted.get(&path).is_some_and(|object| object == given(about)) {
                wanted.remove(&path);
                times.insert(std::mem::take(&mut path), time);
            }
        } else if let Some(seconds) = about.strip_prefix(b"\x01") {
            time = std::str::from_utf8(seconds)
                .ok()
                .and_then(|text| text.parse().ok())
                .unwrap_or(time);
        }
    }
    Ok(())
}

/// Reads up to a zero byte; false at the end.
fn token(log: &mut impl BufRead, token: &mut Vec<u8>) -> std::io::Result<bool> {
    token.clear();
    let read = log.read_until(0, token)?;
    if token.last() == Some(&0) {
        token.pop();
    }
    Ok(read > 0)
}

/// The object after the change: the last but one word (`:100644 100644 OLD NEW M`, of merges with more of the first).
fn given(about: &[u8]) -> &[u8] {
    about.rsplit(|&byte| byte == b' ').nth(1).unwrap_or_default()
}
