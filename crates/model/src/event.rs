//! Events: everything that an execution says while it runs. The only seam to a display.
//!
//! Invariant: a step that started also finishes, whatever happens to it.

use crate::address::Address;
use crate::plan::StepId;
use crate::report::{Outcome, Rescued};

/// What happened. Times are milliseconds since the run began, by a monotonic clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Started {
        steps: usize,
    },
    StepStarted {
        step: StepId,
        at_ms: u64,
    },
    StepProgress {
        step: StepId,
        progress: Progress,
    },
    /// A line of a build's output or the like, as it came: it may hold anything.
    StepOutput {
        step: StepId,
        line: String,
    },
    StepFinished {
        step: StepId,
        outcome: Outcome,
        at_ms: u64,
    },
    /// A replacement did not come to its end: its way back is taken.
    RescueStarted {
        address: Address,
        at_ms: u64,
    },
    RescueFinished {
        rescued: Rescued,
        at_ms: u64,
    },
    /// The user interrupted: nothing more is started.
    Interrupted,
    Finished {
        at_ms: u64,
    },
}

/// How far a step has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Bytes of a transfer.
    Bytes { done: u64, total: Option<u64> },
    /// A step of a build: `[2/5] RUN make`.
    BuildStep { name: String, cached: bool },
    /// What is being waited for.
    Waiting { what: String },
    /// A state in the engine's words: `Extracting`.
    Status { text: String },
}
