//! What a build context is made of, and where its bytes come from.
//! Invariant: a normalised listing is sorted per directory, depth first, and holds every parent directory exactly once.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::io::{self, Cursor, Read};
use std::sync::Arc;

/// The bits of Go's `FileMode` above the permissions; `BuildKit` speaks these, not `st_mode`.
pub mod go_mode {
    pub const DIRECTORY: u32 = 1 << 31;
    pub const SYMLINK: u32 = 1 << 27;
    pub const NAMED_PIPE: u32 = 1 << 25;
    pub const SET_UID: u32 = 1 << 23;
    pub const SET_GID: u32 = 1 << 22;
    pub const STICKY: u32 = 1 << 20;
    /// Everything that makes an entry other than a regular file (devices and sockets included).
    pub const NOT_REGULAR: u32 =
        DIRECTORY | SYMLINK | NAMED_PIPE | (1 << 26) | (1 << 24) | (1 << 21) | (1 << 19);

    /// From the low twelve bits of `st_mode` to Go's permission, setuid, setgid and sticky bits.
    pub fn permissions(st_mode: u32) -> u32 {
        let bit = |mask: u32, go: u32| if st_mode & mask == 0 { 0 } else { go };
        (st_mode & 0o777) | bit(0o4000, SET_UID) | bit(0o2000, SET_GID) | bit(0o1000, STICKY)
    }
}

/// One entry of a build context. Extended attributes are never sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextEntry {
    /// Relative to the root, `/` between components, no `.` or `..`, no slash at either end.
    pub path: String,
    /// Go's `FileMode`: permissions in the low nine bits, the type as in [`go_mode`].
    pub mode: u32,
    /// Bytes; ignored for everything but regular files.
    pub size: u64,
    /// Nanoseconds since 1970. The engine asks for a file again only when its size, mode or this changed.
    pub mtime_ns: i64,
    /// Numeric owner. It is part of the engine's cache key, so give 0 unless the owner must matter.
    pub uid: u32,
    pub gid: u32,
    /// Of a symbolic link: what it says, unresolved.
    pub link_target: Option<String>,
}

impl ContextEntry {
    /// A directory of mode 0755, owner 0, time 0.
    pub fn directory(path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            mode: go_mode::DIRECTORY | 0o755,
            size: 0,
            mtime_ns: 0,
            uid: 0,
            gid: 0,
            link_target: None,
        }
    }

    pub fn is_directory(&self) -> bool {
        self.mode & go_mode::DIRECTORY != 0
    }

    pub fn is_regular(&self) -> bool {
        self.mode & go_mode::NOT_REGULAR == 0
    }
}

/// A build context as the session sees it. Both methods may block; the session calls them on blocking threads.
pub trait ContextSource: Send + Sync {
    /// Every entry, in any order; directories above an entry may be left out. Asked once per build, so that
    /// what is listed, filtered and sent is one and the same snapshot.
    fn entries(&self) -> io::Result<Vec<ContextEntry>>;

    /// The bytes of a regular file of the listing. It is also asked for the Dockerfile, which ignore rules
    /// may have kept out of the listing.
    fn open(&self, path: &str) -> io::Result<Box<dyn Read + Send>>;
}

/// Orders paths component by component, which is the order that the receiver insists on (`a/b` before `a.txt`).
pub fn compare_paths(left: &str, right: &str) -> Ordering {
    let key = |byte: u8| if byte == b'/' { 0 } else { byte };
    left.bytes().map(key).cmp(right.bytes().map(key))
}

/// Sorts a listing, adds the parent directories that it lacks, and refuses what the receiver would refuse.
pub(super) fn normalise(mut entries: Vec<ContextEntry>) -> io::Result<Vec<ContextEntry>> {
    if !entries.is_sorted_by(|a, b| compare_paths(&a.path, &b.path).is_lt()) {
        entries.sort_by(|a, b| compare_paths(&a.path, &b.path));
    }
    let mut listing: Vec<ContextEntry> = Vec::with_capacity(entries.len());
    // Indices in `listing` of the directories that are open at this point.
    let mut open: Vec<usize> = Vec::new();
    for entry in entries {
        check_path(&entry.path)?;
        if listing.last().is_some_and(|last| last.path == entry.path) {
            return Err(invalid(format!("build context lists {:?} twice", entry.path)));
        }
        while open.last().is_some_and(|&index| !is_below(&entry.path, &listing[index].path)) {
            open.pop();
        }
        let known = open.last().map_or(0, |&index| listing[index].path.len() + 1);
        let missing = entry.path[known..].match_indices('/').map(|(at, _)| known + at);
        for end in missing.collect::<Vec<_>>() {
            let parent = &entry.path[..end];
            if listing.last().is_some_and(|last| last.path == parent) {
                return Err(invalid(format!(
                    "build context has {:?} below {parent:?}, which is no directory",
                    entry.path
                )));
            }
            open.push(listing.len());
            listing.push(ContextEntry::directory(parent));
        }
        if entry.is_directory() {
            open.push(listing.len());
        }
        listing.push(entry);
    }
    Ok(listing)
}

