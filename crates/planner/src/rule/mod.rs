//! The rules: from declared and observed state to steps.
//!
//! Invariant: what a rule decides, it writes into the draft; a rule reads only the world, the
//! request and the draft.

pub(crate) mod brought;
pub(crate) mod clean;
pub(crate) mod commands;
pub(crate) mod container;
pub(crate) mod create;
pub(crate) mod differences;
pub(crate) mod down;
pub(crate) mod each;
pub(crate) mod give_way;
pub(crate) mod healthcheck;
pub(crate) mod image;
pub(crate) mod in_place;
pub(crate) mod network;
pub(crate) mod one_off;
pub(crate) mod orphan;
pub(crate) mod pull;
pub(crate) mod push;
pub(crate) mod readiness;
pub(crate) mod replace;
pub(crate) mod rollback;
pub(crate) mod secrets;
pub(crate) mod tag;
pub(crate) mod unmet;
pub(crate) mod volume;

use crate::draft::Draft;
use crate::select::Selection;
use crate::world::World;
use container::Goal;
use windlass_model::request::Request;

/// Brings the selected containers, and what they need, to a goal.
pub(crate) fn reach(
    world: &World<'_>,
    request: &Request,
    selection: &Selection<'_>,
    goal: Goal,
    draft: &mut Draft,
) {
    let forced = request.options.recreate.iter();
    draft.forced = forced.flat_map(|reference| world.project.named(reference)).cloned().collect();
    for address in world.networks_used(&selection.containers) {
        network::ensure(world, request, &address, &selection.containers, draft);
    }
    for address in world.volumes_used(&selection.containers) {
        volume::ensure(world, request, &address, draft);
    }
    for address in &world.order {
        if let Some(spec) = world.spec(address).filter(|_| selection.containers.contains(address)) {
            container::reach(world, request, spec, goal, draft);
        }
    }
    let mut gone = orphan::orphans(world, request, draft);
    brought::claim(world, selection, &mut gone, draft);
    volume::orphans(world, request, draft);
}
