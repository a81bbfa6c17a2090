//! Taking down: dependents first, then networks, volumes and images that nobody needs.
//!
//! Invariant: a volume goes only by its own consent, and nothing goes that something stays on.

use crate::draft::{Draft, Why};
use crate::graph;
use crate::rule::clean::is_own_image;
use crate::rule::container::{remove_container, stop_if_up};
use crate::rule::{brought, orphan, volume};
use crate::select::Selection;
use crate::world::World;
use std::collections::{BTreeMap, BTreeSet};
use windlass_model::Address;
use windlass_model::label::Owner;
use windlass_model::name::{ContainerId, EngineName};
use windlass_model::note::NoteReason;
use windlass_model::observed::ObservedVolume;
use windlass_model::plan::{Action, Cause, Group, StepId};
use windlass_model::request::Request;

/// Containers that go, with the step after which each is gone.
pub(crate) type Gone = BTreeMap<ContainerId, StepId>;

/// `down`.
pub(crate) fn down(
    world: &World<'_>,
    request: &Request,
    selection: &Selection<'_>,
    draft: &mut Draft,
) {
    let mut gone = Gone::new();
    for address in world.order.iter().rev().filter(|a| selection.containers.contains(*a)) {
        let persistent = world.spec(address).is_some_and(|spec| spec.persistent);
        if persistent && request.options.keep_persistent {
            draft.note(address, NoteReason::Persistent);
            continue;
        }
        take_down(world, request, address, &mut gone, draft);
    }
    if selection.everything {
        finish_volumes(world, request, selection, draft);
        gone.extend(orphan::orphans(world, request, draft));
    }
    let engines: Vec<&EngineName> = world.engine_names().collect();
    for engine in engines {
        networks(world, selection, engine, &gone, draft);
        volumes(world, request, selection, engine, draft);
        if request.options.images {
            images(world, engine, &gone, draft);
        }
    }
    brought::forget(world, &gone, selection.everything, draft);
}

/// Stops and removes every container at an address, after its dependents.
fn take_down(
    world: &World<'_>,
    request: &Request,
    address: &Address,
    gone: &mut Gone,
    draft: &mut Draft,
) {
    let why = Why::new(Cause::Requested, Group::Remove);
    let dependents = world.dependents.get(address).into_iter().flatten();
    let after: Vec<StepId> = dependents
        .filter_map(|dependent| draft.seen(dependent))
        .flat_map(|progress| progress.gone.clone())
        .collect();
    for container in world.containers_at(address) {
        let (state, id) = (container.state, &container.id);
        let timeout_s = request.options.timeout_s;
        // Without a grace there is nothing to stop first: one call kills and removes.
        let state =
            if timeout_s == Some(0) { windlass_model::observed::State::Exited } else { state };
        let stopped = stop_if_up(address, state, id, timeout_s, &why, after.clone(), draft);
        let after = stopped.map_or_else(|| after.clone(), |step| vec![step]);
        let removed = remove_container(address, id, true, &why, after, draft);
        gone.insert(container.id.clone(), removed);
        draft.progress(address).gone.push(removed);
    }
}

/// Networks of the project, once nothing is on them.
fn networks(
    world: &World<'_>,
    selection: &Selection<'_>,
    engine: &EngineName,
    gone: &Gone,
    draft: &mut Draft,
) {
    let Some(state) = world.state(engine) else { return };
    let declared: BTreeMap<&str, &String> = world
        .project
        .networks
        .values()
        .filter(|spec| !spec.external)
        .map(|spec| (spec.name.as_str(), &spec.key))
        .collect();
    for network in state.networks.values().filter(|n| world.is_ours(n.owner.as_ref())) {
        let Some(key) = declared.get(network.name.as_str()) else { continue };
        let address = Address::network(engine, *key);
        let on_it = state.containers.values().filter(|c| c.networks.contains(&network.name));
        let (leaving, staying): (Vec<_>, Vec<_>) = on_it.partition(|c| gone.contains_key(&c.id));
        if staying.is_empty() && (selection.everything || !leaving.is_empty()) {
            let after = leaving.iter().map(|container| gone[&container.id]);
            let action =
                Action::RemoveNetwork { id: network.id.clone(), name: network.name.clone() };
            draft.step(&address, action, Why::new(Cause::Requested, Group::Remove), after);
        } else if selection.everything {
            let by = staying.iter().map(|container| container.name.clone()).collect();
            draft.note(&address, NoteReason::InUse { by });
        }
    }
}

/// What stays shall be as declared: the mark that a volume has not got its owner goes, too.
fn finish_volumes(
    world: &World<'_>,
    request: &Request,
    selection: &Selection<'_>,
    draft: &mut Draft,
) {
    for engine in world.engine_names() {
        for spec in world.project.volumes.values() {
            let there = world.volume(engine, &spec.name).filter(|_| !spec.external);
            let ours = there.filter(|volume| world.is_ours(volume.owner.as_ref()));
            let address = Address::volume(engine, &spec.key);
            if ours.is_some_and(|volume| !shall_go(request, selection, &address, volume)) {
                volume::finish(world, &address, spec, draft);
            }
        }
    }
}

