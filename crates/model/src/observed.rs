//! Observed: a snapshot of the engines and of the local inputs, without any judgement.
//!
//! Invariant: nothing here was chosen. Where an engine has two networks of one name, both are here.

use crate::address::Address;
use crate::container::ContainerConfig;
use crate::digest::Digest;
use crate::engine::EngineInfo;
use crate::healthcheck::Healthcheck;
use crate::image::ImageUse;
use crate::label::Owner;
use crate::name::{ContainerId, EngineName, ImageId, NetworkId};
use crate::network::NetworkConfig;
use crate::port::{ExposedPort, PublishedPort};
use crate::volume::VolumeConfig;
use std::collections::{BTreeMap, BTreeSet};

/// Everything that the planner knows of the world.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    pub engines: BTreeMap<EngineName, ObservedEngine>,
    /// By key of `images`, for those that are built.
    pub builds: BTreeMap<String, ObservedBuild>,
    /// Digest of the secrets of a container that has some.
    pub secrets: BTreeMap<Address, Digest>,
    /// One-off containers whose run is known to be over, by engine.
    pub over: BTreeSet<(EngineName, ContainerId)>,
    /// Names of marks of runs that are known to be over, by engine: [`crate::run_mark`].
    pub over_marks: BTreeSet<(EngineName, String)>,
}

/// The inputs of a build, read from local files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedBuild {
    /// Of the Dockerfile, the options and the build context; not of the images it builds on.
    pub digest: Digest,
    /// The images it builds on (FROM, COPY --from, ADD from an image), in order, without `scratch`.
    pub bases: Vec<ImageUse>,
    pub healthcheck: BuiltHealthcheck,
}

/// Where the health check of an image that is built comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum BuiltHealthcheck {
    /// It can't be told from what is built.
    #[default]
    Unknown,
    /// Said by what is built: whether there is one.
    Own(bool),
    /// That of the image it is built on.
    OfBase(ImageUse),
}

impl ObservedBuild {
    /// The digest that is written on the image: the inputs, and the id of each base image.
    pub fn digest_with<'a>(&self, bases: impl IntoIterator<Item = &'a ImageId>) -> Digest {
        let ids: Vec<&str> = bases.into_iter().map(ImageId::as_str).collect();
        Digest::of(std::iter::once(self.digest.as_str()).chain(ids))
    }
}

/// The state of one engine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObservedEngine {
    pub info: EngineInfo,
    /// Every container on the engine, foreign ones too.
    pub containers: BTreeMap<ContainerId, ContainerSummary>,
    /// Ours, in full.
    pub details: BTreeMap<ContainerId, ObservedContainer>,
    pub images: BTreeMap<ImageId, ObservedImage>,
    /// Every network on the engine; names need not be unique before API 1.44.
    pub networks: BTreeMap<NetworkId, ObservedNetwork>,
    /// Every volume on the engine, by name.
    pub volumes: BTreeMap<String, ObservedVolume>,
}

impl ObservedEngine {
    /// The image that a reference names on this engine; the reference may be in any form.
    pub fn image(&self, reference: &str) -> Option<&ObservedImage> {
        let familiar = crate::image::familiar_reference(reference);
        self.images
            .values()
            .find(|image| image.references.contains(&familiar) || image.id.as_str() == reference)
    }

    /// The container of this name, foreign or ours.
    pub fn container_named(&self, name: &str) -> Option<&ContainerSummary> {
        self.containers.values().find(|container| container.name == name)
    }
}

/// A container as the list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerSummary {
    pub id: ContainerId,
    /// Without the leading slash.
    pub name: String,
    pub image: String,
    pub image_id: ImageId,
    pub state: State,
    /// The engine's words: `Up 3 minutes (healthy)`.
    pub status: String,
    pub labels: BTreeMap<String, String>,
    pub owner: Option<Owner>,
    /// Ports that are bound on the host now.
    pub published: BTreeSet<PublishedPort>,
    /// Names of the volumes it mounts.
    pub volumes: BTreeSet<String>,
    /// Names of the networks it is attached to.
    pub networks: BTreeSet<String>,
    /// Seconds since the epoch, by the engine's clock.
    pub created_s: i64,
}

