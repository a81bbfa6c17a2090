//! The crate from outside, on real directories.
//!
//! Invariant: no test needs an engine or the network; what engines do is recorded as data.

mod git;
mod ignore_truth;
mod rootfs;
mod source;
mod tar_stream;
mod tree;
mod walk;
