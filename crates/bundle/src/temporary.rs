//! Names under which something is made before it gets its own.
//!
//! Invariant: nobody else's begin so. A file is locked as long as it has one, so what a killed run left can be told.

use crate::directory::all_names;
use rustix::fs::{self, AtFlags, FileType, FlockOperation, Mode, OFlags};
use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};
use std::ffi::CStr;
use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicU64, Ordering};

const PREFIX: &str = ".windlass-";

/// One that may be as long as names can be.
pub(crate) fn name() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{PREFIX}{}-{count}", std::process::id())
}

/// Removes what runs that were killed left in a directory. What can't be removed hinders nobody.
pub(crate) fn sweep(directory: BorrowedFd<'_>) {
    for name in all_names(&directory).unwrap_or_default() {
        if let Some(writer) = writer(&name)
            && is_left(directory, &name, writer)
        {
            let _ = fs::unlinkat(directory, &name, AtFlags::empty());
        }
    }
}

/// Whose it is, if it is one of ours: the number of a process, and a count.
fn writer(name: &CStr) -> Option<u32> {
    let (process, count) = name.to_str().ok()?.strip_prefix(PREFIX)?.split_once('-')?;
    count.parse::<u64>().ok().and(process.parse().ok())
}

fn is_left(directory: BorrowedFd<'_>, name: &CStr, writer: u32) -> bool {
    let Ok(found) = fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW) else { return false };
    match FileType::from_raw_mode(found.st_mode) {
        // It may be its future owner's already.
        FileType::RegularFile => {
            let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
            let file = fs::openat(directory, name, flags, Mode::empty());
            file.is_ok_and(|file| fs::flock(file, FlockOperation::NonBlockingLockExclusive).is_ok())
        }
        // No lock can be on it.
        FileType::Symlink => is_dead(writer),
        FileType::Directory
        | FileType::Fifo
        | FileType::Socket
        | FileType::CharacterDevice
        | FileType::BlockDevice
        | FileType::Unknown => false,
    }
}

/// A process of the same number as this one's was before it.
fn is_dead(process: u32) -> bool {
    let number = i32::try_from(process).ok().and_then(Pid::from_raw);
    let is_gone = |number| test_kill_process(number) == Err(Errno::SRCH);
    process == std::process::id() || number.is_none_or(is_gone)
}
