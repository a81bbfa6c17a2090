//! What is done for each route.
//!
//! Invariant: access was checked before.

pub(crate) mod begin;
pub(crate) mod logs;
pub(crate) mod look;
