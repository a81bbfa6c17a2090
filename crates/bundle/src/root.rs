//! A directory of this machine as the root of a target.
//!
//! Invariant: every part of a path is opened without following links, below the root's own descriptor: whatever
//! is put in the way meanwhile, nothing outside the root is touched, and a file is there whole or not at all.

use crate::accounts::Memory;
use crate::directory::{Directory, names, sync};
use crate::extended;
use crate::{
    Content, FileKind, Metadata, Op, Owner, Records, ResourceError, Target, View, path, removal,
    temporary,
};
use rustix::fs::{
    self, AtFlags, FileType, FlockOperation, Gid, Mode, OFlags, ResolveFlags, Stat, Uid,
};
use rustix::io::Errno;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ffi::CString;
use std::fs::File;
use std::io::{self, Read, Write as _};
use std::os::fd::{AsFd, AsRawFd as _, OwnedFd};
use std::path::Path;
use std::rc::Rc;

type Result<T> = std::result::Result<T, ResourceError>;

/// See the module.
pub struct Root {
    top: OwnedFd,
    /// Who runs this.
    uid: Uid,
    /// Whose the root itself is: who could change all of it anyway.
    owner: u32,
    /// Whether owners are given: only root can.
    gives_owners: bool,
    /// Whether users and groups in it are those of this machine.
    is_machine: bool,
    accounts: Memory<Option<Stamp>>,
    /// Directories in which nothing is left of runs that were killed.
    swept: RefCell<BTreeSet<String>>,
}

/// What tells a file from the one that was there before: inode, size, and when contents and attributes last changed.
type Stamp = (u64, i64, (i64, u64), (i64, u64));

impl Root {
    /// # Errors
    ///
    /// If it is no directory, or can't be opened.
    pub fn open(directory: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let top = fs::open(directory, flags, Mode::empty())?;
        let uid = rustix::process::geteuid();
        let owner = fs::fstat(&top)?.st_uid;
        let (accounts, swept) = (Memory::default(), RefCell::default());
        let gives_owners = uid.is_root();
        Ok(Self { top, uid, owner, gives_owners, is_machine: false, accounts, swept })
    }

    /// The root of this machine.
    ///
    /// # Errors
    ///
    /// If it can't be opened.
    pub fn of_machine() -> io::Result<Self> {
        Ok(Self { is_machine: true, ..Self::open(Path::new("/"))? })
    }

