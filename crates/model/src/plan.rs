//! Plan: every engine call that a run will make, in an order that works, each with its cause.
//!
//! Invariant: `Step::after` only points back, and nothing is left to choose when a step runs.

use crate::Shared;
use crate::address::Address;
use crate::container::ContainerConfig;
use crate::container_labels::ContainerLabels;
use crate::digest::Digest;
use crate::endpoint::Endpoint;
use crate::image::{ImageSpec, ImageUse};
use crate::limits::{Limits, RestartPolicy};
use crate::name::{ContainerId, ImageId, NetworkId};
use crate::network::NetworkConfig;
use crate::note::Note;
use crate::rescue::Rescue;
use crate::secret::SecretMount;
use crate::volume::{VolumeConfig, VolumeOwner};
use crate::wait::{ExecSpec, WaitSpec};
use std::collections::BTreeMap;
use std::fmt;

/// What a run will do, and what it leaves alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// In topological order.
    pub steps: Vec<Step>,
    pub notes: Vec<Note>,
    /// The ways back of the replacements among the steps.
    pub rescues: Vec<Rescue>,
}

/// The place of a step in `Plan::steps`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StepId(pub u32);

impl StepId {
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// One action on one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub address: Address,
    pub action: Action,
    pub cause: Cause,
    pub hazard: Option<Hazard>,
    /// Steps whose success this one needs; each comes before it.
    pub after: Vec<StepId>,
    /// Steps of one address and group are shown as one line.
    pub group: Option<Group>,
}

/// What several steps of one object amount to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// Create, start, wait.
    Create,
    /// A successor takes the place of a container.
    Recreate,
    /// Changes to an object that stays.
    Update,
    /// Stop, remove.
    Remove,
}

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
    PullImage {
        reference: String,
        platform: Option<String>,
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
        directory: String,
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
        name: String,
    },
    UpdateContainer {
        container: ContainerRef,
        limits: Box<Limits>,
        restart: RestartPolicy,
    },
    ConnectNetwork {
        container: ContainerRef,
        network: String,
        endpoint: Box<Endpoint>,
    },
    DisconnectNetwork {
        container: ContainerRef,
        /// Its id or its name.
        network: String,
        name: String,
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
            Self::PullImage { .. } => "pull",
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
            | Self::PullImage { .. }
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

/// A container to create, with all its labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreateContainer {
    pub name: String,
    /// A reference that the engine has by then.
    pub image: String,
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

/// Why a step is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Declared, and not there.
    Absent,
    /// There, and not as declared.
    Diverged(Vec<FieldChange>),
    /// There, and not running.
    NotRunning,
    /// Something that it needs makes it necessary.
    DependsOn(Address),
    /// The user asked for just this.
    Requested,
    /// There, and not declared (any more).
    Orphan,
    /// Left over from a run that did not end.
    Leftover,
    /// It was created or started in this run and must become ready.
    Readiness,
}

/// Whose change a difference is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// The file says something else than when the object was made.
    File,
    /// The object is not as we made it.
    Engine,
    /// Both, or it can't be told.
    Both,
    /// Nobody's: it is what ran before.
    Rollback,
}

impl Origin {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::File => "file changed",
            Self::Engine => "engine changed",
            Self::Both => "file and engine differ",
            Self::Rollback => "as it was before",
        }
    }
}

/// One field that differs. Values are texts for people; sensitive ones are already withheld.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldChange {
    /// `env.GREETING`, `mounts./data`.
    pub path: String,
    /// `None`: it was not there.
    pub was: Option<String>,
    /// `None`: it shall not be there.
    pub wanted: Option<String>,
    pub origin: Origin,
}

/// What needs consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hazard {
    /// Data that can't be had again goes away.
    DataLoss,
    /// Something that runs stops serving for a while.
    Downtime,
}

impl Plan {
    /// Whether it changes anything: it may only wait.
    pub fn has_changes(&self) -> bool {
        let waits =
            |action: &Action| matches!(action, Action::WaitContainer { .. } | Action::Delay { .. });
        self.steps.iter().any(|step| !waits(&step.action))
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Whether it pulls or builds images that are there, because the user asked for it. Only then
    /// it is not known what will become of them.
    pub fn makes_images_anew(&self) -> bool {
        let mut images = self.steps.iter().filter(|step| step.action.makes_image());
        images.any(|step| step.cause == Cause::Requested)
    }

    /// Only the steps that make images, which need nothing but one another.
    #[must_use]
    pub fn images_only(self) -> Self {
        let mut numbers: BTreeMap<StepId, StepId> = BTreeMap::new();
        let mut steps: Vec<Step> = Vec::new();
        for (id, mut step) in (0..).map(StepId).zip(self.steps) {
            if step.action.makes_image() {
                step.after = step.after.iter().filter_map(|id| numbers.get(id).copied()).collect();
                numbers.insert(id, StepId(u32::try_from(numbers.len()).unwrap_or(u32::MAX)));
                steps.push(step);
            }
        }
        Self { steps, ..Self::default() }
    }

    pub fn step(&self, id: StepId) -> &Step {
        &self.steps[id.index()]
    }

    /// Every step with its id.
    pub fn iter(&self) -> impl Iterator<Item = (StepId, &Step)> {
        (0..).map(StepId).zip(&self.steps)
    }
}
