//! The server over real connections, with a keeper that only counts.
//!
//! Invariant: whatever a client does, each container that was made is given back once.

#![expect(clippy::unwrap_used, reason = "in a test, whatever goes wrong is a failure")]

mod fixture;
mod leases;
mod requests;
