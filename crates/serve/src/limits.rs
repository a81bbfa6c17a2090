//! Limits: what strangers can take of the server.
//!
//! Invariant: whoever has the port but no token costs it so much and no more.

use std::time::Duration;

/// What strangers can take of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once; more are told that it is busy.
    pub connections: u32,
    /// How long a client may read nothing of what it is sent. What its system keeps for it counts as read.
    pub write_within: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections: 1024, write_within: Duration::from_secs(20) }
    }
}
