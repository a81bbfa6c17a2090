//! How a container is replaced by its successor.
//!
//! Invariant: the default order needs nothing of the container: the old one is stopped first.

use crate::Ordinary;

/// Which of the two runs during a replacement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UpdateOrder {
    #[default]
    StopFirst,
    /// Only without fixed host ports, static addresses and shared writable volumes.
    StartFirst,
}

/// `containers.<n>.update`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpdateSpec {
    pub order: UpdateOrder,
    /// Within this time the successor must be ready; `None`: by its health check, at least 30 s.
    pub healthy_within_ms: Option<u64>,
    /// Whether the predecessor serves again when the successor does not become ready.
    pub rollback: bool,
    /// How long a container without a health check must run before it counts as ready. `None`: 5 s
    /// for one that takes another's place, and no time for any other.
    pub stable_for_ms: Option<u64>,
}

impl Ordinary for UpdateSpec {
    const ORDINARY: &'static Self = &Self {
        order: UpdateOrder::StopFirst,
        healthy_within_ms: None,
        rollback: true,
        stable_for_ms: None,
    };
}

impl Default for UpdateSpec {
    fn default() -> Self {
        Self::ORDINARY.clone()
    }
}
