//! Plan: every engine call that a run will make, in an order that works, each with its cause.
//!
//! Invariant: `Step::after` only points back, and nothing is left to choose when a step runs.

use crate::address::Address;
use crate::note::Note;
use crate::rescue::Rescue;
use std::collections::BTreeMap;
use std::fmt;

pub use crate::action::{
    Action, BuildImage, ContainerRef, CreateContainer, CreateNetwork, CreateVolume, Until,
};

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
    DependsOn(Box<Address>),
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
    /// Something goes that the project did not make.
    Foreign,
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
