//! Replacement: a successor takes the place of a container.
//!
//! Invariant: the old container is removed only after its successor is ready; where it was renamed
//! and the run ended there, the next run finds both by their label and goes on.

use crate::draft::{Draft, Why};
use crate::expected::is_anonymous;
use crate::rule::commands::{self, Due};
use crate::rule::container::{Case, remove_container, stop_if_up};
use crate::rule::create::{Made, create_step};
use crate::rule::readiness;
use crate::rule::secrets;
use crate::world::{World, owner_text};
use std::collections::BTreeMap;
use windlass_model::container::{ContainerConfig, ContainerSpec};
use windlass_model::label::{Owner, Previous};
use windlass_model::mount::MountSource;
use windlass_model::note::BlockerReason;
use windlass_model::observed::ObservedContainer;
use windlass_model::passing_name::PassingName;
use windlass_model::plan::{Action, Cause, ContainerRef, Group, Hazard, StepId};
use windlass_model::request::Request;
use windlass_model::rescue::Rescue;
use windlass_model::secret::SECRETS_DIR;
use windlass_model::update::UpdateOrder;

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
    let keeps_old = case.leftovers.is_empty();
    let predecessors: Vec<&ObservedContainer> =
        if keeps_old { vec![old] } else { case.leftovers.clone() };
    let progress = draft.progress(address);
    progress.recreated = true;
    progress.replaces_running = predecessors.iter().any(|one| serves(world, spec, one));
    let mut needs = case.needs.clone();
    needs.extend(progress.gone.clone());
    let Some(Room { needs, renamed }) = make_room(world, request, case, old, &why, needs, draft)
    else {
        return;
    };
    let youngest = predecessors.iter().max_by_key(|one| (&one.started_at, &one.id));
    let previous = youngest.and_then(|predecessor| Previous::of(predecessor));
    let begin = renamed.unwrap_or_else(|| draft.next());
    let name = commands::first_name(world, spec, draft);
    let taken_over = inherited(spec, old);
    let made = Made { name, inherited: taken_over.clone(), previous };
    let created = create_step(world, spec, made, &why, needs, draft);
    let present = draft.progress(address).present.unwrap_or(created);
    let mut stops = Vec::new();
    if !start_first {
        for predecessor in &predecessors {
            let (state, id) = (predecessor.state, &predecessor.id);
            let why = why.clone().with_hazard(Hazard::Downtime);
            stops.extend(stop_if_up(address, state, id, timeout_s, &why, [present], draft));
        }
    }
    let needs = stops.into_iter().chain([created]).collect();
    let next = Case { spec, leftovers: Vec::new(), needs };
    let successor = ContainerRef::Planned(created);
    let ready = readiness::start(world, request, &next, &successor, why.clone(), Due::First, draft);
    way_back(world, spec, &predecessors, successor, (begin, ready), renamed.is_none(), draft);
    for predecessor in predecessors {
        let mut after = vec![ready];
        if start_first {
            let (state, id) = (predecessor.state, &predecessor.id);
            after.extend(stop_if_up(address, state, id, timeout_s, &why, [ready], draft));
        }
        // The engine keeps a volume that the successor has taken over.
        let goes = |(target, name)| target == SECRETS_DIR || taken_over.get(target) == Some(name);
        let is_secret = predecessor.anonymous_volumes.contains_key(SECRETS_DIR);
        let all_go = is_secret && predecessor.anonymous_volumes.iter().all(goes);
        remove_container(address, &predecessor.id, all_go, &why, after, draft);
    }
}

/// The name is free after `needs`; `renamed` is the step by which it became so, if one had to.
struct Room {
    needs: Vec<StepId>,
    renamed: Option<StepId>,
}

