//! Plan and engines to events and report.
//!
//! Invariant: nothing is decided here. A step runs as planned or fails; what an engine did is
//! looked up where its reply was lost, never guessed.

mod bundle_build;
mod bundle_image;
mod context;
mod copy;
mod created;
mod download;
mod endings;
mod failure;
#[doc(hidden)]
pub mod fuzz;
mod holder;
mod image_build;
mod image_settings;
mod interrupt;
mod lines;
mod lock;
mod lookup;
mod moment;
mod one_off;
mod ops;
mod provision;
mod readiness;
mod removal;
mod rescue;
mod run;
mod sbom;
mod schedule;
mod step;
mod tarball;
mod upload;
mod watch;

pub use bundle_build::{BundleImageError, build_bundle, plan_bundle};
pub use bundle_image::BundleImage;
pub use context::ExecutionContext;
pub use copy::{CopyError, copy_in, copy_out};
pub use image_build::{BuildError, BuildSettings, build_image};
pub use interrupt::{Interrupter, Interrupts, interrupts};
pub use lock::{Lock, LockError, free_dead, lock, locks, seen_locks, unlock};
pub use one_off::{End, OneOffContainer};
pub use provision::{Preview, PreviewError, preview};
pub use run::execute;
pub use sbom::{SbomDocument, sbom};
pub use windlass_image::archive::{LeftOut, Unpacked};
pub use windlass_image::script::{Program, Script, ScriptError};
