//! A file of this machine, as the walk found it.
//!
//! Invariant: two states are equal only if the file system can't tell the files apart.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

/// Where a file's bytes are, and what they were when it was listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiskFile {
    pub path: PathBuf,
    pub state: FileState,
}

/// What the file system says of a file's content without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FileState {
    pub device: u64,
    pub inode: u64,
    /// Bytes.
    pub size: u64,
    /// Nanoseconds since 1970.
    pub mtime_ns: i64,
    /// Nanoseconds since 1970. Unlike the other it can't be set back.
    pub ctime_ns: i64,
}

impl DiskFile {
    pub(crate) fn new(path: PathBuf, found: &Metadata) -> Self {
        Self { path, state: FileState::of(found) }
    }
}

impl FileState {
    pub(crate) fn of(found: &Metadata) -> Self {
        let nanoseconds =
            |seconds: i64, rest: i64| seconds.saturating_mul(1_000_000_000).saturating_add(rest);
        Self {
            device: found.dev(),
            inode: found.ino(),
            size: found.len(),
            mtime_ns: nanoseconds(found.mtime(), found.mtime_nsec()),
            ctime_ns: nanoseconds(found.ctime(), found.ctime_nsec()),
        }
    }

    /// The later of its dates.
    pub(crate) fn changed_ns(&self) -> i64 {
        self.mtime_ns.max(self.ctime_ns)
    }
}
