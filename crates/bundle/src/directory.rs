//! A directory below a root, open.
//!
//! Invariant: that of the root itself is not opened anew.

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
