//! What is in an image, from a tar of its whole file system.
//!
//! Invariant: it is only an index. Contents are kept of small files of /etc; those of others are asked for by name
//! ([`ImageView::missing`]), and who made the view gets them.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Cursor, Read};
use std::ops::Bound;

use tar::{Archive, EntryType};
use windlass_bundle::{FileKind, Metadata, Owner, ResourceError, View};

/// Larger files of /etc are fetched when they are asked for.
const KEPT_BYTES: u64 = 64 * 1024;

/// Where os-release is where /etc only links to it.
const OS_RELEASE: &str = "/usr/lib/os-release";

/// See the module.
#[derive(Debug, Default)]
pub struct ImageView {
    entries: BTreeMap<String, Indexed>,
    contents: BTreeMap<String, Vec<u8>>,
    missing: RefCell<BTreeSet<String>>,
}

#[derive(Debug)]
struct Indexed {
    metadata: Metadata,
    /// Of a link.
    to: String,
}

impl ImageView {
    /// The view of `FROM scratch`.
    pub fn empty() -> Self {
        Self::default()
    }

    /// Reads the tar that an engine exports a container as.
    ///
    /// # Errors
    ///
    /// If it is no tar, or breaks off.
    pub fn read(tar: impl Read) -> io::Result<Self> {
        let mut view = Self::default();
        let mut archive = Archive::new(tar);
        for entry in archive.entries()? {
            let mut entry = entry?;
            let Some(path) = place(&entry.path_bytes()) else { continue };
            let header = entry.header();
            let kind = header.entry_type();
            if kind == EntryType::Link {
                // Another name of a file that came before.
                let target = entry.link_name_bytes().and_then(|name| place(&name));
                let known = target.and_then(|target| view.copied(&target));
                if let Some((metadata, contents)) = known {
                    view.contents.extend(contents.map(|bytes| (path.clone(), bytes)));
                    view.entries.insert(path, Indexed { metadata, to: String::new() });
                }
                continue;
            }
            let metadata = Metadata {
                kind: kind_of(kind),
                owner: Owner { uid: number(header.uid()?), gid: number(header.gid()?) },
                mode: header.mode()? & 0o7777,
                size: entry.size(),
            };
            let to = entry.link_name_bytes().map(|to| String::from_utf8_lossy(&to).into_owned());
            let is_small = metadata.size <= KEPT_BYTES && metadata.kind == FileKind::File;
            if is_small && (path.starts_with("/etc/") || path == OS_RELEASE) {
                let mut bytes = Vec::new();
                entry.read_to_end(&mut bytes)?;
                view.contents.insert(path.clone(), bytes);
            }
            view.entries.insert(path, Indexed { metadata, to: to.unwrap_or_default() });
        }
        Ok(view)
    }

    /// Files whose contents were asked for in vain since the last call.
    pub fn missing(&self) -> BTreeSet<String> {
        self.missing.take()
    }

    /// Gives it the contents of a file.
    pub fn provide(&mut self, path: String, contents: Vec<u8>) {
        self.contents.insert(path, contents);
    }

    fn copied(&self, path: &str) -> Option<(Metadata, Option<Vec<u8>>)> {
        Some((self.entries.get(path)?.metadata, self.contents.get(path).cloned()))
    }
}

/// The absolute path of an entry; `None` for the root, and for names that are no text, which no resource can have.
fn place(name: &[u8]) -> Option<String> {
    let name = std::str::from_utf8(name).ok()?;
    let parts = name.split('/').filter(|part| !matches!(*part, "" | "."));
    let path: String = parts.flat_map(|part| ["/", part]).collect();
    (!path.is_empty()).then_some(path)
}

fn kind_of(entry: EntryType) -> FileKind {
    if entry.is_dir() {
        FileKind::Directory
    } else if entry.is_symlink() {
        FileKind::Link
    } else if entry.is_file() || entry.is_contiguous() {
        FileKind::File
    } else {
        FileKind::Other
    }
}

fn number(id: u64) -> u32 {
    u32::try_from(id).unwrap_or(u32::MAX)
}

impl View for ImageView {
    fn metadata(&self, path: &str) -> Result<Option<Metadata>, ResourceError> {
        Ok(self.entries.get(path).map(|found| found.metadata))
    }

    fn open(&self, path: &str) -> Result<Box<dyn Read + '_>, ResourceError> {
        if let Some(bytes) = self.contents.get(path) {
            return Ok(Box::new(Cursor::new(bytes)));
        }
        self.missing.borrow_mut().insert(path.to_owned());
        Err(ResourceError::unreadable(path, "it was not fetched from the image"))
    }

    fn read_link(&self, path: &str) -> Result<String, ResourceError> {
        let found = self.entries.get(path).filter(|found| found.metadata.kind == FileKind::Link);
        let found = found.ok_or_else(|| ResourceError::unreadable(path, "it is no link"))?;
        Ok(found.to.clone())
    }

    fn list(&self, path: &str) -> Result<Vec<String>, ResourceError> {
        let inside = if path == "/" { "/".to_owned() } else { format!("{path}/") };
        let after = (Bound::Excluded(inside.clone()), Bound::Unbounded);
        let all = self.entries.range::<String, _>(after);
        let within = all.map_while(|(one, _)| one.strip_prefix(&inside));
        Ok(within.filter(|name| !name.contains('/')).map(str::to_owned).collect())
    }
}
