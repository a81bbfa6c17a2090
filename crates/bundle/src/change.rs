//! Changes: operations with their reasons.
//!
//! Invariant: no text of a change holds anything of a sensitive resource.

use crate::Op;

/// One operation, and what it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub op: Op,
    /// `create`, `change the mode from 0600 to 0644`.
    pub reason: String,
    /// A unified diff of contents, where there is one to show.
    pub diff: Option<String>,
    /// There would be a diff, or more to say of it, if it were not sensitive.
    pub is_sensitive: bool,
}

impl Change {
    pub(crate) fn new(op: Op, reason: impl Into<String>) -> Self {
        Self { op, reason: reason.into(), diff: None, is_sensitive: false }
    }
}

/// What is to be done for one resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourcePlan {
    /// Its place in the bundle.
    pub index: usize,
    pub id: String,
    /// Empty: it is as it shall be.
    pub changes: Vec<Change>,
    /// Why nothing is looked at: a condition that does not hold, nothing that it watches changed.
    pub skipped: Option<&'static str>,
    /// The id of what runs commands before it: what is to be done for it is not known until they ran.
    pub unknown_before: Option<String>,
}
