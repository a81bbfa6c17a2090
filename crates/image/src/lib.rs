//! Dockerfile builder and build context: ignore rules, digest, tar stream.
//!
//! Invariant: what is hashed is what is sent: the digest, the tar stream and the file sync all read the same entry list.
//!
//! [`source::Recipe::read`] says what a declared image is made from and which images it needs first;
//! [`source::BuildRecipe::prepare`] walks and hashes its build context. A [`context::BuildContext`] is then either streamed as a
//! tar ([`tar_stream`]) or served entry by entry ([`context::BuildContext::entries`], [`context::BuildContext::open`]).

pub mod archive;
pub mod before;
pub mod context;
pub mod digest;
pub mod disk_file;
pub mod dockerfile;
pub mod entry;
mod expression;
pub mod file_digests;
pub mod git;
mod git_changes;
mod git_index;
mod git_times;
pub mod globs;
pub mod ignore;
pub mod image_build;
mod inputs;
mod kept_file;
pub mod layer;
mod lower;
pub mod pattern;
pub mod provision;
pub mod provision_context;
pub mod rootfs;
pub mod sbom;
pub mod script;
mod shelf;
pub mod source;
pub mod steps;
pub mod tar_stream;
mod walk;
mod zstd;

pub use lower::LowerError;
