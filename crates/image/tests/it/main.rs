//! The crate from outside, on real directories.
//!
//! Invariant: no test needs an engine or the network; what engines do is recorded as data.

mod archive;
mod builder;
mod cli_builder;
mod git;
mod git_changes;
mod git_hostile;
mod ignore_cli;
mod ignore_truth;
#[cfg(test)]
mod layer;
mod rootfs;
#[cfg(test)]
mod sbom;
mod source;
mod tar_stream;
mod tree;
mod walk;
