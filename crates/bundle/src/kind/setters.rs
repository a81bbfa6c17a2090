//! What is said alike of everything that a resource writes.
//!
//! Invariant: a type that has such a field has its setter.

use crate::{Block, Directory, Fetch, File, Git, Line, Link, OwnerName, Tree};

macro_rules! owner {
    ($($of:ident),+) => {$(
        impl $of {
            /// Whom it belongs to: a name that the target knows, or a number.
            #[must_use]
            pub fn owner(mut self, owner: impl Into<OwnerName>) -> Self {
                self.owner = Some(owner.into());
                self
            }

            /// The group that it belongs to, in the same words.
            #[must_use]
            pub fn group(mut self, group: impl Into<OwnerName>) -> Self {
                self.group = Some(group.into());
                self
            }
        }
    )+};
}

macro_rules! mode {
    ($($of:ident),+) => {$(
        impl $of {
            /// Who may do what with it: `0o644`.
            #[must_use]
            pub fn mode(mut self, mode: u32) -> Self {
                self.mode = mode.into();
                self
            }
        }
    )+};
}

owner!(Block, Directory, Fetch, File, Git, Line, Link, Tree);
mode!(Block, Directory, Fetch, File, Line, Tree);
