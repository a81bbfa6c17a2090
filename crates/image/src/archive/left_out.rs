//! What was not copied, and why.
//!
//! Invariant: there is a limit to how much an archive can make us remember.

use std::path::PathBuf;

/// An entry that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// As the archive or the directory names it.
    pub path: PathBuf,
    /// What it is: `a device`, `a link out of what is copied`.
    pub why: &'static str,
}

/// The most that are remembered.
const MOST: usize = 100;

/// Remembers one more; the first of them are those that people are told.
pub(super) fn remember(all: &mut Vec<LeftOut>, path: PathBuf, why: &'static str) {
    if all.len() < MOST {
        all.push(LeftOut { path, why });
    }
}
