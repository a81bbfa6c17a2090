//! A tar that a container gave, to files of this machine.
//!
//! Invariant: nothing is written but below the target, whatever the tar says: every part of a path is opened by itself, and
//! no link is followed on the way.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;
use tar::{Archive, Entry, EntryType};

use super::left_out::{LeftOut, remember};
use super::part_file::PartFile;

/// What came of unpacking.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unpacked {
    pub files: u64,
    pub bytes: u64,
    /// The first of them, if there are many.
    pub left_out: Vec<LeftOut>,
}

const OUTSIDE: &str = "outside of what is copied";
const LINK_OUT: &str = "a link out of what is copied";

/// Unpacks a tar of one file or directory as `target`. A directory is merged into one that is there; a file takes the place of
/// another. Nothing gets an owner or a bit to run as somebody else.
pub fn unpack(tar: impl Read, target: &Path) -> io::Result<Unpacked> {
    let (parent, name) = place(target)?;
    let mut unpacking = Unpacking {
        parent,
        name,
        base: None,
        files: HashSet::new(),
        directories: Vec::new(),
        done: Unpacked::default(),
    };
    unpacking.refuse_device()?;
    let mut archive = Archive::new(tar);
    for entry in archive.entries()? {
        unpacking.entry(&mut entry?)?;
    }
    // Only now: what is in a directory that nobody may write to was to be written.
    for (path, mode) in unpacking.directories.iter().rev() {
        let directory = unpacking.open(path)?;
        rustix::fs::fchmod(directory, Mode::from_raw_mode(*mode))?;
    }
    Ok(unpacking.done)
}

/// The directory that the target is in, and its name there. The user's own path may go over links.
fn place(target: &Path) -> io::Result<(OwnedFd, OsString)> {
    let whole = match target.file_name() {
        Some(_) => target.to_path_buf(),
        // `.`, `..` and the like are directories, with a name of their own.
        None => std::fs::canonicalize(target)?,
    };
    // A link to a directory means that directory.
    let whole = if whole.is_dir() { std::fs::canonicalize(&whole)? } else { whole };
    let Some(name) = whole.file_name() else {
        return Err(io::Error::other("nothing is unpacked over the root of this machine"));
    };
    let parent = whole.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    Ok((rustix::fs::open(parent, flags, Mode::empty())?, name.to_os_string()))
}

/// Parts of a path below the target; none is the target itself.
type Parts = Vec<OsString>;

struct Unpacking {
    parent: OwnedFd,
    name: OsString,
    /// What the archive calls the target.
    base: Option<OsString>,
    /// Files that came out of this archive, which others in it may be links to.
    files: HashSet<Parts>,
    directories: Vec<(Parts, u32)>,
    done: Unpacked,
}

impl Unpacking {
    /// A device or a pipe that somebody names by mistake must not become a file.
    fn refuse_device(&self) -> io::Result<()> {
        let kept = [FileType::RegularFile, FileType::Directory, FileType::Symlink];
        match rustix::fs::statat(&self.parent, &self.name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(seen) if !kept.contains(&FileType::from_raw_mode(seen.st_mode)) => {
                Err(io::Error::other("it is no file that could be replaced"))
            }
            Ok(_) | Err(_) => Ok(()),
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the kinds of entries are open")]
    fn entry(&mut self, entry: &mut Entry<'_, impl Read>) -> io::Result<()> {
        let path = PathBuf::from(OsString::from_vec(entry.path_bytes().into_owned()));
        let Some(parts) = self.parts(&path) else {
            remember(&mut self.done.left_out, path, OUTSIDE);
            return Ok(());
        };
        let made = match entry.header().entry_type() {
            EntryType::Directory => self.directory(&parts, entry),
            EntryType::Regular | EntryType::Continuous => self.file(parts, entry),
            // No engine writes one, and a few bytes of it are as large as the disk.
            EntryType::GNUSparse => Ok(Some("a file with holes")),
            EntryType::Symlink => self.symbolic_link(&parts, entry),
            EntryType::Link => self.hard_link(&parts, entry),
            EntryType::XGlobalHeader => return Ok(()),
            EntryType::Block | EntryType::Char => Ok(Some("a device")),
            EntryType::Fifo => Ok(Some("a FIFO")),
            _ => Ok(Some("neither a file nor a directory")),
        };
        let named =
            |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        if let Some(why) = made.map_err(named)? {
            remember(&mut self.done.left_out, path, why);
        }
        Ok(())
    }

    /// A path of the archive below its target; none, if it is elsewhere.
    fn parts(&mut self, path: &Path) -> Option<Parts> {
        let mut parts = Parts::new();
        if path.as_os_str().as_bytes().starts_with(b"/") {
            return None;
        }
        for part in path.as_os_str().as_bytes().split(|byte| *byte == b'/') {
            match part {
                b"" | b"." => {}
                b".." => return None,
                part => parts.push(OsStr::from_bytes(part).to_os_string()),
            }
        }
        if parts.is_empty() {
            // Of the root, which has no name.
            self.base.get_or_insert_with(OsString::new);
            return Some(parts);
        }
        let base = self.base.get_or_insert_with(|| parts[0].clone());
        if base.is_empty() {
            return Some(parts);
        }
        (parts[0] == *base).then(|| parts.split_off(1))
    }

    fn directory(
        &mut self,
        parts: &Parts,
        entry: &Entry<'_, impl Read>,
    ) -> io::Result<Option<&'static str>> {
        let (above, name) = self.place_of(parts)?;
        // One that is there stays as it is.
        let is_new = rustix::fs::statat(&above, &name, AtFlags::SYMLINK_NOFOLLOW).is_err();
        drop(self.open(parts)?);
        if is_new {
            self.directories.push((parts.clone(), entry.header().mode()? & 0o777));
        }
        Ok(None)
    }

    fn file(
        &mut self,
        parts: Parts,
        entry: &mut Entry<'_, impl Read>,
    ) -> io::Result<Option<&'static str>> {
        let (directory, name) = self.place_of(&parts)?;
        refuse_directory(&directory, &name)?;
        let (part, mut file) = PartFile::create(&directory)?;
        let size = entry.size();
        let copied = io::copy(entry, &mut file)?;
        if copied != size {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        rustix::fs::fchmod(&file, Mode::from_raw_mode(entry.header().mode()? & 0o777))?;
        let modified =
            SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(entry.header().mtime()?));
        // A time that this machine can't write is not worth the file.
        let _ = modified.map(|time| file.set_modified(time));
        part.keep(&name)?;
        self.files.insert(parts);
        self.done.files += 1;
        self.done.bytes += copied;
        Ok(None)
    }

