//! The containers that steps of this run created.
//!
//! Invariant: an id is written once, by the step that created the container, before that step ends.

use std::sync::OnceLock;
use windlass_model::name::ContainerId;
use windlass_model::plan::StepId;

/// Ids by step.
pub(crate) struct Created(Vec<OnceLock<ContainerId>>);

impl Created {
    pub(crate) fn new(steps: usize) -> Self {
        Self((0..steps).map(|_| OnceLock::new()).collect())
    }

    pub(crate) fn get(&self, step: StepId) -> Option<&ContainerId> {
        self.0.get(step.index())?.get()
    }

    pub(crate) fn set(&self, step: StepId, id: ContainerId) {
        self.0[step.index()].set(id).expect("invariant: a step creates one container, once");
    }
}
