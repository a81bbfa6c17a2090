//! The crate from outside, on real directories.
//!
//! Invariant: no test needs an engine or the network; what engines do is recorded as data.

mod ignore_truth;
