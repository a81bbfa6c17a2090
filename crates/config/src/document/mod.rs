//! What any dialect's files say, before names are resolved: shorthands are long, references are still words.
//!
//! Invariant: everything that can be wrong with a reference keeps the place where it was written.

mod container;
mod image;
mod objects;
mod raw;

pub use container::{
    Attach, Bind, Container, DependsOn, Expose, Link, MountEntry, MountFrom, NetworkUse, Sharing,
    UseVolume,
};
pub use image::{Command, CommandKind, Image, ImageContext, Source};
pub use objects::{Engine, Group, HostPath, Network, Secret, Settings, Task, TaskPlace, Volume};
pub use raw::Raw;

use std::collections::BTreeMap;

use windlass_model::container::ContainerConfig;
use windlass_model::{ProjectName, Shared, SortedMap};

use crate::load::Dialect;

/// Everything that one configuration says.
#[derive(Debug)]
pub struct Document {
    /// What is left of it: a few rules that differ.
    pub dialect: Dialect,
    /// Engines are written as docker-map's clients, in a file of their own.
    pub says_clients: bool,
    pub name: ProjectName,
    /// Absolute path of the directory of the main file.
    pub root: String,
    pub settings: Settings,
    pub images: BTreeMap<String, Image>,
    pub containers: SortedMap<String, Container>,
    pub volumes: BTreeMap<String, Volume>,
    pub host: BTreeMap<String, HostPath>,
    /// Relative host paths start here; absolute.
    pub host_root: Option<String>,
    pub networks: BTreeMap<String, Network>,
    pub secrets: BTreeMap<String, Secret>,
    pub groups: BTreeMap<String, Group>,
    pub engines: BTreeMap<String, Engine>,
    pub tasks: Vec<Task>,
}

impl Document {
    /// Takes the configuration of each container, in the order of their keys: it is the larger part
    /// of a document, and only its own container has a use for it.
    pub(crate) fn take_configs(&mut self) -> Vec<Shared<ContainerConfig>> {
        let none = Shared::default();
        let containers = self.containers.values_mut();
        containers.map(|one| std::mem::replace(&mut one.config, Shared::clone(&none))).collect()
    }
}
