//! Plan and engines to events and report.
//!
//! Invariant: nothing is decided here. A step runs as planned or fails; what an engine did is
//! looked up where its reply was lost, never guessed.

mod context;
mod created;
mod failure;
#[doc(hidden)]
pub mod fuzz;
mod holder;
mod interrupt;
mod lines;
mod lock;
mod lookup;
mod moment;
mod ops;
mod readiness;
mod rescue;
mod run;
mod schedule;
mod step;
mod tarball;
mod watch;

pub use context::ExecutionContext;
pub use interrupt::{Interrupter, Interrupts, interrupts};
pub use lock::{Lock, LockError, free_dead, lock, locks, unlock};
pub use run::execute;
