//! Provisioning resources as data: the wire format between host and agent.
//!
//! Invariant: the format has a version, and an agent refuses one that it does not know.

/// The version of the format. It goes up with every change that an older agent would misread.
pub const VERSION: u32 = 1;
