//! What goes wrong, and at which call.
//!
//! Invariant: an injection is at a mutating call, counted from 0 since the engine was made.

use windlass_model::fault::Fault;

/// A misfortune and its moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Injection {
    /// The number of the mutating call.
    pub at: u64,
    pub what: Misfortune,
}

/// What happens to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Misfortune {
    /// It is not carried out and answered so. With an unknown fault: it was lost on its way.
    Before(Fault),
    /// It is carried out, and answered so all the same. With an unknown fault: the reply was lost.
    After(Fault),
    /// Nothing reaches the engine any more until `FakeEngine::heal`: the client is gone.
    Crash { carried_out: bool },
}

impl Misfortune {
    /// One of each kind, for tests that go through all of them.
    pub fn all() -> [Self; 6] {
        [
            Self::Before(Fault::Unreachable),
            Self::Before(Fault::ReplyLost),
            Self::Before(Fault::Other),
            Self::After(Fault::ReplyLost),
            Self::Crash { carried_out: false },
            Self::Crash { carried_out: true },
        ]
    }
}
