//! What a file system says of a path.
//!
//! Invariant: of the path itself; no link is followed.

use crate::Owner;
use serde::{Deserialize, Serialize};

/// What is at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FileKind {
    File,
    Directory,
    Link,
    /// A device, a FIFO, a socket.
    Other,
}

impl FileKind {
    /// In words, for a message.
    pub fn words(self) -> &'static str {
        match self {
            Self::File => "a file",
            Self::Directory => "a directory",
            Self::Link => "a symbolic link",
            Self::Other => "a device, FIFO or socket",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Metadata {
    pub kind: FileKind,
    pub owner: Owner,
    /// The permission bits with setuid, setgid and sticky: at most 0o7777.
    pub mode: u32,
    /// Bytes of a file.
    pub size: u64,
}
