//! A container as a file says it.
//!
//! Invariant: `config` has only what needs no other object; everything that names one is a list of its own.

use std::collections::BTreeSet;

use windlass_model::container::ContainerConfig;
use windlass_model::dependency::Condition;
use windlass_model::endpoint::Endpoint;
use windlass_model::env::Env;
use windlass_model::image::PullPolicy;
use windlass_model::mount::{Mount, MountSource};
use windlass_model::port::PublishedPort;
use windlass_model::secret::SecretMount;
use windlass_model::update::UpdateSpec;
use windlass_model::wait::{ExecSpec, WaitSpec};
use windlass_model::{Rare, Shared, Text};

use super::Raw;
use crate::read::Spanned;
use crate::scalar::PortRange;
use crate::source::Span;
use crate::template::Uses;

#[derive(Debug, Clone)]
pub struct Container {
    pub key: Text,
    /// Where its key is.
    pub span: Span,
    pub is_abstract: bool,
    pub instances: Vec<Spanned<String>>,
    pub engines: Rare<Vec<Spanned<String>>>,
    pub groups: Rare<Vec<Spanned<String>>>,
    pub image: Option<Spanned<String>>,
    /// `image` is written, and was reported: it is not missing.
    pub is_image_wrong: bool,
    pub pull: PullPolicy,
    /// Empty once [`super::Document::take_configs`] has handed it over.
    pub config: Shared<ContainerConfig>,
    /// From env files; `config.env` is stronger.
    pub file_env: Rare<Env>,
    pub shares: Rare<Vec<Spanned<String>>>,
    pub binds: Rare<Vec<Spanned<Bind>>>,
    pub attaches: Rare<Vec<Spanned<Attach>>>,
    pub uses: Rare<Vec<Spanned<UseVolume>>>,
    pub mounts: Rare<Vec<Spanned<MountEntry>>>,
    /// Where `config.user` is written.
    pub user: Rare<Option<Span>>,
    pub permissions: Rare<Option<Spanned<String>>>,
    pub exposes: Rare<Vec<Spanned<Expose>>>,
    pub ports: Rare<Vec<Spanned<PublishedPort>>>,
    pub links: Rare<Vec<Spanned<Link>>>,
    pub networks: Vec<Spanned<NetworkUse>>,
    pub network_mode: Rare<Option<Spanned<Sharing>>>,
    pub pid: Rare<Option<Spanned<Sharing>>>,
    pub ipc: Rare<Option<Spanned<Sharing>>>,
    pub secrets: Rare<Vec<Spanned<SecretMount>>>,
    /// From `create_options` and `host_config`.
    pub raw: Rare<Raw>,
    pub depends_on: Rare<Vec<Spanned<DependsOn>>>,
    pub wait: Rare<Option<WaitSpec>>,
    pub update: Rare<UpdateSpec>,
    pub exec_commands: Rare<Vec<ExecSpec>>,
    pub start_delay_ms: u64,
    pub persistent: bool,
    pub profiles: Rare<BTreeSet<String>>,
    /// What its templates refer to.
    pub used: Rare<Uses>,
}

impl Container {
    pub fn new(key: &str, span: Span) -> Self {
        Self {
            key: key.into(),
            span,
            is_abstract: false,
            instances: Vec::new(),
            engines: Rare::default(),
            groups: Rare::default(),
            image: None,
            is_image_wrong: false,
            pull: PullPolicy::default(),
            config: Shared::default(),
            file_env: Rare::default(),
            shares: Rare::default(),
            binds: Rare::default(),
            attaches: Rare::default(),
            uses: Rare::default(),
            mounts: Rare::default(),
            user: Rare::default(),
            permissions: Rare::default(),
            exposes: Rare::default(),
            ports: Rare::default(),
            links: Rare::default(),
            networks: Vec::new(),
            network_mode: Rare::default(),
            pid: Rare::default(),
            ipc: Rare::default(),
            secrets: Rare::default(),
            raw: Rare::default(),
            depends_on: Rare::default(),
            wait: Rare::default(),
            update: Rare::default(),
            exec_commands: Rare::default(),
            start_delay_ms: 0,
            persistent: false,
            profiles: Rare::default(),
            used: Rare::default(),
        }
    }
}

/// `binds`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bind {
    /// Paths come from `volumes.<alias>` and `host.<alias>`.
    Alias { alias: String, read_only: bool },
    /// The host path is as written: against the host root if it is relative.
    Pair { path: String, host_path: String, read_only: bool },
}

/// `attaches`: a volume that this container owns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attach {
    pub alias: String,
    pub path: Option<String>,
}

/// `uses`: another container's volume by its alias, or all mounts of another container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UseVolume {
    pub name: String,
    pub path: Option<String>,
    pub read_only: bool,
}

/// `mounts`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MountEntry {
    pub from: MountFrom,
    pub target: String,
    /// Its source is filled in from `from`.
    pub mount: Mount,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MountFrom {
    Anonymous,
    /// An alias under `volumes`.
    Volume(String),
    /// As the engine is told: a volume has its name there, a directory is made only if that is said.
    Engine(MountSource),
    /// Absolute.
    Path(String),
}

/// `exposes`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Expose {
    pub ports: PortRange,
    /// Published, from this port on.
    pub host_port: Option<u16>,
    /// An alias under the engine's `interfaces`.
    pub interface: Option<Spanned<String>>,
    pub ipv6: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Link {
    /// `container` or `container.instance`.
    pub target: String,
    pub alias: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkUse {
    pub name: String,
    pub endpoint: Endpoint,
    pub links: Vec<Spanned<Link>>,
}

/// Whose namespace is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sharing {
    /// A word for the engine, as it is: `host`, `none`, `bridge`, `container:x`.
    Engine(String),
    /// A container of the project.
    Container(String),
    /// A network by its name on the engine.
    Network(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DependsOn {
    pub target: String,
    pub condition: Condition,
}