/// Whether `path` is strictly inside the directory `parent`.
pub(super) fn is_below(path: &str, parent: &str) -> bool {
    path.strip_prefix(parent).is_some_and(|rest| rest.starts_with('/'))
}

fn check_path(path: &str) -> io::Result<()> {
    let clean = !path.contains('\0')
        && path.split('/').all(|component| !matches!(component, "" | "." | ".."));
    if clean { Ok(()) } else { Err(invalid(format!("build context has the bad path {path:?}"))) }
}

fn invalid(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

/// Files held in memory. Their times follow from their content, so equal content is never sent twice
/// and changed content of equal length never goes unnoticed.
#[derive(Clone, Default)]
pub struct MemorySource {
    files: BTreeMap<String, (u32, Arc<[u8]>)>,
}

impl MemorySource {
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds or replaces a file of mode 0644.
    #[must_use]
    pub fn with_file(self, path: impl Into<String>, content: impl Into<Vec<u8>>) -> Self {
        self.with_mode(path, 0o644, content)
    }

    /// Adds or replaces a file with the permissions `mode`.
    #[must_use]
    pub fn with_mode(
        mut self,
        path: impl Into<String>,
        mode: u32,
        content: impl Into<Vec<u8>>,
    ) -> Self {
        self.files.insert(path.into(), (mode & 0o777, content.into().into()));
        self
    }
}

/// 1980-01-01; the earliest time that every archive format can say.
const MEMORY_TIME_S: i64 = 315_532_800;

impl ContextSource for MemorySource {
    fn entries(&self) -> io::Result<Vec<ContextEntry>> {
        let entry = |(path, (mode, content)): (&String, &(u32, Arc<[u8]>))| ContextEntry {
            path: path.clone(),
            mode: *mode,
            size: content.len() as u64,
            mtime_ns: MEMORY_TIME_S * 1_000_000_000 + fingerprint_ns(content),
            uid: 0,
            gid: 0,
            link_target: None,
        };
        Ok(self.files.iter().map(entry).collect())
    }

    fn open(&self, path: &str) -> io::Result<Box<dyn Read + Send>> {
        let (_, content) =
            self.files.get(path).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        Ok(Box::new(Cursor::new(Arc::clone(content))))
    }
}

/// 64-bit FNV-1a.
pub(super) fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// A number of nanoseconds below one second that stands for the content.
fn fingerprint_ns(content: &[u8]) -> i64 {
    i64::try_from(fnv1a(content) % 1_000_000_000).expect("invariant: below 2^30")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str) -> ContextEntry {
        ContextEntry { mode: 0o644, ..ContextEntry::directory(path) }
    }

    #[test]
    fn listings_are_sorted_and_completed() {
        let cases: [(&[&str], &[&str]); 5] = [
            (&["b", "a"], &["a", "b"]),
            (&["a.txt", "a/b", "a-"], &["a", "a/b", "a-", "a.txt"]),
            (&["x/y/z", "x/y2"], &["x", "x/y", "x/y/z", "x/y2"]),
            (&["dir/", "dir/f"], &["dir", "dir/f"]),
            (&["x/", "x/y/f", "x/y.d/f"], &["x", "x/y", "x/y/f", "x/y.d", "x/y.d/f"]),
        ];
        for (given, expected) in cases {
            let entries = given.iter().map(|path| match path.strip_suffix('/') {
                Some(directory) => ContextEntry::directory(directory),
                None => file(path),
            });
            let listing = normalise(entries.collect()).unwrap();
            let paths: Vec<&str> = listing.iter().map(|entry| entry.path.as_str()).collect();
            assert_eq!(paths, expected, "given {given:?}");
        }
    }

    #[test]
    fn bad_listings_are_refused() {
        let cases: [(&[&str], &str); 6] = [
            (&["/etc/passwd"], "bad path"),
            (&["a/../b"], "bad path"),
            (&["a//b"], "bad path"),
            (&[""], "bad path"),
            (&["a", "a"], "twice"),
            (&["a", "a/b"], "no directory"),
        ];
        for (given, message) in cases {
            let error = normalise(given.iter().map(|path| file(path)).collect()).unwrap_err();
            assert!(error.to_string().contains(message), "{given:?}: {error}");
        }
    }

    #[test]
    fn permissions_become_go_bits() {
        let cases = [
            (0o100_644, 0o644),
            (0o104_755, 0o755 | 1 << 23),
            (0o042_770, 0o770 | 1 << 22),
            (0o041_777, 0o777 | 1 << 20),
        ];
        for (st_mode, expected) in cases {
            assert_eq!(go_mode::permissions(st_mode), expected, "{st_mode:o}");
        }
    }

    #[test]
    fn memory_times_follow_content() {
        let time = |content: &str| {
            MemorySource::new().with_file("f", content).entries().unwrap()[0].mtime_ns
        };
        assert_eq!(time("FROM a"), time("FROM a"));
        assert_ne!(time("FROM a"), time("FROM b"));
    }
}
