//! Plan and engines to events and report.
//!
//! Invariant: nothing is decided here. A step runs as planned or fails; what an engine did is
//! looked up where its reply was lost, never guessed.

mod context;
mod copy;
mod created;
mod failure;
#[doc(hidden)]
pub mod fuzz;
mod holder;
mod image_build;
mod interrupt;
mod lines;
mod lock;
mod lookup;
mod moment;
mod one_off;
mod ops;
mod readiness;
mod removal;
mod rescue;
mod run;
mod schedule;
mod step;
mod tarball;
mod upload;
mod watch;

pub use context::ExecutionContext;
pub use copy::{CopyError, copy_in, copy_out};
pub use image_build::{BuildError, BuildSettings, build_image};
pub use interrupt::{Interrupter, Interrupts, interrupts};
pub use lock::{Lock, LockError, free_dead, lock, locks, seen_locks, unlock};
pub use one_off::{End, OneOffContainer};
pub use run::execute;
pub use windlass_image::archive::{LeftOut, Unpacked};
pub use windlass_image::script::{Program, Script, ScriptError};
