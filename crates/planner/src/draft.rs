//! Draft: a plan that is being written.
//!
//! Invariant: a step is added after the steps that it needs, so that the list is a topological
//! order from the first line on.

use crate::rule::image::Resolved;
use std::collections::{BTreeMap, BTreeSet};
use windlass_model::Address;
use windlass_model::name::EngineName;
use windlass_model::note::{Blocker, BlockerReason, Note, NoteReason};
use windlass_model::plan::{Action, Cause, ContainerRef, Group, Hazard, Plan, Step, StepId};

/// A plan in the making.
#[derive(Default)]
pub(crate) struct Draft {
    steps: Vec<Step>,
    notes: Vec<Note>,
    blockers: Vec<Blocker>,
    /// What the steps so far have come to, by address.
    pub(crate) progress: BTreeMap<Address, Progress>,
    /// What the images come to, by address.
    pub(crate) images: BTreeMap<Address, Resolved>,
    /// Containers that the user wants recreated whatever they are like.
    pub(crate) forced: BTreeSet<Address>,
    /// Steps that make networks, by engine and name.
    pub(crate) network_steps: BTreeMap<(EngineName, String), StepId>,
}

/// What the steps so far do for one object.
#[derive(Clone, Debug, Default)]
pub(crate) struct Progress {
    /// The step after which it is there.
    pub(crate) present: Option<StepId>,
    /// The step after which it is started and usable by dependents that only want that.
    pub(crate) started: Option<StepId>,
    pub(crate) healthy: Option<StepId>,
    pub(crate) completed: Option<StepId>,
    /// The steps after which it is gone.
    pub(crate) gone: Vec<StepId>,
    /// The container that serves at the end.
    pub(crate) container: Option<ContainerRef>,
    /// A new container takes the place of an old one.
    pub(crate) recreated: bool,
    /// The container's processes are started anew.
    pub(crate) restarted: bool,
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
        let id = StepId(u32::try_from(self.steps.len()).expect("invariant: fewer than 2^32 steps"));
        let after: BTreeSet<StepId> = after.into_iter().collect();
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

    pub(crate) fn note(&mut self, address: &Address, reason: NoteReason) {
        self.notes.push(Note { address: address.clone(), reason });
    }

    pub(crate) fn block(&mut self, address: &Address, reason: BlockerReason) {
        self.blockers.push(Blocker { address: address.clone(), reason });
    }

    pub(crate) fn progress(&mut self, address: &Address) -> &mut Progress {
        self.progress.entry(address.clone()).or_default()
    }

    pub(crate) fn seen(&self, address: &Address) -> Option<&Progress> {
        self.progress.get(address)
    }

    pub(crate) fn finish(self) -> Result<Plan, Vec<Blocker>> {
        if self.blockers.is_empty() {
            Ok(Plan { steps: self.steps, notes: self.notes })
        } else {
            Err(self.blockers)
        }
    }
}
