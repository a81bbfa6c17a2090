//! What a container waits for in vain: better said now than in the middle of a run.
//!
//! Invariant: only what can be known to fail is said.

use crate::draft::Draft;
use crate::rule::container::Goal;
use crate::rule::healthcheck;
use crate::world::World;
use windlass_model::container::ContainerSpec;
use windlass_model::dependency::{Condition, Dependency};
use windlass_model::note::BlockerReason;

/// A container of somebody else, whose network or name space this one uses, must be there.
pub(crate) fn check_bound(world: &World<'_>, spec: &ContainerSpec, draft: &mut Draft) {
    let engine = &spec.address.engine;
    let Some(state) = world.state(engine) else { return };
    for name in spec.config.bound_containers() {
        let ours = world.project.containers.values();
        let is_ours = ours.filter(|other| other.address.engine == *engine).any(|o| o.name == name);
        let is_there = || {
            state
                .containers
                .values()
                .any(|other| other.name == name || other.id.as_str().starts_with(name))
        };
        if !is_ours && !is_there() {
            let name = name.to_owned();
            draft.block(&spec.address, BlockerReason::ContainerMissing { name });
        }
    }
}

/// What has no health check never becomes healthy: better said now than after a wait.
pub(crate) fn check_health(
    world: &World<'_>,
    spec: &ContainerSpec,
    dependency: &Dependency,
    goal: Goal,
    draft: &mut Draft,
) {
    let Some(other) = world.spec(&dependency.on) else { return };
    let waits = dependency.condition == Condition::Healthy && goal != Goal::Created;
    if waits && healthcheck::of(world, other) == Some(false) {
        let on = dependency.on.clone();
        draft.block(&spec.address, BlockerReason::NoHealthcheck { on });
    }
}
