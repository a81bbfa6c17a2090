//! Dockerfile builder and build context: ignore rules, digest, tar stream.
//!
//! Invariant: what is hashed is what is sent: the digest, the tar stream and the file sync all read the same entry list.

pub mod context;
pub mod digest;
pub mod dockerfile;
pub mod entry;
mod expression;
pub mod git;
pub mod globs;
pub mod ignore;
mod lower;
pub mod pattern;
pub mod rootfs;
pub mod source;
pub mod tar_stream;
mod walk;

pub use lower::LowerError;
