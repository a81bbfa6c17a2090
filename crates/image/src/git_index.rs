//! What git's index of a directory says.
//!
//! Invariant: what is not understood counts as not noted, so that the file's content decides.

use std::collections::HashMap;
use std::fs::Metadata;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use crate::git::{GitError, run};

/// The files that would be committed next, without those in conflict.
#[derive(Debug)]
pub(crate) struct Index {
    pub(crate) files: HashMap<Vec<u8>, Noted>,
    /// Whether the right to execute belongs to what is committed.
    pub(crate) modes_count: bool,
    /// When the index was written, nanoseconds since 1970: what changed since then may look the same.
    written: i128,
}

/// One file when git last saw that it has this object.
#[derive(Debug)]
pub(crate) struct Noted {
    pub(crate) object: Vec<u8>,
    pub(crate) is_assumed_unchanged: bool,
    stat: Option<Stat>,
}

/// What changes with a file's content; git keeps the lower 32 bits of the last two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stat {
    changed: i128,
    modified: i128,
    inode: u32,
    size: u32,
}

/// `git update-index --assume-unchanged`.
const ASSUME_UNCHANGED: u32 = 0x8000;

/// The lines that `--debug` adds to each file.
const LINES: usize = 5;

impl Index {
    pub(crate) fn read(directory: &Path) -> Result<Self, GitError> {
        // Of the many ways to ask, this one only prints the index: it never looks at contents.
        let listed = run(directory, &["ls-files", "--stage", "--debug", "-z"])?;
        let path = run(directory, &["rev-parse", "--git-path", "index"])?;
        let path = path.strip_suffix(b"\n").unwrap_or(&path);
        let path = directory.join(std::ffi::OsStr::from_bytes(path));
        // Without a date everything counts as touched.
        let written = path.metadata().map_or(0, |found| modified(&found));
        let filemode = ["config", "--type=bool", "--get", "core.filemode"];
        let modes_count = match run(directory, &filemode) {
            Ok(value) => value.trim_ascii() != b"false",
            Err(GitError::Failed { .. }) => true,
            Err(error) => return Err(error),
        };
        Ok(Self { files: files(&listed), modes_count, written })
    }

    pub(crate) fn is_untouched(&self, noted: &Noted, found: &Metadata) -> bool {
        let stat = Stat {
            changed: nanoseconds(found.ctime(), found.ctime_nsec()),
            modified: modified(found),
            inode: lower(found.ino()),
            size: lower(found.len()),
        };
        noted.stat == Some(stat) && stat.modified < self.written
    }
}

fn nanoseconds(seconds: i64, rest: i64) -> i128 {
    i128::from(seconds) * 1_000_000_000 + i128::from(rest)
}

fn modified(found: &Metadata) -> i128 {
    nanoseconds(found.mtime(), found.mtime_nsec())
}

fn lower(number: u64) -> u32 {
    u32::try_from(number & u64::from(u32::MAX)).unwrap_or_default()
}

/// `MODE OBJECT STAGE<tab>PATH<zero>` and then lines of numbers, for each file.
fn files(mut listed: &[u8]) -> HashMap<Vec<u8>, Noted> {
    let mut files = HashMap::new();
    while let Some(end) = listed.iter().position(|&byte| byte == 0) {
        let (head, rest) = (&listed[..end], &listed[end + 1..]);
        let ends = rest.iter().enumerate().filter(|&(_, &byte)| byte == b'\n');
        let numbers = ends.map(|(at, _)| at + 1).nth(LINES - 1).unwrap_or(rest.len());
        if let Some((path, object)) = merged(head) {
            let text = std::str::from_utf8(&rest[..numbers]).unwrap_or_default();
            files.insert(path.to_vec(), noted(object, text));
        }
        listed = &rest[numbers..];
    }
    files
}

fn merged(head: &[u8]) -> Option<(&[u8], &[u8])> {
    let tab = head.iter().position(|&byte| byte == b'\t')?;
    let mut words = head[..tab].split(|&byte| byte == b' ').skip(1);
    let object = words.next()?;
    (words.next()? == b"0").then_some((&head[tab + 1..], object))
}

fn noted(object: &[u8], text: &str) -> Noted {
    let value = |key: &str| {
        let (_, after) = text.split_once(key)?;
        after.split_whitespace().next()
    };
    let time = |key: &str| {
        let (seconds, rest) = value(key)?.split_once(':')?;
        Some(nanoseconds(seconds.parse().ok()?, rest.parse().ok()?))
    };
    let stat = || {
        Some(Stat {
            changed: time("ctime: ")?,
            modified: time("mtime: ")?,
            inode: value("ino: ")?.parse().ok()?,
            size: value("size: ")?.parse().ok()?,
        })
    };
    let flags = value("flags: ").and_then(|flags| u32::from_str_radix(flags, 16).ok());
    Noted {
        object: object.to_vec(),
        is_assumed_unchanged: flags.unwrap_or(0) & ASSUME_UNCHANGED != 0,
        stat: stat(),
    }
}
