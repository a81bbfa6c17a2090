//! Tasks: what people run.
//!
//! Invariant: a task runs in exactly one place: an image, a container, or no container at all.

use crate::container::ContainerConfig;
use crate::image::ImageUse;
use std::collections::BTreeSet;

/// `tasks.<name>`, also those under an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskSpec {
    pub name: String,
    pub description: Option<String>,
    /// The heading under which `windlass tasks` lists it.
    pub label: Option<String>,
    pub target: TaskTarget,
    /// What it runs; the fields that the task does not set are empty.
    pub config: ContainerConfig,
    /// A line for the container's shell instead of `config.command`.
    pub bash: Option<String>,
    pub needs: BTreeSet<String>,
}

/// Where a task runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaskTarget {
    /// A fresh container of this image.
    Image(ImageUse),
    /// A fresh container configured as this one (key of `containers`).
    Container(String),
    /// Nowhere: it only needs other tasks.
    Nothing,
}
