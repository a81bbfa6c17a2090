//! A directory below a root, open.
//!
//! Invariant: that of the root itself is not opened anew.

use rustix::fs::{self, Mode, OFlags};
use rustix::io::Errno;
use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// One that is open: every look at a path needs that which the path is in.
pub(crate) enum Directory<'r> {
    Top(BorrowedFd<'r>),
    Below(OwnedFd),
}

impl AsFd for Directory<'_> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Top(top) => *top,
            Self::Below(below) => below.as_fd(),
        }
    }
}

/// Sees to it that a name outlasts a power cut, where one may read the directory.
pub(crate) fn sync(directory: &impl AsFd) -> io::Result<()> {
    match readable(directory) {
        Err(Errno::ACCESS) => Ok(()),
        directory => Ok(fs::fsync(directory?)?),
    }
}

/// A directory that is open as a place, to read from.
fn readable(directory: &impl AsFd) -> rustix::io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    fs::openat(directory, ".", flags, Mode::empty())
}

/// The names in a directory, sorted. One that is no text is an error: no resource could name it.
pub(crate) fn names(directory: &impl AsFd) -> io::Result<Vec<String>> {
    let no_text = |_| io::Error::other("it has a name that is no text");
    let names = all_names(directory)?.into_iter();
    let mut names: Vec<String> =
        names.map(|name| name.into_string().map_err(no_text)).collect::<io::Result<_>>()?;
    names.sort();
    Ok(names)
}

/// All of them, in no order.
pub(crate) fn all_names(directory: &impl AsFd) -> io::Result<Vec<CString>> {
    let mut names = Vec::new();
    for entry in fs::Dir::new(readable(directory)?)? {
        let name = entry?.file_name().to_owned();
        if !matches!(name.to_bytes(), b"." | b"..") {
            names.push(name);
        }
    }
    Ok(names)
}
