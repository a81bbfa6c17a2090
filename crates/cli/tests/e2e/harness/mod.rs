//! What every scenario needs: a world of its own, the program, the engine.
//!
//! Invariant: checks look at the engine itself, and at what the program says to programs or people;
//! never into windlass's own code.

pub(crate) mod base;
pub(crate) mod browser;
pub(crate) mod engine;
mod exchange;
mod output;
pub(crate) mod own;
mod plan;
pub(crate) mod proxy;
pub(crate) mod registry;
pub(crate) mod saved;
mod terminal;
mod world;

pub(crate) use output::Output;
pub(crate) use plan::Plan;
pub(crate) use terminal::Terminal;
pub(crate) use world::{Running, World, free_port, run_to_end, wait_until};

/// Whether all points are asked for: `WINDLASS_E2E_FULL=1`. Without it a part of them is tried.
pub(crate) fn is_full() -> bool {
    std::env::var("WINDLASS_E2E_FULL").is_ok_and(|value| value == "1")
}

/// Says something that a test which passes does not keep to itself: figures, and what was skipped.
pub(crate) fn tell(line: &str) {
    use std::io::Write as _;
    std::io::stderr().write_all(format!("{line}\n").as_bytes()).unwrap();
}
