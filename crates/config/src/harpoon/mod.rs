//! The Harpoon dialect: `harpoon.yml`, rearranged into the sections of the native format.
//!
//! Invariant: what a value means is decided by the native format alone; here images are merged with the root, `{a.b}` is
//! evaluated, and keys get the native format's names. Every value keeps its place, and what can't be honoured is said.

mod action;
mod attached;
mod authentication;
mod commands;
mod container;
mod context;
mod dialect;
mod format_string;
mod formatted;
mod grammar;
mod image;
mod keys;
mod network;
mod overrides;
mod python;
mod section;
mod subject;
mod task;
mod trail;
mod tree;
mod usable;
mod wait;

pub(crate) use authentication::credentials;
pub(crate) use dialect::{Surroundings, project};
pub(crate) use formatted::escaped;
pub(crate) use keys::is_own;
pub(crate) use overrides::overridden;
pub(crate) use section::{extra_files, extra_path, image_file, images_from};
pub(crate) use subject::path;

/// What the file is called.
pub const FILES: [&str; 2] = ["harpoon.yml", "harpoon.yaml"];
/// What is merged under every file, in the home directory.
pub(crate) const HOME_FILE: &str = ".harpoonrc.yml";