    /// Whether nobody else changes it while this one lives, who asks as well: nothing is left in it when that ends, however it does.
    ///
    /// # Errors
    ///
    /// If its file system can't tell.
    pub fn lock(&self) -> io::Result<bool> {
        match fs::flock(&self.top, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK) => Ok(false),
            locked => locked.map(|()| true).map_err(io::Error::from),
        }
    }

    /// Does one operation.
    ///
    /// # Errors
    ///
    /// If it can't be done; a file is as it was then.
    pub fn apply(&self, op: &Op) -> Result<()> {
        self.accounts.forget();
        let done = match op {
            Op::Write { path, content, owner, mode } => self.write(path, content, *owner, *mode),
            Op::MakeDirectory { path, owner, mode } => self.make_directory(path, *owner, *mode),
            Op::MakeLink { path, to, owner } => self.make_link(path, to, *owner),
            Op::SetAttributes { path, owner, mode } => self.set_attributes(path, *owner, *mode),
            Op::SetLinkOwner { path, owner } => self.set_link_owner(path, *owner),
            Op::Remove { path, recursive } => self.remove(path, *recursive),
            Op::Run { .. } => {
                let message = "a command can't be run here: this is a directory, not a system";
                return Err(ResourceError::new(message).help(HELP));
            }
            Op::Joined => Ok(()),
        };
        done.map_err(|error| failed("change", op.path(), &error))
    }

    /// The directory that a path is in, and its last part.
    fn parent<'p>(&self, path: &'p str) -> io::Result<(Directory<'_>, &'p str)> {
        let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
        Ok((self.directory(path::parent(path))?, name))
    }

    /// The same, to write in.
    fn swept_parent<'p>(&self, path: &'p str) -> io::Result<(Directory<'_>, &'p str)> {
        let (parent, name) = self.parent(path)?;
        if self.swept.borrow_mut().insert(path::parent(path).to_owned()) {
            temporary::sweep(parent.as_fd());
        }
        Ok((parent, name))
    }

    /// Only as a place: who may not list it may still know what is in it.
    fn directory(&self, path: &str) -> io::Result<Directory<'_>> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let path = path.trim_start_matches('/');
        if path.is_empty() {
            return Ok(Directory::Top(self.top.as_fd()));
        }
        let inside = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
        match fs::openat2(&self.top, path, flags, Mode::empty(), inside) {
            // An old kernel does not know it, a container may forbid it, and a long way has to be gone step by step.
            Err(Errno::NOSYS | Errno::PERM | Errno::NAMETOOLONG | Errno::AGAIN) => {}
            opened => return Ok(Directory::Below(opened?)),
        }
        let mut here = self.top.try_clone()?;
        for part in path.split('/').filter(|part| !part.is_empty()) {
            here = fs::openat(&here, part, flags, Mode::empty())?;
        }
        Ok(Directory::Below(here))
    }

    fn write(&self, path: &str, content: &Content, owner: Owner, mode: u32) -> io::Result<()> {
        let (parent, name) = self.swept_parent(path)?;
        let temporary = temporary::name();
        let written = self.write_beside(&parent, (&temporary, name), content, owner, mode);
        // It is open, and locked, until it has its name.
        let written =
            written.and_then(|_file| Ok(fs::renameat(&parent, &*temporary, &parent, name)?));
        if written.is_err() {
            let _ = fs::unlinkat(&parent, &*temporary, AtFlags::empty());
        }
        written?;
        sync(&parent)
    }

    /// A file that nobody but its owner can read until it has its mode; `other`: the name that it is for.
    fn write_beside(
        &self,
        parent: &Directory<'_>,
        (name, other): (&str, &str),
        content: &Content,
        owner: Owner,
        mode: u32,
    ) -> io::Result<File> {
        let _ = fs::unlinkat(parent, name, AtFlags::empty());
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW;
        let file = fs::openat(parent, name, flags | OFlags::CLOEXEC, Mode::from_raw_mode(0o600))?;
        let mut file = File::from(file);
        // Where no lock can be taken, none is asked for either.
        let _ = fs::flock(&file, FlockOperation::NonBlockingLockExclusive);
        io::copy(&mut content.open()?, &mut file)?;
        file.flush()?;
        if self.gives_owners {
            let (uid, gid) = numbers(owner);
            fs::fchown(&file, uid, gid)?;
        }
        extended::copy(parent, other, &file)?;
        // After the owner, a change of which takes setuid away, and after access lists, which have modes of their own.
        fs::fchmod(&file, Mode::from_raw_mode(mode))?;
        file.sync_all()?;
        Ok(file)
    }

    fn make_directory(&self, path: &str, owner: Owner, mode: u32) -> io::Result<()> {
        let (parent, name) = self.parent(path)?;
        fs::mkdirat(&parent, name, Mode::from_raw_mode(0o700))?;
        self.set_attributes(path, owner, mode)
    }

    fn make_link(&self, path: &str, to: &str, owner: Owner) -> io::Result<()> {
        let (parent, name) = self.swept_parent(path)?;
        let temporary = temporary::name();
        let _ = fs::unlinkat(&parent, &*temporary, AtFlags::empty());
        fs::symlinkat(to, &parent, &*temporary)?;
        let renamed = fs::renameat(&parent, &*temporary, &parent, name);
        if renamed.is_err() {
            let _ = fs::unlinkat(&parent, &*temporary, AtFlags::empty());
        }
        renamed?;
        self.set_link_owner(path, owner)
    }

    fn set_attributes(&self, path: &str, owner: Owner, mode: u32) -> io::Result<()> {
        let (parent, name) = self.parent(path)?;
        // Neither waits for the other end of a FIFO, nor follows what took the file's place.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = match fs::openat(&parent, name, flags, Mode::empty()) {
            Err(Errno::ACCESS) => return set_unreadable_mode(&parent, name, mode),
            file => file?,
        };
        let found = fs::fstat(&file)?;
        // Even a change to the same owner takes the capabilities of a program away.
        if self.gives_owners && (found.st_uid, found.st_gid) != (owner.uid, owner.gid) {
            let (uid, gid) = numbers(owner);
            fs::fchown(&file, uid, gid)?;
        }
        Ok(fs::fchmod(&file, Mode::from_raw_mode(mode))?)
    }

    fn set_link_owner(&self, path: &str, owner: Owner) -> io::Result<()> {
        if !self.gives_owners {
            return Ok(());
        }
        let (parent, name) = self.parent(path)?;
        let (uid, gid) = numbers(owner);
        Ok(fs::chownat(&parent, name, uid, gid, AtFlags::SYMLINK_NOFOLLOW)?)
    }

    /// What is at a path itself, without following links; `None` if nothing is.
    fn stat(&self, path: &str) -> io::Result<Option<Stat>> {
        if path == "/" {
            return Ok(Some(fs::fstat(self.top.as_fd())?));
        }
        let (parent, name) = match self.parent(path) {
            Err(error) if is_absent(&error) => return Ok(None),
            parent => parent?,
        };
        match fs::statat(&parent, name, AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => Ok(None),
            found => Ok(Some(found?)),
        }
    }

    fn remove(&self, path: &str, recursive: bool) -> io::Result<()> {
        let (parent, name) = self.parent(path)?;
        if recursive {
            let name = CString::new(name)?;
            removal::count(parent.as_fd(), &name, path)?;
            return removal::remove(parent.as_fd(), &name);
        }
        let is_directory = |found: &Stat| FileType::from_raw_mode(found.st_mode).is_dir();
        let found = fs::statat(&parent, name, AtFlags::SYMLINK_NOFOLLOW)?;
        let flags = if is_directory(&found) { AtFlags::REMOVEDIR } else { AtFlags::empty() };
        Ok(fs::unlinkat(&parent, name, flags)?)
    }

    fn count(&self, path: &str) -> io::Result<usize> {
        let (parent, name) = self.parent(path)?;
        removal::count(parent.as_fd(), &CString::new(name)?, path)
    }
}

