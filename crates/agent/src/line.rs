//! What the agent prints: a line of JSON for each resource.
//!
//! Invariant: nothing of a sensitive resource but that it changes.

use serde::Serialize;
use windlass_bundle::{Change, Op, ResourceError, ResourcePlan};

/// A resource that is as it shall be, or will be.
#[derive(Serialize)]
pub(crate) struct Line<'p> {
    id: &'p str,
    changes: Vec<LineChange<'p>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    skipped: Option<&'p str>,
}

#[derive(Serialize)]
struct LineChange<'p> {
    action: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<&'p str>,
    reason: &'p str,
    #[serde(skip_serializing_if = "Option::is_none")]
    diff: Option<&'p str>,
}

/// One that is not.
#[derive(Serialize)]
pub(crate) struct Failure<'p> {
    id: &'p str,
    error: &'p str,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'p str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'p str>,
}

impl<'p> From<&'p ResourcePlan> for Line<'p> {
    fn from(plan: &'p ResourcePlan) -> Self {
        let changes = plan.changes.iter().map(LineChange::from).collect();
        Self { id: &plan.id, changes, skipped: plan.skipped }
    }
}

impl<'p> From<&'p Change> for LineChange<'p> {
    fn from(change: &'p Change) -> Self {
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
            action,
            path: has_path.then(|| change.op.path()),
            reason: &change.reason,
            diff: change.diff.as_deref(),
        }
    }
}

impl<'p> From<&'p ResourceError> for Failure<'p> {
    fn from(error: &'p ResourceError) -> Self {
        let ResourceError { id, field, message, help, .. } = error;
        Self { id, error: message, field: *field, help: help.as_deref() }
    }
}
