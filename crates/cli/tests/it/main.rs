//! The program from outside: what it prints and how it ends. No engine is needed here.
//!
//! Invariant: every test runs in a directory of its own, with an environment of its own.

#![expect(clippy::unwrap_used, reason = "in a test, whatever goes wrong is a failure")]

mod apply;
mod arguments;
#[path = "../cases/mod.rs"]
mod cases;
mod completions;
mod context;
mod convert;
mod documents;
mod each;
mod exits;
mod fake;
mod files;
mod hostile;
mod hosts;
mod inspect;
mod plan;
mod program;
mod sshd;
mod unreachable;
