//! The tar of a layer: just what changed, in the order of paths.
//!
//! Invariant: an entry is there only for what was made, changed or removed, and for the directories on the way to it, as they
//! are: who unpacks a layer makes those that are missing in it anew, for root and with 0755.

use std::collections::HashSet;
use std::io::{self, Read, Write};

use sha2::{Digest as _, Sha256};
use tar::{Builder, EntryType, Header};
use windlass_bundle::{FileKind, Layered, Overlay, Owner, View};

use super::{MOMENT_S, extended};

/// A layer that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssembledLayer {
    /// `sha256:…` of the tar: what names the layer in an image.
    pub diff_id: String,
    /// Bytes of the tar.
    pub size: u64,
    /// Its entries, as they are in the tar: `etc/motd`, `etc/.wh.issue`.
    pub entries: Vec<String>,
}

/// Writes what differs between an overlay and what lies below it.
///
/// # Errors
///
/// If a file can't be read, the tar can't be written, or the overlay waits for what a command will have done.
pub fn assemble<V: View>(overlay: &Overlay<V>, sink: &mut dyn Write) -> io::Result<AssembledLayer> {
    let below = overlay.below();
    if overlay.has_run() {
        let message = "commands are run in a container: what they do is not known here";
        return Err(io::Error::new(io::ErrorKind::Unsupported, message));
    }
    let mut tar = Builder::new(Hashing { sink, hash: Sha256::new(), size: 0 });
    let mut entries = Vec::new();
    let mut above = HashSet::new();
    for (path, layered) in overlay.changes() {
        let found = below.metadata(path).map_err(io::Error::other)?;
        if !is_written(layered, found.map(|found| found.kind)) {
            continue;
        }
        way(&mut tar, overlay, path, (&mut above, &mut entries))?;
        let name = path.trim_start_matches('/');
        let written = match layered {
            Layered::File { content, owner, mode } => {
                let all = overlay.extended(path).map_err(io::Error::other)?;
                extended::write(&mut tar, &all)?;
                let size = content.size()?;
                file(&mut tar, name, (*owner, *mode), size, &mut *content.open()?)?
            }
            Layered::Directory { owner, mode } => directory(&mut tar, name, *owner, *mode)?,
            Layered::Link { to, owner } => link(&mut tar, name, to, *owner)?,
            Layered::Attributes { owner, mode } => {
                let all = overlay.extended(path).map_err(io::Error::other)?;
                extended::write(&mut tar, &all)?;
                if found.is_some_and(|found| found.kind == FileKind::Directory) {
                    directory(&mut tar, name, *owner, *mode)?
                } else {
                    let size = found.map_or(0, |found| found.size);
                    let mut from = overlay.open(path).map_err(io::Error::other)?;
                    file(&mut tar, name, (*owner, *mode), size, &mut *from)?
                }
            }
            Layered::Gone => {
                let (parent, last) = name.rsplit_once('/').unwrap_or(("", name));
                let dash = if parent.is_empty() { "" } else { "/" };
                let mark = format!("{parent}{dash}.wh.{last}");
                file(&mut tar, &mark, (Owner::default(), 0o600), 0, &mut io::empty())?
            }
        };
        entries.push(written);
    }
    let Hashing { hash, size, .. } = tar.into_inner()?;
    let diff_id = format!("sha256:{}", hex(&hash.finalize()));
    Ok(AssembledLayer { diff_id, size, entries })
}

fn is_written(layered: &Layered, below: Option<FileKind>) -> bool {
    match layered {
        Layered::File { .. } | Layered::Directory { .. } | Layered::Link { .. } => true,
        Layered::Attributes { .. } => matches!(below, Some(FileKind::File | FileKind::Directory)),
        // What was never there needs no mark that it is gone.
        Layered::Gone => below.is_some(),
    }
}

/// The directories above a path that are there already, each once. Those that changed come by themselves, and before what is in
/// them.
fn way<'a, V: View>(
    tar: &mut Builder<impl Write>,
    overlay: &'a Overlay<V>,
    path: &'a str,
    (above, entries): (&mut HashSet<&'a str>, &mut Vec<String>),
) -> io::Result<()> {
    let ends = path.match_indices('/').map(|(at, _)| at).skip(1);
    for directory in ends.map(|end| &path[..end]) {
        if !above.insert(directory) || overlay.changes().contains_key(directory) {
            continue;
        }
        let found = overlay.below().metadata(directory).map_err(io::Error::other)?;
        let Some(found) = found.filter(|found| found.kind == FileKind::Directory) else { continue };
        extended::write(tar, &overlay.below().extended(directory).map_err(io::Error::other)?)?;
        let name = directory.trim_start_matches('/');
        entries.push(self::directory(tar, name, found.owner, found.mode)?);
    }
    Ok(())
}

fn header(kind: EntryType, owner: Owner, mode: u32, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_uid(u64::from(owner.uid));
    header.set_gid(u64::from(owner.gid));
    header.set_mtime(MOMENT_S);
    header.set_size(size);
    header
}

fn file(
    tar: &mut Builder<impl Write>,
    name: &str,
    (owner, mode): (Owner, u32),
    size: u64,
    content: &mut dyn Read,
) -> io::Result<String> {
    let mut header = header(EntryType::Regular, owner, mode, size);
    // A file that grows while it is read must not break the tar.
    tar.append_data(&mut header, name, content.take(size))?;
    Ok(name.to_owned())
}

fn directory(
    tar: &mut Builder<impl Write>,
    name: &str,
    owner: Owner,
    mode: u32,
) -> io::Result<String> {
    let name = format!("{name}/");
    let mut header = header(EntryType::Directory, owner, mode, 0);
    tar.append_data(&mut header, &name, io::empty())?;
    Ok(name)
}

fn link(tar: &mut Builder<impl Write>, name: &str, to: &str, owner: Owner) -> io::Result<String> {
    let mut header = header(EntryType::Symlink, owner, 0o777, 0);
    tar.append_link(&mut header, name, to)?;
    Ok(name.to_owned())
}

/// Passes on, and remembers the digest of all.
struct Hashing<'a> {
    sink: &'a mut dyn Write,
    hash: Sha256,
    size: u64,
}

impl Write for Hashing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = self.sink.write(bytes)?;
        self.hash.update(&bytes[..length]);
        self.size += length as u64;
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}

/// Hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
