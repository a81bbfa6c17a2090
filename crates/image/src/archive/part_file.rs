//! A file that is written beside its place.
//!
//! Invariant: under the name that it is for there is what was there before, or the whole of it.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;

use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;

/// Dropped, it leaves nothing.
pub(super) struct PartFile<'a> {
    directory: &'a OwnedFd,
    name: OsString,
    is_kept: bool,
}

impl<'a> PartFile<'a> {
    /// A new file under a name of its own, that only its owner may read.
    pub(super) fn create(directory: &'a OwnedFd) -> io::Result<(Self, File)> {
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        // What is copied may have files of such names itself.
        for number in 0_u64.. {
            let name = OsString::from(format!(".part-{}-{number}", std::process::id()));
            match rustix::fs::openat(directory, &name, flags, Mode::RUSR | Mode::WUSR) {
                Ok(made) => {
                    return Ok((Self { directory, name, is_kept: false }, File::from(made)));
                }
                Err(Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// Puts it in the place of what has this name, which must be no directory.
    pub(super) fn keep(mut self, name: &OsStr) -> io::Result<()> {
        rustix::fs::renameat(self.directory, &self.name, self.directory, name)?;
        self.is_kept = true;
        Ok(())
    }
}

impl Drop for PartFile<'_> {
    fn drop(&mut self) {
        if !self.is_kept {
            let _ = rustix::fs::unlinkat(self.directory, &self.name, AtFlags::empty());
        }
    }
}
