//! Report: how a run ended.
//!
//! Invariant: every step of the plan has exactly one outcome.

use crate::address::Address;
use crate::fault::Fault;
use crate::plan::StepId;

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Done,
    Failed(Failure),
    /// Something that it needed failed: the step at the root of it.
    Skipped {
        because: StepId,
    },
    /// The run was interrupted before it started.
    Cancelled,
}

impl Outcome {
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Done)
    }
}

/// Why a step failed: plain data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub kind: FailureKind,
    /// What the engine said, or what was found: a lowercase fragment.
    pub message: String,
    /// The output of a failed check, the last lines of a log; may hold anything.
    pub detail: Vec<String>,
    /// What to do about it, where that was found with it.
    pub help: Option<String>,
}

/// What kind of thing went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// The engine refused or was lost.
    Engine(Fault),
    /// Not ready in time.
    Deadline,
    /// Its health check failed.
    Unhealthy,
    /// It ended with this exit code when it should run, or not with 0 when it should complete.
    Exited { code: i64 },
    /// A command in the container ended with this exit code.
    Exec { code: i64 },
    /// A step of a build failed.
    BuildStep {
        /// Of the Dockerfile that was sent, from 1.
        line: usize,
        /// Which of the image's commands (from 0) it came from, where it is made of commands.
        command: Option<usize>,
        /// Of a RUN.
        code: Option<i64>,
    },
    /// A local file or a local command.
    Local,
    /// The object is not what it was when the plan was made.
    Stale,
}

impl FailureKind {
    /// Whether the engine was not as the plan had it: another look may settle it.
    fn is_outrun(&self) -> bool {
        match self {
            Self::Stale => true,
            Self::Engine(fault) => fault.is_outrun(),
            Self::Deadline
            | Self::Unhealthy
            | Self::Exited { .. }
            | Self::Exec { .. }
            | Self::BuildStep { .. }
            | Self::Local => false,
        }
    }
}

/// A replacement that was taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rescued {
    pub address: Address,
    /// Why the predecessor does not serve again; `None` if it does.
    pub failure: Option<Failure>,
}

/// How a run ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// By step.
    pub outcomes: Vec<Outcome>,
    /// The ways back that were taken, and what went wrong on them.
    pub rescues: Vec<Rescued>,
    pub interrupted: bool,
    pub elapsed_ms: u64,
}

impl Report {
    /// Whether every step was done.
    pub fn is_success(&self) -> bool {
        !self.interrupted && self.outcomes.iter().all(Outcome::is_done)
    }

    /// Whether all that failed did so because somebody changed the engine between the look that the
    /// plan was made from and the act: also an engine that was still at the last call of a dead run.
    pub fn is_outrun(&self) -> bool {
        let mut failures = self.failures().peekable();
        !self.interrupted
            && failures.peek().is_some()
            && failures.all(|(_, failure)| failure.kind.is_outrun())
    }

    /// Whether a replacement at this address was taken back.
    pub fn took_back(&self, address: &Address) -> bool {
        self.rescues.iter().any(|rescued| rescued.address == *address && rescued.failure.is_none())
    }

    /// The steps that failed, with why.
    pub fn failures(&self) -> impl Iterator<Item = (StepId, &Failure)> {
        (0..).map(StepId).zip(&self.outcomes).filter_map(|(id, outcome)| match outcome {
            Outcome::Failed(failure) => Some((id, failure)),
            Outcome::Done | Outcome::Skipped { .. } | Outcome::Cancelled => None,
        })
    }
}