/// Whether the user wants a volume gone.
fn shall_go(
    request: &Request,
    selection: &Selection<'_>,
    address: &Address,
    volume: &ObservedVolume,
) -> bool {
    let all = request.options.volumes && selection.everything;
    all || volume::is_named(request, address, volume)
}

/// Volumes, also those that are not declared any more, if the user wants them gone.
fn volumes(
    world: &World<'_>,
    request: &Request,
    selection: &Selection<'_>,
    engine: &EngineName,
    draft: &mut Draft,
) {
    let specs = world.project.volumes.values().filter(|spec| !spec.external);
    let declared = specs.filter_map(|spec| {
        let volume = world.volume(engine, &spec.name)?;
        let address = Address::volume(engine, &spec.key);
        world.is_ours(volume.owner.as_ref()).then_some((address, volume))
    });
    for (address, volume) in declared.chain(world.orphan_volumes(engine)) {
        if shall_go(request, selection, &address, volume) {
            volume::remove(world, &address, volume, Cause::Requested, draft);
        } else if selection.everything {
            draft.note(&address, NoteReason::VolumeKept);
        }
    }
}

/// Images that the project built, if the user wants them gone.
fn images(world: &World<'_>, engine: &EngineName, gone: &Gone, draft: &mut Draft) {
    let Some(state) = world.state(engine) else { return };
    let mut after: BTreeSet<StepId> = gone.values().copied().collect();
    if let Some(last) = superseded(world, engine, gone, &after, draft) {
        after = [last].into();
    }
    // Those that are made of others first: podman leaves layers of an image that goes while another
    // one, made of it, does.
    let mut removed: BTreeMap<&str, StepId> = BTreeMap::new();
    for (spec, children) in graph::images_last_first(world.project) {
        let Some(image) = world.image(engine, &spec.reference) else { continue };
        if !world.is_ours(image.owner.as_ref()) {
            continue;
        }
        let address = Address::image(engine, &spec.key);
        let users = state.containers.values();
        let staying: Vec<String> = users
            .filter(|c| c.image_id == image.id && !gone.contains_key(&c.id))
            .map(|c| c.name.clone())
            .collect();
        if staying.is_empty() {
            let tags = spec.tags.iter().filter(|tag| image.references.contains(*tag));
            let children = children.iter().filter_map(|child| removed.get(child));
            let mut before: Vec<StepId> = after.iter().chain(children).copied().collect();
            // One after the other: engines mix up two removals of one image.
            for reference in tags.chain([&spec.reference]) {
                let action =
                    Action::RemoveImage { id: image.id.clone(), reference: reference.clone() };
                let why = Why::new(Cause::Requested, Group::Remove);
                let step = draft.step(&address, action, why, before);
                removed.insert(&spec.key, step);
                before = vec![step];
            }
        } else {
            draft.note(&address, NoteReason::InUse { by: staying });
        }
    }
}

/// Images that the project built once, and that have no name any more: others have taken it. One that
/// a container which stays goes back to is kept.
fn superseded(
    world: &World<'_>,
    engine: &EngineName,
    gone: &Gone,
    after: &BTreeSet<StepId>,
    draft: &mut Draft,
) -> Option<StepId> {
    let state = world.state(engine)?;
    let staying = state.containers.values().filter(|container| !gone.contains_key(&container.id));
    let mut needed = BTreeSet::new();
    for container in staying {
        needed.insert(container.image_id.clone());
        let previous = container.owner.as_ref().and_then(Owner::previous);
        needed.extend(previous.map(|previous| previous.image));
    }
    let mut last = None;
    let images = state.images.values().filter(|image| is_own_image(world, state, image));
    for image in images.filter(|image| image.references.is_empty() && !needed.contains(&image.id)) {
        let owner = image.owner.as_ref().and_then(|owner| owner.address.clone());
        let address = owner.unwrap_or_else(|| Address::image(engine, image.id.short()));
        let action =
            Action::RemoveImage { id: image.id.clone(), reference: image.id.as_str().to_owned() };
        let before: Vec<StepId> =
            last.map_or_else(|| after.iter().copied().collect(), |step| vec![step]);
        last = Some(draft.step(&address, action, Why::new(Cause::Leftover, Group::Remove), before));
    }
    last
}

/// `rm`: containers that do not run; with `--force` all.
pub(crate) fn remove(
    world: &World<'_>,
    request: &Request,
    selection: &Selection<'_>,
    draft: &mut Draft,
) {
    let mut gone = Gone::new();
    for address in world.order.iter().rev().filter(|a| selection.containers.contains(*a)) {
        let up = world.containers_at(address).iter().find(|container| container.state.is_up());
        match up.filter(|_| !request.options.force) {
            Some(container) => {
                draft.note(address, NoteReason::Already { state: container.state.as_str() });
            }
            None => take_down(world, request, address, &mut gone, draft),
        }
    }
    brought::forget(world, &gone, false, draft);
}
