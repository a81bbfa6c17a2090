//! Files to project: dialects, templates, merging, diagnostics.
//!
//! Invariant: `load` reads only what it is told to: files named by its options or by those files, never the
//! process's environment.

pub mod diagnostic;
mod docker_map;
pub mod document;
mod harpoon;
pub mod load;
mod lock_file;
pub mod lower;
pub mod map;
pub mod native;
mod places;
pub mod read;
pub mod scalar;
pub mod source;
pub mod template;
pub mod yaml;

pub use diagnostic::{Diagnostic, Diagnostics, Label, Patch, Severity};
pub use harpoon::FILES as HARPOON_FILES;
pub use load::{
    Dialect, LoadOptions, Loaded, LoadedBundle, NativeTree, diagnose_resources, load, load_bundle,
    native_tree,
};
pub use lock_file::{LOCK_FILE, LockFile, lock_file_text, parse_lock_file, read_lock_file};
pub use native::env_file_text;
pub use native::resource::{ResourcePlace, Resources};
pub use places::{ImagePlaces, Places};
pub use source::{FileId, Location, SourceFile, SourceMap, Span};
