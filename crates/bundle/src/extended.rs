//! Extended attributes of a file that gets other contents.
//!
//! Invariant: access lists, labels and what users noted stay; what is about the contents themselves goes with them.

use rustix::fs::{self, AtFlags, FileType, Mode, OFlags, XattrFlags};
use rustix::io::Errno;
use std::io;
use std::os::fd::AsFd;

/// Longest value, and longest list of names, that Linux has.
const MAX_BYTES: usize = 64 * 1024;

/// What a program may do though who starts it may not.
pub(crate) const CAPABILITIES: &str = "security.capability";

/// That, and digests: the kernel takes the one away, and would refuse the file for the others.
pub(crate) const OF_CONTENTS: [&str; 3] = [CAPABILITIES, "security.ima", "security.evm"];

/// Gives a file those of the file whose place it will take, if there is one.
pub(crate) fn copy(parent: &impl AsFd, name: &str, to: &impl AsFd) -> io::Result<()> {
    match fs::statat(parent, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(found) if FileType::from_raw_mode(found.st_mode) == FileType::RegularFile => {}
        Ok(_) | Err(Errno::NOENT) => return Ok(()),
        Err(error) => return Err(error.into()),
    }
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let from = match fs::openat(parent, name, flags, Mode::empty()) {
        // Its owner, who is not root, may not look at them.
        Err(Errno::ACCESS) => return Ok(()),
        from => from?,
    };
    let mut names = vec![0; MAX_BYTES];
    let length = match fs::flistxattr(&from, &mut names[..]) {
        Err(Errno::NOTSUP) => return Ok(()),
        length => length?,
    };
    let (mut value, mut known) = (vec![0; MAX_BYTES], vec![0; MAX_BYTES]);
    for name in names[..length].split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
        if OF_CONTENTS.iter().any(|one| one.as_bytes() == name) {
            continue;
        }
        let length = fs::fgetxattr(&from, name, &mut value[..])?;
        // A label that every file there gets may be there already, and not be ours to set.
        let is_there = fs::fgetxattr(to, name, &mut known[..])
            .is_ok_and(|known_length| known[..known_length] == value[..length]);
        if !is_there {
            fs::fsetxattr(to, name, &value[..length], XattrFlags::empty())?;
        }
    }
    Ok(())
}
