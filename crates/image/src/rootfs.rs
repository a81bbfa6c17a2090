//! The file system of an imported image: a tar file as it is, or a directory turned into one.
//!
//! Invariant: nothing of a root file system is lost or changed on the way: owners, modes, devices and hard links stay.
//! (Extended attributes are not read, so file capabilities are.)

use std::collections::HashMap;
use std::fs::{self, Metadata};
use std::io::{self, Read as _, Write};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use tar::{EntryType, Header};

use crate::context::ContextError;
use crate::digest::{ContentDigest, FieldHasher, hash_reader};
use crate::disk_file::DiskFile;
use crate::entry::{Content, ContextPath, Entry, EntryKind};
use crate::tar_stream::{TarError, TarOptions, TarWriter};

/// What an image is imported from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rootfs {
    /// A tar file, compressed or not, sent as it is.
    Tar(PathBuf),
    Directory(PathBuf),
}

impl Rootfs {
    /// See what lies at `path`.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, ContextError> {
        let path = path.into();
        match fs::metadata(&path) {
            Ok(found) if found.is_dir() => Ok(Self::Directory(path)),
            Ok(_) => match windlass_files::open(&path) {
                Ok(_) => Ok(Self::Tar(path)),
                Err(source) => Err(ContextError::ReadFile { path, source }),
            },
            Err(source) => Err(ContextError::ReadFile { path, source }),
        }
    }

    /// Write what `docker import` takes; returns the bytes before compression. A tar file is never compressed again.
    pub fn write<W: Write>(&self, sink: W, options: TarOptions<'_>) -> Result<u64, TarError> {
        match self {
            Self::Tar(path) => copy(path, sink, options),
            Self::Directory(path) => {
                let mut tar = TarWriter::new(sink, options);
                let mut seen = HashMap::new();
                walk(path, b"", &mut |item| append(&mut tar, &mut seen, item))?;
                tar.finish()
            }
        }
    }

    /// The digest of all that the image gets: a tar file's bytes, or a directory's content without dates.
    pub fn digest(&self) -> Result<ContentDigest, ContextError> {
        let mut hasher = FieldHasher::new("windlass rootfs 1");
        let mut buffer = vec![0; 128 * 1024];
        match self {
            Self::Tar(path) => hash_file(&mut hasher, path, &mut buffer)?,
            Self::Directory(path) => {
                walk(path, b"", &mut |item| hash_item(&mut hasher, &item, &mut buffer))?;
            }
        }
        Ok(hasher.finish())
    }
}

/// One thing of the directory, as found.
struct Item<'a> {
    path: ContextPath,
    disk: &'a Path,
    found: Metadata,
}

