//! What a command is given for as long as it runs: its inputs, and secrets.
//!
//! Invariant: a secret is in memory and in no file system; inputs are removed with this, and nobody but the command's user sees them.

use rustix::fs::{FlockOperation, MemfdFlags, flock};
use std::collections::BTreeMap;
use std::fs::{self, File, Permissions};
use std::io::{self, Write as _};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::fs::{
    DirBuilderExt as _, MetadataExt as _, PermissionsExt as _, chown, fchown, symlink,
};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use windlass_bundle::{Command, Secrets, TreeEntry, TreeNode};

/// Where inputs are while commands run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    /// On a host: there may be many of them.
    Host,
    /// Where an image is made of what is there: in memory, so that no layer has anything of them.
    Image,
}

impl Room {
    fn places(self) -> &'static [&'static str] {
        match self {
            Self::Host => &["/var/tmp", "/tmp"],
            Self::Image => &["/dev/shm", "/dev"],
        }
    }
}

/// See the module.
#[derive(Default)]
pub(crate) struct Given {
    /// Paths, by variables.
    pub(crate) inputs: BTreeMap<String, PathBuf>,
    /// Files without a name, by variables. The command has them open.
    pub(crate) secrets: BTreeMap<String, OwnedFd>,
    directory: Option<Own>,
}

impl Given {
    pub(crate) fn new(command: &Command, values: &Secrets, room: Room) -> io::Result<Self> {
        let mut given = Self::default();
        let who = command.user.as_ref().map(|user| (user.uid, user.gid));
        for (variable, name) in &command.secrets {
            let unknown = || io::Error::other(format!("the value of secret {name} is not known"));
            let value = values.0.get(name).ok_or_else(unknown)?;
            given.secrets.insert(variable.clone(), secret(value, who)?);
        }
        if command.inputs.is_empty() {
            return Ok(given);
        }
        let directory = given.directory.insert(directory(room)?);
        for (variable, entries) in &command.inputs {
            let own = directory.path.join(variable);
            make(&own)?;
            entries.iter().try_for_each(|entry| put(&own, entry, who))?;
            hand_over(&own, 0o500, who)?;
            let first = entries.first().map_or("", |entry| entry.path.as_str());
            given.inputs.insert(variable.clone(), own.join(first));
        }
        // It stays ours, so that the next run knows it when this one is killed. Nobody else sees a name in it.
        let mode = if who.is_some() { 0o711 } else { 0o500 };
        fs::set_permissions(&directory.path, Permissions::from_mode(mode))?;
        Ok(given)
    }

    /// `TOKEN=3,KEY=4`: which of its open files a variable is for.
    pub(crate) fn words(&self) -> String {
        let all = self.secrets.iter().map(|(name, file)| format!("{name}={}", file.as_raw_fd()));
        all.collect::<Vec<_>>().join(",")
    }
}

/// Paths for the command that this process becomes, which others that it starts find, too.
pub(crate) fn files(words: &str) -> Vec<(String, String)> {
    let own = std::process::id();
    let all = words.split(',').filter_map(|word| word.split_once('='));
    all.map(|(name, file)| (name.to_owned(), format!("/proc/{own}/fd/{file}"))).collect()
}

/// A directory that is removed with this.
struct Own {
    path: PathBuf,
    #[expect(
        dead_code,
        reason = "held for its drop: who can lock the directory knows that nobody needs it"
    )]
    lock: File,
}

impl Drop for Own {
    fn drop(&mut self) {
        remove(&self.path);
    }
}

/// Removes what runs that were killed left of ours on a host. What can't be removed is in nobody's way.
pub(crate) fn sweep() {
    let entries = Room::Host.places().iter().filter_map(|place| fs::read_dir(place).ok());
    for entry in entries.flatten().flatten() {
        let is_own = entry.file_name().to_string_lossy().starts_with(PREFIX)
            && entry.metadata().is_ok_and(|found| {
                found.is_dir() && found.uid() == rustix::process::geteuid().as_raw()
            });
        if is_own && let Ok(_lock) = locked(&entry.path()) {
            remove(&entry.path());
        }
    }
}

/// A directory that no other run holds.
fn locked(path: &Path) -> io::Result<File> {
    let file = File::open(path)?;
    flock(&file, FlockOperation::NonBlockingLockExclusive)?;
    Ok(file)
}

fn remove(directory: &Path) {
    // Who is not root may not remove what is in a directory that must not be written to.
    if !is_root() {
        open_up(directory);
    }
    let _ = fs::remove_dir_all(directory);
}

fn open_up(directory: &Path) {
    let _ = fs::set_permissions(directory, Permissions::from_mode(0o700));
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            open_up(&entry.path());
        }
    }
}

/// A file in memory that nobody else can name.
fn secret(value: &str, who: Option<(u32, u32)>) -> io::Result<OwnedFd> {
    let file = rustix::fs::memfd_create("secret", MemfdFlags::empty())?;
    let mut file = File::from(file);
    file.write_all(value.as_bytes())?;
    file.set_permissions(Permissions::from_mode(0o400))?;
    if let Some((uid, gid)) = who.filter(|_| is_root()) {
        fchown(&file, Some(uid), Some(gid))?;
    }
    Ok(file.into())
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// How the names of such directories begin.
const PREFIX: &str = "windlass-inputs-";

/// A directory of nobody else.
fn directory(room: Room) -> io::Result<Own> {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let mut failed = io::Error::from(io::ErrorKind::NotFound);
    for place in room.places() {
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = PathBuf::from(format!("{place}/{PREFIX}{}-{count}", std::process::id()));
        // Another run may take it for one that was left before it is locked.
        match make(&path).and_then(|()| locked(&path)) {
            Ok(lock) if lock.metadata()?.nlink() > 0 => return Ok(Own { path, lock }),
            Ok(_) => {}
            Err(error) => failed = error,
        }
    }
    let message = format!("there is no place for inputs in {}: {failed}", room.places().join(", "));
    Err(io::Error::new(failed.kind(), message))
}

/// It fails if something is there.
fn make(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().mode(0o700).create(path)
}

fn put(top: &Path, entry: &TreeEntry, who: Option<(u32, u32)>) -> io::Result<()> {
    let path = top.join(&entry.path);
    match &entry.node {
        TreeNode::Directory => {
            make(&path)?;
            hand_over(&path, 0o700, who)
        }
        TreeNode::Link { to } => symlink(to, &path),
        TreeNode::File { content, executable } => {
            let mut file = File::options().write(true).create_new(true).open(&path)?;
            io::copy(&mut *content.open()?, &mut file)?;
            hand_over(&path, if *executable { 0o500 } else { 0o400 }, who)
        }
    }
}

fn hand_over(path: &Path, mode: u32, who: Option<(u32, u32)>) -> io::Result<()> {
    fs::set_permissions(path, Permissions::from_mode(mode))?;
    match who.filter(|_| is_root()) {
        Some((uid, gid)) => chown(path, Some(uid), Some(gid)),
        None => Ok(()),
    }
}
