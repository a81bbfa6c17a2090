//! Rescue: the way back of a replacement that does not come to its end.
//!
//! Invariant: what it removes was created by the same plan, or by one before it for the same
//! replacement; what served before is never removed by it.

use crate::address::Address;
use crate::name::ContainerId;
use crate::plan::{ContainerRef, StepId};
use crate::wait::ExecSpec;

/// What makes the predecessor of a container serve again: the successor is removed, the
/// predecessor gets its name back and is started. An orphan is the predecessor of what needs its
/// port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rescue {
    pub address: Address,
    /// The steps of the replacement, in their order. It is taken back when all have ended and one of
    /// them was not done.
    pub of: Vec<StepId>,
    /// Whether an earlier run began the replacement. If not, it has begun once the first of `of` is
    /// done; before that there is nothing to take back.
    pub begun: bool,
    pub successor: ContainerRef,
    /// It served before the replacement, beside its predecessor: it is stopped, and not removed.
    pub successor_stays: bool,
    pub predecessor: ContainerId,
    /// The name that the predecessor gets back.
    pub name: String,
    /// The commands that run in the predecessor after its start, if it had been stopped.
    pub commands: Vec<ExecSpec>,
}
