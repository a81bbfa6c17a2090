//! Giving way: an orphan has what a container of this run needs to start.
//!
//! Invariant: an orphan stops only in a run that removes it, right before the container that needs
//! what it has; it serves again if that one does not become ready.

use crate::draft::{Draft, Why};
use crate::rule::commands;
use crate::rule::container::stop_if_up;
use crate::world::World;
use windlass_model::container::{ContainerConfig, ContainerSpec};
use windlass_model::name::ContainerId;
use windlass_model::note::BlockerReason;
use windlass_model::observed::ObservedContainer;
use windlass_model::plan::{Cause, ContainerRef, Group, Hazard, StepId};
use windlass_model::port::PublishedPort;
use windlass_model::request::Request;
use windlass_model::rescue::Rescue;

/// An orphan, and the step that stops it.
pub(crate) type Stopped<'a> = (&'a ObservedContainer, StepId);

/// Stops the orphans that a container can't start beside, after everything else that it needs.
/// Where they stay they are in its way.
pub(crate) fn stop<'a>(
    world: &World<'a>,
    request: &Request,
    spec: &ContainerSpec,
    after: &[StepId],
    draft: &mut Draft,
) -> Vec<Stopped<'a>> {
    let mut stopped = Vec::new();
    for (address, orphan) in world.orphans(&spec.address.engine) {
        if !orphan.state.is_up() {
            continue;
        }
        let Some(what) = common(&spec.config, &orphan.config) else { continue };
        if !request.options.remove_orphans {
            let reason = BlockerReason::OrphanHolds { what, holder: orphan.name.clone() };
            draft.block(&spec.address, reason);
            continue;
        }
        draft.progress(&spec.address).replaces_running = true;
        let why = Why::new(Cause::Orphan, Group::Remove).with_hazard(Hazard::Downtime);
        let (state, timeout_s) = (orphan.state, request.options.timeout_s);
        let after = after.iter().copied();
        let step = draft
            .stops(&orphan.id)
            .or_else(|| stop_if_up(address, state, &orphan.id, timeout_s, &why, after, draft));
        stopped.extend(step.map(|step| (*orphan, step)));
    }
    stopped
}

/// What only one of two containers can have at a time, in words: a port of the host, an address.
fn common(wanted: &ContainerConfig, held: &ContainerConfig) -> Option<String> {
    let taken =
        |port: &&PublishedPort| held.published.iter().any(|other| other.conflicts_with(port));
    if let Some(port) = wanted.published.iter().find(taken) {
        return Some(format!("port {port} of the host"));
    }
    wanted.endpoints.iter().find_map(|(network, wanted)| {
        let held = held.endpoints.get(network)?;
        let both = [(&wanted.ipv4, &held.ipv4), (&wanted.ipv6, &held.ipv6)];
        let same = both.into_iter().find(|(wanted, held)| wanted.is_some() && wanted == held);
        let ip = same?.0.as_deref()?;
        Some(format!("address {ip} on {network}"))
    })
}

/// The ways back to what gave way to a container, which the steps `of` (first and last) start.
pub(crate) fn ways_back(
    world: &World<'_>,
    spec: &ContainerSpec,
    successor: &ContainerRef,
    stopped: &[Stopped<'_>],
    of: (StepId, StepId),
    draft: &mut Draft,
) {
    let found = world.containers_at(&spec.address).iter();
    let was_started =
        |id: &ContainerId| found.clone().any(|one| one.id == *id && one.was_started());
    for (orphan, step) in stopped.iter().filter(|_| spec.update.rollback) {
        draft.rescue(Rescue {
            address: spec.address.clone(),
            of: std::iter::once(*step).chain((of.0.0..=of.1.0).map(StepId)).collect(),
            begun: false,
            successor: successor.clone(),
            successor_stays: matches!(successor, ContainerRef::Existing(id) if was_started(id)),
            predecessor: orphan.id.clone(),
            name: orphan.name.clone(),
            commands: commands::of_every_start(orphan),
        });
    }
}
