//! What `clean` may remove beside what the project left behind.
//!
//! Invariant: the default removes nothing that the project did not make.

use std::collections::BTreeSet;

/// Options of `clean`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CleanOptions {
    /// Also what no project of windlass made, wherever it is on the engine.
    pub all: bool,
    /// With `all`: also containers that were never started.
    pub include_initial: bool,
    /// Names of containers, and references of images, that stay in any case.
    pub exclude: BTreeSet<String>,
    /// With `all`: also images that have tags, but none that is kept, if nothing uses them.
    pub remove_old: bool,
    /// Tags that keep an image, beside `latest`.
    pub keep_tags: BTreeSet<String>,
}