/// What a container does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    Created,
    Running,
    Paused,
    Restarting,
    Removing,
    Exited,
    Dead,
    /// A word that this version does not know (podman has several).
    Other,
}

impl State {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Restarting => "restarting",
            Self::Removing => "removing",
            Self::Exited => "exited",
            Self::Dead => "dead",
            Self::Other => "unknown",
        }
    }

    /// Whether its process is there, even if paused.
    pub fn is_up(self) -> bool {
        matches!(self, Self::Running | Self::Paused | Self::Restarting)
    }
}

/// What a health check says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Health {
    Starting,
    Healthy,
    Unhealthy,
}

/// A container in full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedContainer {
    pub id: ContainerId,
    /// Without the leading slash.
    pub name: String,
    pub image_id: ImageId,
    /// The reference it was created with.
    pub image: String,
    pub state: State,
    /// `None` where there is no health check, or the container is not running.
    pub health: Option<Health>,
    /// When the last check began, by the engine's clock, in the engine's words; `None` before the first.
    pub health_checked_at: Option<String>,
    /// Output of the last failed check, if any.
    pub health_output: Option<String>,
    /// Of the last run; meaningful when the container is not running.
    pub exit_code: i64,
    /// What the engine says went wrong at the last start; empty if nothing.
    pub error: String,
    pub oom_killed: bool,
    pub restart_count: u64,
    /// RFC 3339 by the engine's clock; empty if it was never started.
    pub started_at: String,
    pub owner: Option<Owner>,
    /// As the engine has it, normalised: what the image gave is in it too. Windlass's own labels
    /// are not.
    pub config: ContainerConfig,
    /// The id of each network it is attached to, by name: a network that was made anew has another.
    pub network_ids: BTreeMap<String, NetworkId>,
    /// Its address in each network, while it runs: the IPv4 one if it has one.
    pub addresses: BTreeMap<String, String>,
    /// Names of anonymous volumes, by target.
    pub anonymous_volumes: BTreeMap<String, String>,
}

impl ObservedContainer {
    /// Whether it was ever started.
    pub fn was_started(&self) -> bool {
        !self.started_at.is_empty()
    }

    /// Whether it can never be started: an engine that died while it started it, and came back, holds
    /// a process of it that it knows nothing of. A start that failed tells.
    pub fn is_stuck(&self) -> bool {
        self.state == State::Created && tells_of_a_held_process(&self.error)
    }
}

/// Whether an engine says of a start that a process is there already; its words depend on how far it
/// had come when it died.
pub fn tells_of_a_held_process(error: &str) -> bool {
    (error.contains("task ") && error.contains(": already exists"))
        || error.contains("id already in use")
}

/// An image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedImage {
    pub id: ImageId,
    /// Tags and digests in their familiar form: `busybox:latest`, `x@sha256:…`.
    pub references: BTreeSet<String>,
    pub labels: BTreeMap<String, String>,
    pub owner: Option<Owner>,
    pub size_bytes: u64,
    pub created_s: i64,
    /// `sha256:…` of each layer as a plain tar, the lowest first. Only of images that were inspected.
    pub layers: Vec<String>,
    /// Only of images that were inspected.
    pub config: Option<ImageConfig>,
}

/// What an image gives to its containers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImageConfig {
    pub command: Option<Vec<String>>,
    pub entrypoint: Option<Vec<String>>,
    pub env: BTreeMap<String, String>,
    pub labels: BTreeMap<String, String>,
    pub user: String,
    pub workdir: String,
    pub exposed: BTreeSet<ExposedPort>,
    /// Paths that become anonymous volumes.
    pub volumes: BTreeSet<String>,
    pub healthcheck: Option<Healthcheck>,
    pub stop_signal: Option<String>,
    /// `linux/amd64`.
    pub platform: String,
}

/// A network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedNetwork {
    pub id: NetworkId,
    pub name: String,
    pub owner: Option<Owner>,
    pub config: NetworkConfig,
    /// RFC 3339, by the engine's clock.
    pub created: String,
}

/// A volume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedVolume {
    pub name: String,
    pub owner: Option<Owner>,
    pub config: VolumeConfig,
    /// RFC 3339, by the engine's clock.
    pub created: String,
}
