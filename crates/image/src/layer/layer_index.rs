//! One tar of a file system, or of a layer of one, as an index.
//!
//! Invariant: only what is asked for is held of contents; a tar is outside bytes, and what has no name that a resource could have
//! is passed over.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::path::Path;

use serde::{Deserialize, Serialize};
use tar::{Archive, Entry, EntryType};
use windlass_bundle::{FileKind, Metadata, Owner};

use super::extended::Extended;
use super::spooled::Spooled;

/// Larger files of /etc are kept only if they are asked for.
const KEPT_BYTES: u64 = 64 * 1024;
/// Larger files that are asked for are kept on the disk.
const HELD_MAX_BYTES: u64 = 8 << 20;

/// Where os-release is where /etc only links to it.
const OS_RELEASE: &str = "/usr/lib/os-release";

/// What is at a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Indexed {
    pub(super) metadata: Metadata,
    /// Of a link. Of a file that is a hard link: the name in its layer that has the contents.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) to: String,
    #[serde(default, skip_serializing_if = "Extended::is_empty")]
    pub(super) extended: Extended,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct LayerIndex {
    pub(super) entries: BTreeMap<String, Indexed>,
    pub(super) contents: BTreeMap<String, Vec<u8>>,
    pub(super) spooled: BTreeMap<String, Spooled>,
    /// What it takes away of the layers below it.
    pub(super) gone: Vec<String>,
    /// Directories of which nothing is left of the layers below it.
    pub(super) opaque: Vec<String>,
}

impl LayerIndex {
    /// `wanted`: files whose contents are kept, beside small ones of /etc; `spool`: the folder for large ones, in memory
    /// without one.
    pub(super) fn read(
        tar: impl Read,
        wanted: &BTreeSet<String>,
        spool: Option<&Path>,
    ) -> io::Result<Self> {
        let mut index = Self::default();
        let mut archive = Archive::new(tar);
        for entry in archive.entries()? {
            let mut entry = entry?;
            if let Some(path) = place(&entry.path_bytes()) {
                index.add(path, &mut entry, wanted, spool)?;
            }
        }
        Ok(index)
    }

    fn add(
        &mut self,
        path: String,
        entry: &mut Entry<'_, impl Read>,
        wanted: &BTreeSet<String>,
        spool: Option<&Path>,
    ) -> io::Result<()> {
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", &path));
        if name == ".wh..wh..opq" {
            self.opaque.push(if parent.is_empty() { "/" } else { parent }.to_owned());
            return Ok(());
        }
        if let Some(gone) = name.strip_prefix(".wh.") {
            self.gone.push(format!("{parent}/{gone}"));
            return Ok(());
        }
        let extended = Extended::of(entry)?;
        let header = entry.header();
        let kind = header.entry_type();
        let link = entry.link_name_bytes();
        if kind == EntryType::Link {
            // Another name of a file that came before.
            let target = link.and_then(|name| place(&name));
            if let Some(target) = &target
                && let Some(found) = self.entries.get(target)
            {
                let mut found = found.clone();
                if let (FileKind::File, true) = (found.metadata.kind, found.to.is_empty()) {
                    found.to.clone_from(target);
                }
                self.entries.insert(path.clone(), found);
            }
            let target = target.unwrap_or_default();
            self.forget(&path);
            let large = self.spooled.get(&target).cloned();
            self.spooled.extend(large.map(|large| (path.clone(), large)));
            let bytes = self.contents.get(&target).cloned();
            self.contents.extend(bytes.map(|bytes| (path, bytes)));
            return Ok(());
        }
        let metadata = Metadata {
            kind: kind_of(kind),
            owner: Owner { uid: number(header.uid()?), gid: number(header.gid()?) },
            mode: header.mode()? & 0o7777,
            size: entry.size(),
        };
        let to = link.map(|to| String::from_utf8_lossy(&to).into_owned()).unwrap_or_default();
        self.forget(&path);
        if metadata.kind != FileKind::File || !is_kept(&path, metadata.size, wanted) {
        } else if let Some(folder) = spool.filter(|_| metadata.size > HELD_MAX_BYTES) {
            self.spooled.insert(path.clone(), Spooled::take(folder, entry)?);
        } else {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes)?;
            self.contents.insert(path.clone(), bytes);
        }
        self.entries.insert(path, Indexed { metadata, to, extended });
        Ok(())
    }
}

impl LayerIndex {
    /// It is another file now.
    fn forget(&mut self, path: &str) {
        self.contents.remove(path);
        self.spooled.remove(path);
    }
}

fn is_kept(path: &str, size: u64, wanted: &BTreeSet<String>) -> bool {
    let is_small = size <= KEPT_BYTES && (path.starts_with("/etc/") || path == OS_RELEASE);
    is_small || wanted.contains(path)
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