    fn symbolic_link(
        &mut self,
        parts: &Parts,
        entry: &Entry<'_, impl Read>,
    ) -> io::Result<Option<&'static str>> {
        let target = entry.link_name_bytes().unwrap_or_default();
        if !stays_inside(parts, &target) {
            return Ok(Some(LINK_OUT));
        }
        let (directory, name) = self.place_of(parts)?;
        make_room(&directory, &name)?;
        rustix::fs::symlinkat(OsStr::from_bytes(&target), &directory, &name)?;
        self.files.remove(parts);
        Ok(None)
    }

    fn hard_link(
        &mut self,
        parts: &Parts,
        entry: &Entry<'_, impl Read>,
    ) -> io::Result<Option<&'static str>> {
        let target = entry.link_name_bytes().unwrap_or_default().into_owned();
        let known = self.parts(&PathBuf::from(OsString::from_vec(target)));
        let Some(known) = known.filter(|known| self.files.contains(known) && known != parts) else {
            return Ok(Some(LINK_OUT));
        };
        let (from, old) = self.place_of(&known)?;
        let (to, new) = self.place_of(parts)?;
        make_room(&to, &new)?;
        rustix::fs::linkat(&from, &old, &to, &new, AtFlags::empty())?;
        self.files.insert(parts.clone());
        self.done.files += 1;
        Ok(None)
    }

    /// The directory of an entry, which is made if need be, and its name in it.
    fn place_of(&self, parts: &Parts) -> io::Result<(OwnedFd, OsString)> {
        match parts.split_last() {
            Some((name, above)) => Ok((self.open(above)?, name.clone())),
            None => Ok((self.parent.try_clone()?, self.name.clone())),
        }
    }

    /// A directory below the target, made if it is not there.
    fn open(&self, parts: &[OsString]) -> io::Result<OwnedFd> {
        let mut directory = open_or_make(&self.parent, &self.name)?;
        for part in parts {
            directory = open_or_make(&directory, part)?;
        }
        Ok(directory)
    }
}

fn open_or_make(parent: &OwnedFd, name: &OsStr) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let open = || rustix::fs::openat(parent, name, flags, Mode::empty());
    match open() {
        Err(Errno::NOENT) => {
            rustix::fs::mkdirat(parent, name, Mode::RWXU)?;
            Ok(open()?)
        }
        opened => Ok(opened?),
    }
}

/// Removes what has an entry's name, unless it is a directory.
fn make_room(directory: &OwnedFd, name: &OsStr) -> io::Result<()> {
    if refuse_directory(directory, name)? {
        rustix::fs::unlinkat(directory, name, AtFlags::empty())?;
    }
    Ok(())
}

/// Whether there is something of an entry's name; a directory may not be.
fn refuse_directory(directory: &OwnedFd, name: &OsStr) -> io::Result<bool> {
    match rustix::fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW) {
        Err(Errno::NOENT) => Ok(false),
        Err(error) => Err(error.into()),
        Ok(seen) if FileType::from_raw_mode(seen.st_mode) == FileType::Directory => {
            Err(io::ErrorKind::IsADirectory.into())
        }
        Ok(_) => Ok(true),
    }
}

/// Whether a link at these parts ends below the target. `..` may only come first, where it starts from a real directory:
/// behind a name it could be that of a link.
fn stays_inside(parts: &Parts, target: &[u8]) -> bool {
    let Some(mut depth) = parts.len().checked_sub(1) else { return false };
    if target.is_empty() || target.starts_with(b"/") {
        return false;
    }
    let mut behind_name = false;
    for part in target.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." if behind_name || depth == 0 => return false,
            b".." => depth -= 1,
            _ => behind_name = true,
        }
    }
    true
}
