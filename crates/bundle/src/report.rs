//! What an agent says of a resource, and whoever started it reads.
//!
//! Invariant: nothing of a sensitive resource but that it changes.

use crate::{Change, Op, ResourcePlan};
use serde::{Deserialize, Serialize};

/// A resource that is as it shall be, or will be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceReport {
    /// Its place in the bundle.
    pub index: usize,
    pub id: String,
    pub changes: Vec<ChangeReport>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skipped: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeReport {
    /// `write`, `make_directory`, `make_link`, `set_attributes`, `set_link_owner`, `remove`, `run`, `joined`.
    pub action: String,
    /// None of a command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    pub reason: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diff: Option<String>,
    /// What it does is not shown, because it is sensitive.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sensitive: bool,
}

impl From<&ResourcePlan> for ResourceReport {
    fn from(plan: &ResourcePlan) -> Self {
        Self {
            index: plan.index,
            id: plan.id.clone(),
            changes: plan.changes.iter().map(ChangeReport::from).collect(),
            skipped: plan.skipped.map(str::to_owned),
        }
    }
}

impl From<&Change> for ChangeReport {
    fn from(change: &Change) -> Self {
        let action = match &change.op {
            Op::Write { .. } => "write",
            Op::MakeDirectory { .. } => "make_directory",
            Op::MakeLink { .. } => "make_link",
            Op::SetAttributes { .. } => "set_attributes",
            Op::SetLinkOwner { .. } => "set_link_owner",
            Op::Remove { .. } => "remove",
            Op::Run { .. } => "run",
            Op::Joined => "joined",
        };
        let has_path = !matches!(change.op, Op::Run { .. } | Op::Joined);
        Self {
            action: action.to_owned(),
            path: has_path.then(|| change.op.path().to_owned()),
            reason: change.reason.clone(),
            diff: change.diff.clone(),
            sensitive: change.is_sensitive,
        }
    }
}
