//! What goes wrong, and at which call.
//!
//! Invariant: an injection happens once, at one call, and says nothing of the calls after it but
//! what it did to the engine.

use crate::calls::Call;
use crate::deed::Deed;
use windlass_model::fault::Fault;

/// A misfortune and its moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Injection {
    pub at: Moment,
    pub what: Misfortune,
}

/// Which call it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// The call of this number, whatever it does; from 0 since the engine was made or forked.
    Call(u64),
    /// The mutating call of this number, from 0 since the engine was made; forks count on.
    Mutation(u64),
}

/// What happens to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Misfortune {
    /// It is not carried out and answered so. With an unknown fault: it was lost on its way.
    Before(Fault),
    /// It is carried out, and answered so all the same. With an unknown fault: the reply was lost.
    After(Fault),
    /// No answer comes, and the client gives up after `ms`; if `late_ms` is given, the engine
    /// carries it out so long after that.
    Silence { ms: u64, late_ms: Option<u64> },
    /// Nothing reaches the engine any more until `FakeEngine::heal`: the client is gone.
    Crash { carried_out: bool },
    /// The engine ends, with all containers, and is back after `away_ms`; then those run again that
    /// their restart policy lets run.
    Restart { carried_out: bool, away_ms: u64 },
    /// It is answered with how things were before the last change; one that changes something is
    /// carried out as ever.
    Stale,
    /// Right before it, somebody else does this.
    Meanwhile(Deed),
    /// A subscription to events that stands, and on which nothing is heard. Of another call: nothing.
    Deaf,
    /// A subscription to events that breaks after the first. Of another call: nothing.
    Breaking,
}

impl Injection {
    pub fn at_call(number: u64, what: Misfortune) -> Self {
        Self { at: Moment::Call(number), what }
    }

    pub fn at_mutation(number: u64, what: Misfortune) -> Self {
        Self { at: Moment::Mutation(number), what }
    }
}

impl Misfortune {
    /// What a connection can do to a call, one of each kind.
    pub fn of_connection() -> Vec<Self> {
        vec![
            Self::Before(Fault::Unreachable),
            Self::Before(Fault::ReplyLost),
            Self::After(Fault::ReplyLost),
            // A gateway's page, whether the engine was asked or not; a reply that was cut.
            Self::Before(Fault::Malformed),
            Self::After(Fault::Malformed),
            Self::Silence { ms: 60_000, late_ms: None },
            Self::Silence { ms: 60_000, late_ms: Some(0) },
            Self::Silence { ms: 10_000, late_ms: Some(20_000) },
            Self::Crash { carried_out: false },
            Self::Crash { carried_out: true },
        ]
    }

    /// What an engine can do to a call. That something is not there is no fault of an engine: it is
    /// believed.
    pub fn of_engine() -> Vec<Self> {
        vec![
            Self::Before(Fault::Other),
            Self::Before(Fault::Invalid),
            Self::Before(Fault::PermissionDenied),
            Self::After(Fault::Other),
            Self::Restart { carried_out: false, away_ms: 4_000 },
            Self::Restart { carried_out: true, away_ms: 12_000 },
            Self::Stale,
            Self::Deaf,
            Self::Breaking,
        ]
    }

    /// Whether it is another than all before it in the lists above for a call that changes nothing,
    /// or for one that does: a look can't be carried out and its reply lost, and so on.
    pub fn matters(&self, call: &Call) -> bool {
        let changes = call.mutation.is_some();
        match self {
            Self::Before(fault) => {
                changes || !matches!(fault, Fault::Invalid | Fault::PermissionDenied)
            }
            Self::After(_) => changes,
            Self::Silence { late_ms, .. } => changes || late_ms.is_none(),
            Self::Crash { carried_out } | Self::Restart { carried_out, .. } => {
                changes || !carried_out
            }
            Self::Stale => !changes,
            Self::Meanwhile(_) => true,
            Self::Deaf | Self::Breaking => call.method == "events",
        }
    }

    /// The client is gone, or the engine was for a while.
    pub fn takes_away(&self) -> bool {
        matches!(self, Self::Crash { .. } | Self::Restart { .. })
    }
}
