//! Action: what one step does, with all that it needs for it.
//!
//! Invariant: an action is one engine call (a wait is one subscription); nothing is left to choose in it.

use crate::Shared;
use crate::Text;
use crate::container::ContainerConfig;
use crate::container_labels::ContainerLabels;
use crate::digest::Digest;
use crate::endpoint::Endpoint;
use crate::image::{ImageSpec, ImageUse};
use crate::limits::{Limits, RestartPolicy};
use crate::name::{ContainerId, ImageId, NetworkId};
use crate::network::NetworkConfig;
use crate::plan::StepId;
use crate::secret::SecretMount;
use crate::volume::{VolumeConfig, VolumeOwner};
use crate::wait::{ExecSpec, WaitSpec};
use std::collections::BTreeMap;

/// One engine call (a wait is one subscription).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    CreateNetwork(Box<CreateNetwork>),
    RemoveNetwork {
        id: NetworkId,
        name: String,
    },
    CreateVolume(Box<CreateVolume>),
    RemoveVolume {
        name: String,
        created: String,
    },
    /// Says that a container or network goes with the run that brings it up: [`crate::run_mark`].
    MarkRun {
        name: String,
        labels: BTreeMap<String, String>,
    },
    /// Takes such a mark away.
    UnmarkRun {
        name: String,
        created: String,
    },
    PullImage {
        reference: String,
        platform: Option<String>,
        /// One that its registry does not have is left out.
        optional: bool,
    },
    PushImage {
        reference: String,
    },
    /// Gives an image that is there one more reference.
    TagImage {
        id: ImageId,
        reference: String,
    },
    BuildImage(Box<BuildImage>),
    ImportImage(Box<BuildImage>),
    RemoveImage {
        id: ImageId,
        reference: String,
    },
    CreateContainer(Box<CreateContainer>),
    /// Puts secrets as files into a created container.
    CopySecrets {
        container: ContainerRef,
        /// What they are put into: `/`, or a mount of a container whose root is read-only.
        directory: Text,
        files: Vec<SecretMount>,
    },
    StartContainer(ContainerRef),
    StopContainer {
        container: ContainerRef,
        timeout_s: Option<u32>,
    },
    RestartContainer {
        container: ContainerRef,
        timeout_s: Option<u32>,
    },
    KillContainer {
        container: ContainerRef,
        signal: String,
    },
    PauseContainer(ContainerRef),
    UnpauseContainer(ContainerRef),
    RemoveContainer {
        container: ContainerRef,
        force: bool,
        anonymous_volumes: bool,
    },
    RenameContainer {
        container: ContainerRef,
        name: Text,
    },
    UpdateContainer {
        container: ContainerRef,
        limits: Box<Limits>,
        restart: RestartPolicy,
    },
    ConnectNetwork {
        container: ContainerRef,
        network: Text,
        endpoint: Box<Endpoint>,
    },
    DisconnectNetwork {
        container: ContainerRef,
        /// Its id or its name.
        network: Text,
        name: Text,
    },
    /// Waits until the container is ready for its dependents.
    WaitContainer {
        container: ContainerRef,
        until: Until,
        deadline_ms: u64,
    },
    ExecContainer {
        container: ContainerRef,
        exec: Box<ExecSpec>,
    },
    /// Sleeps: `start_delay`.
    Delay {
        ms: u64,
    },
}