fn walk<E: From<ContextError>>(
    directory: &Path,
    prefix: &[u8],
    visit: &mut dyn FnMut(Item<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let error = |source| ContextError::ReadDirectory { path: directory.to_owned(), source };
    let mut names = fs::read_dir(directory)
        .and_then(|entries| {
            entries.map(|entry| Ok(entry?.file_name().into_vec())).collect::<io::Result<Vec<_>>>()
        })
        .map_err(error)?;
    names.sort_unstable();
    for name in names {
        let disk = directory.join(std::ffi::OsStr::from_bytes(&name));
        let path = ContextPath::child(prefix, &name);
        let found = disk
            .symlink_metadata()
            .map_err(|source| ContextError::ReadFile { path: disk.clone(), source })?;
        let is_directory = found.is_dir();
        visit(Item { path: path.clone(), disk: &disk, found })?;
        if is_directory {
            walk(&disk, path.as_bytes(), visit)?;
        }
    }
    Ok(())
}

fn append<W: Write>(
    tar: &mut TarWriter<'_, W>,
    seen: &mut HashMap<(u64, u64), Vec<u8>>,
    item: Item<'_>,
) -> Result<(), TarError> {
    let Item { path, disk, found } = item;
    let kind = found.file_type();
    let entry_kind = if kind.is_dir() {
        EntryKind::Directory
    } else if kind.is_symlink() {
        EntryKind::Symlink { target: link_target(disk)? }
    } else {
        EntryKind::File {
            size: found.len(),
            content: Content::Disk(DiskFile::new(disk.to_owned(), &found)),
        }
    };
    let mtime_ns = found.mtime().saturating_mul(1_000_000_000);
    let mode = found.mode() & 0o7777;
    let entry =
        Entry { path, kind: entry_kind, mode, uid: found.uid(), gid: found.gid(), mtime_ns };
    if kind.is_dir() || kind.is_symlink() {
        return tar.append(&entry);
    }
    if kind.is_file() {
        if found.nlink() > 1 {
            let twin = seen.entry((found.dev(), found.ino()));
            if let std::collections::hash_map::Entry::Occupied(first) = &twin {
                let mut header = bare_header(&entry, EntryType::Link);
                return tar.link(&entry, &mut header, first.get());
            }
            twin.or_insert_with(|| entry.path.as_bytes().to_vec());
        }
        return tar.append(&entry);
    }
    let entry_type = if kind.is_block_device() {
        EntryType::Block
    } else if kind.is_char_device() {
        EntryType::Char
    } else if kind.is_fifo() {
        EntryType::Fifo
    } else {
        // A socket is only a running program's; no archive can hold one.
        return Ok(());
    };
    let mut header = bare_header(&entry, entry_type);
    if entry_type != EntryType::Fifo {
        let device = found.rdev();
        let numbers = header
            .set_device_major(rustix::fs::major(device))
            .and_then(|()| header.set_device_minor(rustix::fs::minor(device)));
        numbers.map_err(|source| TarError::Write { source })?;
    }
    tar.bare(&entry, &mut header)
}

fn bare_header(entry: &Entry, entry_type: EntryType) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(entry_type);
    header.set_mode(entry.mode);
    header.set_uid(u64::from(entry.uid));
    header.set_gid(u64::from(entry.gid));
    header.set_mtime(u64::try_from(entry.mtime_ns / 1_000_000_000).unwrap_or(0));
    header.set_size(0);
    header
}

fn hash_item(
    hasher: &mut FieldHasher,
    item: &Item<'_>,
    buffer: &mut [u8],
) -> Result<(), ContextError> {
    let Item { path, disk, found } = item;
    hasher.field(path.as_bytes());
    hasher.number(u64::from(found.mode()));
    hasher.number(u64::from(found.uid()));
    hasher.number(u64::from(found.gid()));
    hasher.number(found.rdev());
    if found.is_symlink() {
        hasher.field(link_target(disk)?);
    } else if found.is_file() {
        hash_file(hasher, disk, buffer)?;
    }
    Ok(())
}

fn hash_file(hasher: &mut FieldHasher, path: &Path, buffer: &mut [u8]) -> Result<(), ContextError> {
    let error = |source| ContextError::ReadFile { path: path.to_owned(), source };
    let mut file = windlass_files::open(path).map_err(error)?;
    hasher.field(hash_reader(&mut file, buffer).map_err(error)?);
    Ok(())
}

fn link_target(link: &Path) -> Result<Vec<u8>, ContextError> {
    let error = |source| ContextError::ReadFile { path: link.to_owned(), source };
    Ok(fs::read_link(link).map_err(error)?.into_os_string().into_vec())
}

fn copy<W: Write>(path: &Path, mut sink: W, options: TarOptions<'_>) -> Result<u64, TarError> {
    let read_error = |source| ContextError::ReadFile { path: path.to_owned(), source };
    let mut file = windlass_files::open(path).map_err(read_error)?;
    let mut progress = options.progress;
    let mut buffer = vec![0; 128 * 1024];
    let mut written = 0;
    loop {
        let read = file.read(&mut buffer).map_err(read_error)?;
        if read == 0 {
            break;
        }
        sink.write_all(&buffer[..read]).map_err(|source| TarError::Write { source })?;
        written += read as u64;
        if let Some(progress) = &mut progress {
            progress(written);
        }
    }
    sink.flush().map_err(|source| TarError::Write { source })?;
    Ok(written)
}