/// Makes the name free for the successor. `None` if something else is in the way.
fn make_room(
    world: &World<'_>,
    request: &Request,
    case: &Case<'_>,
    old: &ObservedContainer,
    why: &Why,
    needs: Vec<StepId>,
    draft: &mut Draft,
) -> Option<Room> {
    let spec = case.spec;
    let address = &spec.address;
    if !case.leftovers.is_empty() {
        // A replacement before this one did not end: its successor goes, what served before stays.
        let timeout_s = request.options.timeout_s;
        let stopped = stop_if_up(address, old.state, &old.id, timeout_s, why, needs.clone(), draft);
        let after: Vec<StepId> = stopped.map_or(needs, |stopped| vec![stopped]);
        let removed =
            remove_container(address, &old.id, secrets::has_only_secrets(old), why, after, draft);
        return Some(Room { needs: vec![removed], renamed: None });
    }
    if old.name != spec.name && !commands::has_place(spec, old) {
        return Some(Room { needs, renamed: None });
    }
    let spare = PassingName::Previous.of(&spec.name);
    if let Some(other) = world.container_named(&address.engine, &spare) {
        let owner = owner_text(other.owner.as_ref(), Some(&other.labels));
        draft.block(address, BlockerReason::Foreign { name: spare, owner, adoptable: false });
        return None;
    }
    let container = ContainerRef::Existing(old.id.clone());
    let action = Action::RenameContainer { container, name: spare.into() };
    let renamed = draft.step(address, action, why.clone(), needs);
    Some(Room { needs: vec![renamed], renamed: Some(renamed) })
}

/// Whether a predecessor serves, or did until a replacement that was cut short stopped it. What is
/// waited for to complete serves nobody.
pub(crate) fn serves(
    world: &World<'_>,
    spec: &ContainerSpec,
    predecessor: &ObservedContainer,
) -> bool {
    let was_stopped =
        predecessor.name == PassingName::Previous.of(&spec.name) && predecessor.was_started();
    (predecessor.state.is_up() || was_stopped) && !readiness::shall_complete(world, &spec.address)
}

/// The way back from a replacement of the steps `of` (first and last): to the predecessor that
/// served, the youngest if several did.
fn way_back(
    world: &World<'_>,
    spec: &ContainerSpec,
    predecessors: &[&ObservedContainer],
    successor: ContainerRef,
    of: (StepId, StepId),
    begun: bool,
    draft: &mut Draft,
) {
    let serving = predecessors.iter().filter(|predecessor| serves(world, spec, predecessor));
    let best = serving.max_by_key(|one| (one.state.is_up(), &one.started_at, &one.id));
    let Some(predecessor) = best.filter(|_| spec.update.rollback) else { return };
    draft.rescue(Rescue {
        address: spec.address.clone(),
        of: (of.0.0..=of.1.0).map(StepId).collect(),
        begun,
        successor,
        successor_stays: false,
        predecessor: predecessor.id.clone(),
        name: spec.name.to_string(),
        commands: commands::of_every_start(predecessor),
    });
}

/// Goes on with a replacement that an earlier run began: its successor is in its place. The steps
/// from `begin` on make it run; what it replaces goes once it is ready, or serves again.
pub(crate) fn finish(
    world: &World<'_>,
    request: &Request,
    case: &Case<'_>,
    successor: &ObservedContainer,
    begin: StepId,
    draft: &mut Draft,
) {
    let spec = case.spec;
    let reference = ContainerRef::Existing(successor.id.clone());
    let ready = readiness::proof(world, request, spec, successor, &reference, draft);
    if let Some(last) = ready.filter(|last| *last >= begin) {
        way_back(world, spec, &case.leftovers, reference, (begin, last), true, draft);
    }
    let why = Why::new(Cause::Leftover, Group::Remove);
    for left in &case.leftovers {
        remove_container(
            &spec.address,
            &left.id,
            secrets::has_only_secrets(left),
            &why,
            ready,
            draft,
        );
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
    // Secrets are put into a new one: what they were is not kept, and a predecessor goes on with its own.
    inherited.remove(SECRETS_DIR);
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