impl Action {
    /// The verb of the engine's API, in the words of the house.
    pub fn verb(&self) -> &'static str {
        match self {
            Self::CreateNetwork(_) | Self::CreateVolume(_) | Self::CreateContainer(_) => "create",
            Self::RemoveNetwork { .. }
            | Self::RemoveVolume { .. }
            | Self::RemoveImage { .. }
            | Self::RemoveContainer { .. } => "remove",
            Self::MarkRun { .. } => "mark",
            Self::UnmarkRun { .. } => "unmark",
            Self::PullImage { .. } => "pull",
            Self::PushImage { .. } => "push",
            Self::TagImage { .. } => "tag",
            Self::BuildImage(_) => "build",
            Self::ImportImage(_) => "import",
            Self::CopySecrets { .. } => "copy secrets",
            Self::StartContainer(_) => "start",
            Self::StopContainer { .. } => "stop",
            Self::RestartContainer { .. } => "restart",
            Self::KillContainer { .. } => "kill",
            Self::PauseContainer(_) => "pause",
            Self::UnpauseContainer(_) => "unpause",
            Self::RenameContainer { .. } => "rename",
            Self::UpdateContainer { .. } => "update",
            Self::ConnectNetwork { .. } => "connect",
            Self::DisconnectNetwork { .. } => "disconnect",
            Self::WaitContainer { .. } => "wait",
            Self::ExecContainer { .. } => "exec",
            Self::Delay { .. } => "delay",
        }
    }

    /// Whether it builds, imports or pulls an image.
    pub fn makes_image(&self) -> bool {
        matches!(self, Self::PullImage { .. } | Self::BuildImage(_) | Self::ImportImage(_))
    }

    /// The container that the action is done to; `None` for other objects and for a creation.
    pub fn container(&self) -> Option<&ContainerRef> {
        match self {
            Self::StartContainer(container)
            | Self::PauseContainer(container)
            | Self::UnpauseContainer(container)
            | Self::CopySecrets { container, .. }
            | Self::StopContainer { container, .. }
            | Self::RestartContainer { container, .. }
            | Self::KillContainer { container, .. }
            | Self::RemoveContainer { container, .. }
            | Self::RenameContainer { container, .. }
            | Self::UpdateContainer { container, .. }
            | Self::ConnectNetwork { container, .. }
            | Self::DisconnectNetwork { container, .. }
            | Self::WaitContainer { container, .. }
            | Self::ExecContainer { container, .. } => Some(container),
            Self::CreateNetwork(_)
            | Self::RemoveNetwork { .. }
            | Self::CreateVolume(_)
            | Self::RemoveVolume { .. }
            | Self::MarkRun { .. }
            | Self::UnmarkRun { .. }
            | Self::PullImage { .. }
            | Self::PushImage { .. }
            | Self::TagImage { .. }
            | Self::BuildImage(_)
            | Self::ImportImage(_)
            | Self::RemoveImage { .. }
            | Self::CreateContainer(_)
            | Self::Delay { .. } => None,
        }
    }
}

/// A container that is there, or that an earlier step will have created.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ContainerRef {
    Existing(ContainerId),
    Planned(StepId),
}

/// A network to create, with all its labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateNetwork {
    pub name: String,
    pub config: NetworkConfig,
    pub labels: BTreeMap<String, String>,
}

/// A volume to create, with all its labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateVolume {
    pub name: String,
    pub config: VolumeConfig,
    pub labels: BTreeMap<String, String>,
    pub owner: Option<VolumeOwner>,
}

/// An image to build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildImage {
    pub spec: ImageSpec,
    /// Labels that make it ours; the digest is added when the ids of the bases are known.
    pub labels: BTreeMap<String, String>,
    /// Of everything but the bases.
    pub inputs: Digest,
    pub bases: Vec<ImageUse>,
    /// References of the bases, in the same order.
    pub base_references: Vec<String>,
    pub no_cache: bool,
}

impl BuildImage {
    /// The references of those bases that are images of the project, by their keys.
    pub fn project_bases(&self) -> BTreeMap<String, String> {
        let all = self.bases.iter().zip(&self.base_references);
        let of_project = all.filter_map(|(base, reference)| match base {
            ImageUse::Project(key) => Some((key.clone(), reference.clone())),
            ImageUse::External(_) => None,
        });
        of_project.collect()
    }
}

/// A container to create, with all its labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateContainer {
    pub name: Text,
    /// A reference that the engine has by then.
    pub image: Text,
    pub config: Shared<ContainerConfig>,
    pub labels: ContainerLabels,
}

/// What a wait waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Until {
    /// It runs, and goes on running for so long.
    Running {
        stable_ms: u64,
    },
    Healthy,
    /// It ended with exit code 0.
    Completed,
    /// The conditions of `wait`.
    Conditions(Box<WaitSpec>),
}
