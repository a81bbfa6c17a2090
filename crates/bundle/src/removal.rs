//! Removal of a directory with all that is in it.
//!
//! Invariant: nothing goes before it is known that all of it can: what is mounted inside would be empty by the time its directory
//! turns out to be in use.

use crate::directory::all_names;
use rustix::fs::{self, AtFlags, FileType, Mode, OFlags, StatxAttributes, StatxFlags};
use rustix::io::Errno;
use std::ffi::CStr;
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};

/// How many entries are below one.
///
/// # Errors
///
/// If something is mounted there or below.
pub(crate) fn count(parent: BorrowedFd<'_>, name: &CStr, path: &str) -> io::Result<usize> {
    if is_mounted(parent, name)? {
        let message = format!("a file system is mounted at {path}");
        return Err(io::Error::new(io::ErrorKind::ResourceBusy, message));
    }
    let Some(inside) = directory(parent, name)? else { return Ok(0) };
    let mut all = 0;
    for name in all_names(&inside)? {
        let path = format!("{path}/{}", name.to_string_lossy());
        all += 1 + count(inside.as_fd(), &name, &path)?;
    }
    Ok(all)
}

/// Removes one with all that is below it.
pub(crate) fn remove(parent: BorrowedFd<'_>, name: &CStr) -> io::Result<()> {
    let Some(inside) = directory(parent, name)? else {
        return Ok(fs::unlinkat(parent, name, AtFlags::empty())?);
    };
    for name in all_names(&inside)? {
        remove(inside.as_fd(), &name)?;
    }
    Ok(fs::unlinkat(parent, name, AtFlags::REMOVEDIR)?)
}

/// One that is a directory, to read from.
fn directory(parent: BorrowedFd<'_>, name: &CStr) -> io::Result<Option<OwnedFd>> {
    let found = fs::statat(parent, name, AtFlags::SYMLINK_NOFOLLOW)?;
    if FileType::from_raw_mode(found.st_mode) != FileType::Directory {
        return Ok(None);
    }
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(Some(fs::openat(parent, name, flags, Mode::empty())?))
}

/// A part of the same file system can be mounted, too, and a subvolume that is not mounted is another device.
fn is_mounted(parent: BorrowedFd<'_>, name: &CStr) -> io::Result<bool> {
    let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT;
    match fs::statx(parent, name, flags, StatxFlags::TYPE) {
        Ok(found) if found.stx_attributes_mask.contains(StatxAttributes::MOUNT_ROOT) => {
            Ok(found.stx_attributes.contains(StatxAttributes::MOUNT_ROOT))
        }
        // An old kernel does not know it, and a container may forbid it.
        Ok(_) | Err(Errno::NOSYS | Errno::PERM) => {
            Ok(fs::statat(parent, name, flags)?.st_dev != fs::fstat(parent)?.st_dev)
        }
        Err(error) => Err(error.into()),
    }
}
