//! Operations: what is done to a file system.
//!
//! Invariant: nothing is left to choose in one; paths are resolved.

use crate::{Command, Content, Owner};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// Makes a file, or gives one other contents. It takes the place of what is there, which is no directory.
    Write {
        path: String,
        content: Content,
        owner: Owner,
        mode: u32,
    },
    MakeDirectory {
        path: String,
        owner: Owner,
        mode: u32,
    },
    /// Makes a link, in the place of what is there, which is no directory.
    MakeLink {
        path: String,
        to: String,
        owner: Owner,
    },
    /// Of a file or directory that stays.
    SetAttributes {
        path: String,
        owner: Owner,
        mode: u32,
    },
    /// Of a link that stays.
    SetLinkOwner {
        path: String,
        owner: Owner,
    },
    /// A file, a link or an empty directory; a whole directory if that is said.
    Remove {
        path: String,
        recursive: bool,
    },
    /// Runs commands, one after the other, until one fails.
    Run {
        commands: Vec<Command>,
    },
    /// Nothing: an operation of the resource before it does this, too.
    Joined,
}

impl Op {
    /// What it changes; of what a command changes nobody knows more than the root.
    pub fn path(&self) -> &str {
        match self {
            Self::Write { path, .. }
            | Self::MakeDirectory { path, .. }
            | Self::MakeLink { path, .. }
            | Self::SetAttributes { path, .. }
            | Self::SetLinkOwner { path, .. }
            | Self::Remove { path, .. } => path,
            Self::Run { .. } | Self::Joined => "/",
        }
    }
}
