//! The docker-map dialect: container maps and client files, rearranged into the sections of the native format.
//!
//! Invariant: only the names and places of sections are translated here. What a value means is decided by the native
//! format alone, so both dialects say the same about it (but for the unit of a health check's bare number), and every
//! value keeps its place.

mod clients;
mod map;
mod paths;

pub(crate) use clients::{clients, credentials};
pub(crate) use map::map;
pub(crate) use paths::Surroundings;

/// What docker-map calls the client that is used where none is named.
pub(crate) const DEFAULT_CLIENT: &str = "__default__";

/// `!path` expands `~` and `$NAME`; `!path_lazy` did so later, which makes no difference to a run.
pub(crate) const TAGS: &[&str] = &["!path", "!path_lazy"];