/// What to do about what needs a system.
pub(crate) const HELP: &str =
    "apply it in an image or on a host, or restrict it with `only_if: {mode: [image, host]}`";

impl Target for Root {
    fn apply(&self, op: &Op) -> Result<()> {
        Self::apply(self, op)
    }
}

/// The mode of what its owner may not read, who is not root.
fn set_unreadable_mode(parent: &impl AsFd, name: &str, mode: u32) -> io::Result<()> {
    let file = fs::openat(parent, name, OFlags::PATH | OFlags::NOFOLLOW, Mode::empty())?;
    // A link has no mode, and this would go on to where it leads.
    if FileType::from_raw_mode(fs::fstat(&file)?.st_mode) == FileType::Symlink {
        return Err(Errno::LOOP.into());
    }
    let itself = format!("/proc/self/fd/{}", file.as_raw_fd());
    Ok(fs::chmod(itself, Mode::from_raw_mode(mode))?)
}

/// What a system call said of a path, and who would be let.
fn failed(doing: &str, path: &str, error: &io::Error) -> ResourceError {
    let said = ResourceError::io(doing, path, error);
    if error.kind() == io::ErrorKind::ResourceBusy {
        return said.help("something is mounted there: unmount it first");
    }
    if error.kind() != io::ErrorKind::PermissionDenied {
        return said;
    }
    said.help("`chmod` can let its owner; root may anyway (on a host: `--sudo`)")
}

