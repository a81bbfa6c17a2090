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
    /// The id of what runs commands before it: what is to be done for it is not known until they ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown_before: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeReport {
    /// `write`, `make_directory`, `make_link`, `set_attributes`, `set_link_owner`, `remove`, `run`, `joined`.
    pub action: String,
    /// None of a command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    pub reason: String,
    /// Of what is made: `0644`, `0:0`, where a link leads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diff: Option<String>,
    /// What it does is not shown, because it is sensitive.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sensitive: bool,
}

/// More differences of one resource than this, in bytes, nobody reads.
const MAX_DIFFS: usize = 1024 * 1024;

/// What stands for those after them.
const TOO_MANY: &str = "the contents are too long to be shown with all the others\n";

impl From<&ResourcePlan> for ResourceReport {
    fn from(plan: &ResourcePlan) -> Self {
        let mut room = MAX_DIFFS;
        let report = |change: &Change| {
            let mut report = ChangeReport::from(change);
            if let Some(diff) = &mut report.diff {
                room = room.saturating_sub(diff.len());
                if room == 0 {
                    TOO_MANY.clone_into(diff);
                }
            }
            report
        };
        Self {
            index: plan.index,
            id: plan.id.clone(),
            changes: plan.changes.iter().map(report).collect(),
            skipped: plan.skipped.map(str::to_owned),
            unknown_before: plan.unknown_before.clone(),
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
        let (mode, owner, to) = match &change.op {
            Op::Write { mode, owner, .. } | Op::MakeDirectory { mode, owner, .. } => {
                (Some(mode), Some(owner), None)
            }
            Op::MakeLink { to, owner, .. } => (None, Some(owner), Some(to)),
            Op::SetAttributes { .. }
            | Op::SetLinkOwner { .. }
            | Op::Remove { .. }
            | Op::Run { .. }
            | Op::Joined => (None, None, None),
        };
        let has_path = !matches!(change.op, Op::Run { .. } | Op::Joined);
        Self {
            action: action.to_owned(),
            path: has_path.then(|| change.op.path().to_owned()),
            reason: change.reason.clone(),
            mode: mode.map(|mode| format!("{mode:04o}")),
            owner: owner.map(|owner| format!("{}:{}", owner.uid, owner.gid)),
            to: to.cloned(),
            diff: change.diff.clone(),
            sensitive: change.is_sensitive,
        }
    }
}
