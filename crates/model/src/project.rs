//! Project: everything that one configuration declares.
//!
//! Invariant: every reference within a project resolves; `config` reports the others and returns none.

use crate::SortedMap;
use crate::address::Address;
use crate::container::ContainerSpec;
use crate::engine::EngineSpec;
use crate::image::ImageSpec;
use crate::name::{EngineName, ProjectName};
use crate::network::NetworkSpec;
use crate::secret::SecretSpec;
use crate::task::TaskSpec;
use crate::volume::VolumeSpec;
use std::collections::{BTreeMap, BTreeSet};

/// A project, resolved: no templates, shorthands, instances or `extends` are left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    pub name: ProjectName,
    /// Absolute path of the directory of the main file.
    pub root: String,
    /// At least one; `default` unless others are declared and nothing is on it.
    pub engines: BTreeMap<EngineName, EngineSpec>,
    pub images: BTreeMap<String, ImageSpec>,
    pub containers: SortedMap<Address, ContainerSpec>,
    /// By key; each is created on every engine where a container uses it.
    pub networks: BTreeMap<String, NetworkSpec>,
    /// By key; each is created on every engine where a container uses it.
    pub volumes: BTreeMap<String, VolumeSpec>,
    pub secrets: BTreeMap<String, SecretSpec>,
    /// Members as written: `container`, `container.instance`.
    pub groups: BTreeMap<String, Vec<String>>,
    pub tasks: BTreeMap<String, TaskSpec>,
}

impl Project {
    /// The engine of what is on one only: images that no container has.
    pub fn default_engine(&self) -> EngineName {
        let default = EngineName::default();
        let first = self.engines.keys().next().filter(|_| !self.engines.contains_key(&default));
        first.cloned().unwrap_or(default)
    }

    /// The keys of the secrets that a container or a build of the project has.
    pub fn used_secrets(&self) -> BTreeSet<&str> {
        let mounted = self.containers.values().flat_map(|spec| spec.secrets.iter());
        let mounted = mounted.map(|mount| mount.secret.as_str());
        let built = self.images.values().flat_map(|spec| spec.build.secrets.values());
        mounted.chain(built.map(String::as_str)).collect()
    }

    /// A project of this name that declares nothing.
    pub fn empty(name: ProjectName, root: impl Into<String>) -> Self {
        Self {
            name,
            root: root.into(),
            engines: [(EngineName::default(), EngineSpec::default())].into(),
            images: BTreeMap::new(),
            containers: SortedMap::new(),
            networks: BTreeMap::new(),
            volumes: BTreeMap::new(),
            secrets: BTreeMap::new(),
            groups: BTreeMap::new(),
            tasks: BTreeMap::new(),
        }
    }
}
