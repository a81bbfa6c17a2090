//! The log of the calls that an engine received.
//!
//! Invariant: a call is logged before it is carried out, also when it is then refused.

/// One call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The method of the `Engine` trait.
    pub method: &'static str,
    /// What it was about: an id, a name, a reference.
    pub object: String,
    /// Its number among the calls that change something, from 0; `None` for one that only looks.
    pub mutation: Option<u64>,
}
