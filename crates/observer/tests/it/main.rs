//! Snapshots of the fake engine and of files.

mod engines;
mod local;