fn numbers(owner: Owner) -> (Option<Uid>, Option<Gid>) {
    (Some(Uid::from_raw(owner.uid)), Some(Gid::from_raw(owner.gid)))
}

impl View for Root {
    fn metadata(&self, path: &str) -> Result<Option<Metadata>> {
        let found = self.stat(path);
        let found = found.map_err(|error| failed("look at", path, &error))?;
        let Some(found) = found else { return Ok(None) };
        let kind = match FileType::from_raw_mode(found.st_mode) {
            FileType::RegularFile => FileKind::File,
            FileType::Directory => FileKind::Directory,
            FileType::Symlink => FileKind::Link,
            FileType::Fifo
            | FileType::Socket
            | FileType::CharacterDevice
            | FileType::BlockDevice
            | FileType::Unknown => FileKind::Other,
        };
        let is_mine = !self.gives_owners && found.st_uid == self.uid.as_raw();
        // Who is not root can give nothing away: what is theirs stands for root's.
        let owner =
            if is_mine { Owner::default() } else { Owner { uid: found.st_uid, gid: found.st_gid } };
        let size = u64::try_from(found.st_size).unwrap_or(0);
        Ok(Some(Metadata { kind, owner, mode: found.st_mode & 0o7777, size }))
    }

    fn only_owner(&self) -> Option<Owner> {
        let me = || Owner { uid: self.uid.as_raw(), gid: rustix::process::getegid().as_raw() };
        // In a directory the numbers are those of a machine that is not running.
        (!self.gives_owners).then(|| if self.is_machine { me() } else { Owner::default() })
    }

    fn open(&self, path: &str) -> Result<Box<dyn Read + '_>> {
        let failed = |error: io::Error| failed("read", path, &error);
        let (parent, name) = self.parent(path).map_err(failed)?;
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = fs::openat(&parent, name, flags, Mode::empty());
        Ok(Box::new(File::from(file.map_err(|error| failed(error.into()))?)))
    }

    fn read_link(&self, path: &str) -> Result<String> {
        let failed = |error: io::Error| failed("read", path, &error);
        let (parent, name) = self.parent(path).map_err(failed)?;
        let to = fs::readlinkat(&parent, name, Vec::new());
        let to = to.map_err(|error| failed(error.into()))?;
        to.into_string().map_err(|_| failed(io::Error::other("it leads to what is no text")))
    }

    /// Others may change them meanwhile, and so may commands: what is kept is what a look still finds.
    fn records(&self, path: &str, read: &dyn Fn() -> Result<Records>) -> Result<Rc<Records>> {
        match self.stat(path) {
            Ok(found) => self.accounts.get_or_read(path, found.map(stamp), read),
            Err(_) => read().map(Rc::new),
        }
    }

    fn follows(&self, owner: Owner) -> bool {
        owner.uid == 0 || owner.uid == self.owner
    }

    fn list(&self, path: &str) -> Result<Vec<String>> {
        let names = self.directory(path).and_then(|directory| names(&directory));
        names.map_err(|error| failed("list", path, &error))
    }

    fn count_below(&self, path: &str) -> Result<usize> {
        self.count(path).map_err(|error| failed("remove", path, &error))
    }
}

fn stamp(found: Stat) -> Stamp {
    let changed = (found.st_mtime, found.st_mtime_nsec);
    (found.st_ino, found.st_size, changed, (found.st_ctime, found.st_ctime_nsec))
}

/// A part of the way is not there, or is no directory.
fn is_absent(error: &io::Error) -> bool {
    let number = error.raw_os_error().map(Errno::from_raw_os_error);
    matches!(number, Some(Errno::NOENT | Errno::NOTDIR | Errno::LOOP))
}
