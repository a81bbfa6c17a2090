//! The operations: what each action does on an engine.
//!
//! Invariant: one file per family; an operation makes its one call, and more only to look.

pub(crate) mod archive;
pub(crate) mod build;
pub(crate) mod container;
pub(crate) mod create;
pub(crate) mod exec;
pub(crate) mod image;
pub(crate) mod lifecycle;
pub(crate) mod network;
pub(crate) mod volume;
