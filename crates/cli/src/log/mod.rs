//! Logs: read from engines line by line, followed, and written.
//!
//! Invariant: only what engines keep is read, so a slow reader never holds up a container.

pub(crate) mod follow;
pub(crate) mod moment;
pub(crate) mod stream;
pub(crate) mod writer;
