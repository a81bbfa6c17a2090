//! What every scenario needs: a world of its own, the program, the engine.
//!
//! Invariant: checks look at the engine itself, and at what the program says to programs or people;
//! never into windlass's own code.

pub(crate) mod base;
pub(crate) mod engine;
mod output;
mod plan;
mod world;

pub(crate) use output::Output;
pub(crate) use world::{Running, World, free_port, run_to_end, wait_until};
