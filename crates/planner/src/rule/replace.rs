//! Replacement: a successor takes the place of a container.
//!
//! Invariant: the old container is removed only after its successor is ready; where it was renamed
//! and the run ended there, the next run finds both by their label and goes on.

use crate::draft::{Draft, Why};
use crate::expected::is_anonymous;
use crate::rule::container::{Case, create_step, remove_container, stop_if_up};
use crate::rule::readiness::{self, Fresh};
use crate::world::{World, owner_text};
use std::collections::BTreeMap;
use windlass_model::container::{ContainerConfig, ContainerSpec};
use windlass_model::label::Owner;
use windlass_model::mount::MountSource;
use windlass_model::note::BlockerReason;
use windlass_model::observed::ObservedContainer;
use windlass_model::plan::{Action, Cause, ContainerRef, Group, Hazard, StepId};
use windlass_model::request::Request;
use windlass_model::update::UpdateOrder;

/// The name of a container while its successor has its place.
pub(crate) fn previous_name(name: &str) -> String {
    format!("{name}_previous")
}

/// Replaces `old` by a container made anew.
pub(crate) fn replace(
    world: &World<'_>,
    request: &Request,
    case: &Case<'_>,
    old: &ObservedContainer,
    reason: &Cause,
    draft: &mut Draft,
) {
    let spec = case.spec;
    let address = &spec.address;
    let why = Why::new(reason.clone(), Group::Recreate);
    let timeout_s = request.options.timeout_s;
    let start_first = spec.update.order == UpdateOrder::StartFirst;
    if let Some(why) = forbids_start_first(case).filter(|_| start_first) {
        return draft.block(address, BlockerReason::StartFirstImpossible { why });
    }
    draft.progress(address).recreated = true;
    let mut needs = case.needs.clone();
    needs.extend(draft.progress(address).gone.clone());
    let keeps_old = case.leftovers.is_empty();
    if keeps_old && old.name == spec.name {
        let spare = previous_name(&spec.name);
        if let Some(other) = world.container_named(&address.engine, &spare) {
            let owner = owner_text(other.owner.as_ref(), Some(&other.labels));
            return draft.block(address, BlockerReason::Foreign { name: spare, owner });
        }
        let action = Action::RenameContainer {
            container: ContainerRef::Existing(old.id.clone()),
            name: spare,
        };
        needs = vec![draft.step(address, action, why.clone(), needs)];
    } else if !keeps_old {
        // A replacement before this one did not end: its successor goes, what served before stays.
        let stopped =
            stop_if_up(address, old.state, &old.id, timeout_s, &why, needs.clone(), draft);
        let after: Vec<StepId> = stopped.map_or(needs, |stopped| vec![stopped]);
        needs = vec![remove_container(address, &old.id, false, &why, after, draft)];
    }
    let created = create_step(world, spec, &inherited(spec, old), why.clone(), needs, draft);
    let predecessors: Vec<&ObservedContainer> =
        if keeps_old { vec![old] } else { case.leftovers.clone() };
    let mut stops = Vec::new();
    if !start_first {
        for predecessor in &predecessors {
            let (state, id) = (predecessor.state, &predecessor.id);
            let why = why.clone().with_hazard(Hazard::Downtime);
            stops.extend(stop_if_up(address, state, id, timeout_s, &why, [created], draft));
        }
    }
    let needs = stops.into_iter().chain([created]).collect();
    let next = Case { spec, leftovers: Vec::new(), needs };
    let reference = ContainerRef::Planned(created);
    let ready = readiness::start(world, request, &next, &reference, why.clone(), Fresh::Yes, draft);
    for predecessor in predecessors {
        let mut after = vec![ready];
        if start_first {
            let (state, id) = (predecessor.state, &predecessor.id);
            after.extend(stop_if_up(address, state, id, timeout_s, &why, [ready], draft));
        }
        remove_container(address, &predecessor.id, false, &why, after, draft);
    }
}

/// Anonymous volumes follow their container: the successor mounts them by name. One that the file
/// declared and does not declare any more is left behind; one that the image declares goes on.
fn inherited(spec: &ContainerSpec, old: &ObservedContainer) -> BTreeMap<String, String> {
    let mut inherited = old.anonymous_volumes.clone();
    for (target, mount) in &old.config.mounts {
        if let MountSource::Volume(name) = &mount.source
            && is_anonymous(mount)
        {
            inherited.insert(target.clone(), name.clone());
        }
    }
    let asked: Option<ContainerConfig> = old.owner.as_ref().and_then(Owner::spec);
    let was_declared = |target: &str| asked.as_ref().is_some_and(|a| a.mounts.contains_key(target));
    inherited.retain(|target, _| match spec.config.mounts.get(target) {
        Some(mount) => mount.source == MountSource::Anonymous,
        None => !was_declared(target),
    });
    inherited
}

/// Why two of a container can't run at the same time.
fn forbids_start_first(case: &Case<'_>) -> Option<String> {
    let config = &case.spec.config;
    if let Some(port) = config.published.iter().find(|port| port.published.is_some()) {
        return Some(format!("it publishes the fixed port {port}"));
    }
    let fixed = config.endpoints.iter().find(|(_, e)| e.ipv4.is_some() || e.ipv6.is_some());
    if let Some((network, _)) = fixed {
        return Some(format!("it has a fixed address on {network}"));
    }
    let writable = config.mounts.iter().find(|(_, m)| m.volume_name().is_some() && !m.read_only);
    writable.map(|(target, _)| format!("it writes to the volume at {target}"))
}

/// Stops what a replacement left running, before the one in its place starts.
pub(crate) fn stop_leftovers(case: &Case<'_>, why: &Why, draft: &mut Draft) -> Vec<StepId> {
    let address = &case.spec.address;
    case.leftovers
        .iter()
        .filter_map(|left| stop_if_up(address, left.state, &left.id, None, why, [], draft))
        .collect()
}

/// Removes what replacements left, once the one in its place is ready.
pub(crate) fn clear_leftovers(case: &Case<'_>, started: Option<StepId>, draft: &mut Draft) {
    let address = &case.spec.address;
    let why = Why::new(Cause::Leftover, Group::Remove);
    let ready = draft.seen(address).and_then(|progress| progress.healthy).or(started);
    for left in &case.leftovers {
        remove_container(address, &left.id, false, &why, ready, draft);
    }
}
