//! One thing in a build context, and the paths that name it.
//!
//! Invariant: a [`ContextPath`] is relative, has no empty, `.` or `..` part, and sorts parents before their children.

use std::cmp::Ordering;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use crate::disk_file::DiskFile;

/// A path inside a build context: bytes, `/` between the names.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ContextPath(Vec<u8>);

/// The path would leave the build context, or names nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a path inside a build context")]
pub struct BadPath(pub String);

impl ContextPath {
    /// Take a path as written: `./`, doubled and trailing slashes go; what would leave the context is refused.
    pub fn new(path: impl AsRef<[u8]>) -> Result<Self, BadPath> {
        let path = path.as_ref();
        let parts: Vec<&[u8]> = path
            .split(|&byte| byte == b'/')
            .filter(|part| !part.is_empty() && part != b".")
            .collect();
        if parts.is_empty()
            || path.starts_with(b"/")
            || path.contains(&0)
            || parts.contains(&&b".."[..])
        {
            return Err(BadPath(String::from_utf8_lossy(path).into_owned()));
        }
        Ok(Self(parts.join(&b'/')))
    }

    /// A name that the file system gave, below `parent` (empty at the top).
    pub(crate) fn child(parent: &[u8], name: &[u8]) -> Self {
        let mut path = Vec::with_capacity(parent.len() + 1 + name.len());
        path.extend_from_slice(parent);
        if !parent.is_empty() {
            path.push(b'/');
        }
        path.extend_from_slice(name);
        Self(path)
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub fn as_path(&self) -> &Path {
        use std::os::unix::ffi::OsStrExt as _;
        Path::new(std::ffi::OsStr::from_bytes(&self.0))
    }

    /// The directory that holds this; none at the top.
    pub fn parent(&self) -> Option<Self> {
        let end = self.0.iter().rposition(|&byte| byte == b'/')?;
        Some(Self(self.0[..end].to_vec()))
    }
}

impl Ord for ContextPath {
    /// Name by name, so that a directory's content follows it at once (`a`, `a/x`, `a.b`).
    fn cmp(&self, other: &Self) -> Ordering {
        let rank = |&byte: &u8| if byte == b'/' { 0 } else { u16::from(byte) + 1 };
        self.0.iter().map(rank).cmp(other.0.iter().map(rank))
    }
}

impl PartialOrd for ContextPath {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for ContextPath {
    /// For people: control characters and bytes that are not UTF-8 are escaped.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            for character in chunk.valid().chars() {
                if character.is_control() {
                    write!(f, "{}", character.escape_default())?;
                } else {
                    write!(f, "{character}")?;
                }
            }
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for ContextPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

/// One file, directory or link of a build context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub path: ContextPath,
    pub kind: EntryKind,
    /// Permission bits, with setuid, setgid and sticky (`0o7777`).
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
    /// Nanoseconds since 1970; negative before.
    pub mtime_ns: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryKind {
    Directory,
    File { size: u64, content: Content },
    Symlink { target: Vec<u8> },
}

/// Where a file's bytes come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    Memory(Arc<[u8]>),
    /// Read when it is hashed or sent; never through a link in its last name.
    Disk(DiskFile),
}

impl Entry {
    /// Bytes of content; 0 for what is not a file.
    pub fn size(&self) -> u64 {
        match self.kind {
            EntryKind::File { size, .. } => size,
            EntryKind::Directory | EntryKind::Symlink { .. } => 0,
        }
    }

    pub fn is_directory(&self) -> bool {
        matches!(self.kind, EntryKind::Directory)
    }

    /// What a link points at.
    pub fn link_target(&self) -> Option<&[u8]> {
        match &self.kind {
            EntryKind::Symlink { target } => Some(target),
            EntryKind::Directory | EntryKind::File { .. } => None,
        }
    }
}

/// A file that exists only in memory, such as a generated one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VirtualFile {
    pub path: ContextPath,
    pub content: Arc<[u8]>,
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
    pub mtime_ns: i64,
}

impl VirtualFile {
    /// Owned by root, `0644`, dated 1970: the same bytes give the same layer everywhere.
    pub fn new(path: ContextPath, content: impl Into<Arc<[u8]>>) -> Self {
        Self { path, content: content.into(), mode: 0o644, uid: 0, gid: 0, mtime_ns: 0 }
    }
}

impl From<VirtualFile> for Entry {
    fn from(file: VirtualFile) -> Self {
        let VirtualFile { path, content, mode, uid, gid, mtime_ns } = file;
        let size = content.len() as u64;
        let kind = EntryKind::File { size, content: Content::Memory(content) };
        Self { path, kind, mode: mode & 0o7777, uid, gid, mtime_ns }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_inside() {
        for (written, kept) in [("a/b", "a/b"), ("./a//b/", "a/b"), ("a/./b", "a/b")] {
            assert_eq!(ContextPath::new(written).expect(written).as_bytes(), kept.as_bytes());
        }
        for written in ["", ".", "/a", "a/../b", "..", "a\0b", "//"] {
            assert!(ContextPath::new(written).is_err(), "{written:?}");
        }
    }

    #[test]
    fn children_follow_their_parent() {
        let sorted = ["a", "a/b", "a/b/c", "a/b.d", "a b", "a-b", "a.b", "ab", "b"];
        let mut paths: Vec<_> =
            sorted.iter().rev().map(|path| ContextPath::new(path).expect(path)).collect();
        paths.sort();
        let names: Vec<String> = paths.iter().map(ToString::to_string).collect();
        assert_eq!(names, sorted);
    }

    #[test]
    fn display_is_safe_for_a_terminal() {
        let path = ContextPath::new(b"a\x1b[31m\xff\xc3\xbc").expect("path");
        assert_eq!(path.to_string(), "a\\u{1b}[31m\\xff\u{fc}");
    }
}
