//! Draft: a plan that is being written.
//!
//! Invariant: a step is added after the steps that it needs, so that the list is a topological
//! order from the first line on.

use crate::rule::image::Resolved;
use std::collections::{BTreeMap, BTreeSet};
use windlass_model::name::{ContainerId, EngineName};
use windlass_model::note::{Blocker, BlockerReason, Note, NoteReason};
use windlass_model::plan::{Action, Cause, ContainerRef, Group, Hazard, Plan, Step, StepId};
use windlass_model::rescue::Rescue;
use windlass_model::{Address, Rare};

/// A plan in the making.
#[derive(Default)]
pub(crate) struct Draft {
    steps: Vec<Step>,
    notes: Vec<Note>,
    blockers: Vec<Blocker>,
    rescues: Vec<Rescue>,
    /// What the steps so far have come to, by address.
    pub(crate) progress: BTreeMap<Address, Progress>,
    /// What the images come to, by address.
    pub(crate) images: BTreeMap<Address, Resolved>,
    /// Containers that the user wants recreated whatever they are like.
    pub(crate) forced: BTreeSet<Address>,
    /// Steps that make networks, by engine and name.
    pub(crate) network_steps: BTreeMap<(EngineName, String), StepId>,
    /// Steps that say of an object that it goes with a run, which come before it is made.
    pub(crate) marks: BTreeMap<Address, StepId>,
}

/// What the steps so far do for one object.
#[derive(Clone, Debug, Default)]
pub(crate) struct Progress {
    /// The step after which it is there.
    pub(crate) present: Option<StepId>,
    /// The step after which it is started and usable by dependents that only want that.
    pub(crate) started: Option<StepId>,
    pub(crate) healthy: Option<StepId>,
    /// The step after which it has run for a while.
    pub(crate) stable: Option<StepId>,
    pub(crate) completed: Option<StepId>,
    /// The steps after which it is gone.
    pub(crate) gone: Rare<Vec<StepId>>,
    /// The container that serves at the end.
    pub(crate) container: Option<ContainerRef>,
    /// A new container takes the place of an old one.
    pub(crate) recreated: bool,
    /// What it takes the place of serves, or served until it was stopped for this.
    pub(crate) replaces_running: bool,
    /// The container's processes are started anew.
    pub(crate) restarted: bool,
}

impl Progress {
    /// The step after which nothing is left to wait for.
    pub(crate) fn last(&self) -> Option<StepId> {
        let all = [self.present, self.started, self.healthy, self.stable, self.completed];
        all.into_iter().max().flatten()
    }
}

/// What a step needs beside its action.
#[derive(Clone)]
pub(crate) struct Why {
    pub(crate) cause: Cause,
    pub(crate) group: Option<Group>,
    pub(crate) hazard: Option<Hazard>,
}

impl Why {
    pub(crate) fn new(cause: Cause, group: Group) -> Self {
        Self { cause, group: Some(group), hazard: None }
    }

    pub(crate) fn with_hazard(mut self, hazard: Hazard) -> Self {
        self.hazard = Some(hazard);
        self
    }
}

impl Draft {
    pub(crate) fn step(
        &mut self,
        address: &Address,
        action: Action,
        why: Why,
        after: impl IntoIterator<Item = StepId>,
    ) -> StepId {
        let id = self.next();
        let mut after: BTreeSet<StepId> = after.into_iter().collect();
        if matches!(action, Action::CreateContainer(_) | Action::CreateNetwork(_)) {
            after.extend(self.marks.get(address));
        }
        self.steps.push(Step {
            address: address.clone(),
            action,
            cause: why.cause,
            hazard: why.hazard,
            after: after.into_iter().collect(),
            group: why.group,
        });
        id
    }

    /// The step after which a container that is there is on a network no more.
    pub(crate) fn leaves(&self, container: &ContainerId, network: &str) -> Option<StepId> {
        let is_it =
            |one: &ContainerRef| matches!(one, ContainerRef::Existing(id) if id == container);
        let leaves = |step: &Step| {
            let goes = if let Action::DisconnectNetwork { network: left, .. } = &step.action {
                left == network
            } else {
                matches!(step.action, Action::RemoveContainer { .. })
            };
            goes && step.action.container().is_some_and(is_it)
        };
        (0..).map(StepId).zip(&self.steps).find(|(_, step)| leaves(step)).map(|(id, _)| id)
    }

    /// The step that removes a container that is there.
    pub(crate) fn goes(&self, container: &ContainerId) -> Option<StepId> {
        let goes = |step: &Step| {
            let is_it = matches!(step.action.container(), Some(ContainerRef::Existing(id)) if id == container);
            is_it && matches!(step.action, Action::RemoveContainer { .. })
        };
        (0..).map(StepId).zip(&self.steps).find(|(_, step)| goes(step)).map(|(id, _)| id)
    }

    /// The step that stops a container that is there.
    pub(crate) fn stops(&self, container: &ContainerId) -> Option<StepId> {
        let stops = |step: &Step| {
            let is_it = matches!(step.action.container(), Some(ContainerRef::Existing(id)) if id == container);
            is_it && matches!(step.action, Action::StopContainer { .. })
        };
        (0..).map(StepId).zip(&self.steps).find(|(_, step)| stops(step)).map(|(id, _)| id)
    }

    /// The number of the next step.
    pub(crate) fn next(&self) -> StepId {
        StepId(u32::try_from(self.steps.len()).expect("invariant: fewer than 2^32 steps"))
    }

    pub(crate) fn rescue(&mut self, rescue: Rescue) {
        self.rescues.push(rescue);
    }

    pub(crate) fn note(&mut self, address: &Address, reason: NoteReason) {
        self.notes.push(Note { address: address.clone(), reason });
    }

    pub(crate) fn block(&mut self, address: &Address, reason: BlockerReason) {
        let blocker = Blocker { address: address.clone(), reason };
        if !self.blockers.contains(&blocker) {
            self.blockers.push(blocker);
        }
    }

    pub(crate) fn progress(&mut self, address: &Address) -> &mut Progress {
        self.progress.entry(address.clone()).or_default()
    }

    pub(crate) fn seen(&self, address: &Address) -> Option<&Progress> {
        self.progress.get(address)
    }

    /// What was written, and what stands in its way.
    pub(crate) fn into_parts(self) -> (Plan, Vec<Blocker>) {
        (Plan { steps: self.steps, notes: self.notes, rescues: self.rescues }, self.blockers)
    }
}
