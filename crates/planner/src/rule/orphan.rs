//! Orphans: what the project made and does not declare any more.
//!
//! Invariant: without `--remove-orphans` an orphan is only named; with it, one goes only when every
//! container of the run is ready.

use crate::draft::{Draft, Why};
use crate::rule::container::{remove_container, stop_if_up};
use crate::rule::down::Gone;
use crate::rule::one_off;
use crate::world::World;
use windlass_model::name::EngineName;
use windlass_model::note::NoteReason;
use windlass_model::observed::ObservedContainer;
use windlass_model::plan::{Action, Cause, Group, StepId};
use windlass_model::request::{Request, Verb};
use windlass_model::volume;
use windlass_model::{Address, Kind};

/// Names or removes orphans on every engine; the containers that go.
pub(crate) fn orphans(world: &World<'_>, request: &Request, draft: &mut Draft) -> Gone {
    let mut gone = one_off::leftovers(world, draft);
    let ready = all_ready(draft);
    for engine in world.engine_names() {
        let mut removed = Gone::new();
        for (address, container) in world.orphans(engine) {
            let errand = is_errand(container);
            if waits_for_its_volume(world, request, engine, container, draft) {
                continue;
            }
            if !request.options.remove_orphans && !errand {
                let name = container.name.clone();
                draft.note(address, NoteReason::Orphan { name });
                continue;
            }
            let why = Why::new(if errand { Cause::Leftover } else { Cause::Orphan }, Group::Remove);
            let mut after = if errand { Vec::new() } else { ready.clone() };
            let (state, id, timeout_s) =
                (container.state, &container.id, request.options.timeout_s);
            if let Some(gave_way) = draft.stops(id) {
                after.push(gave_way);
            } else if let Some(stopped) =
                stop_if_up(address, state, id, timeout_s, &why, after.clone(), draft)
            {
                after = vec![stopped];
            }
            let step = remove_container(address, id, true, &why, after, draft);
            removed.insert(container.id.clone(), step);
        }
        for (address, kept) in one_off::kept(world, engine) {
            if !request.options.remove_orphans {
                draft.note(&address, NoteReason::Orphan { name: kept.name.clone() });
                continue;
            }
            let why = Why::new(Cause::Orphan, Group::Remove);
            let stopped = stop_if_up(&address, kept.state, &kept.id, None, &why, [], draft);
            let step = remove_container(&address, &kept.id, true, &why, stopped, draft);
            removed.insert(kept.id.clone(), step);
        }
        networks(world, request, engine, draft);
        gone.extend(removed);
    }
    gone
}

/// Whether an orphan is of a volume that will get its owner by it.
pub(crate) fn waits_for_its_volume(
    world: &World<'_>,
    request: &Request,
    engine: &EngineName,
    container: &ObservedContainer,
    draft: &Draft,
) -> bool {
    is_errand(container) && is_needed(world, request, engine, container, draft)
}

/// Whether a container was left over by a run that was cut short while it gave a volume its owner.
/// Nobody declared it, and nobody needs to be asked.
fn is_errand(container: &ObservedContainer) -> bool {
    let has_address = container.owner.as_ref().is_none_or(|owner| owner.address.is_some());
    !has_address && !container.was_started() && volume::is_errand(&container.name)
}

/// Whether such a container is of a volume that gets its owner now, and goes with that, or that can
/// get it later, because it is not what was asked about.
fn is_needed(
    world: &World<'_>,
    request: &Request,
    engine: &EngineName,
    container: &ObservedContainer,
    draft: &Draft,
) -> bool {
    let mut volumes = world.project.volumes.values().filter(|spec| spec.owner.is_some());
    volumes.any(|spec| {
        let address = Address::volume(engine, &spec.key);
        let planned = draft.seen(&address).is_some_and(|progress| progress.present.is_some());
        let is_its = [volume::mark(&spec.name), volume::carrier(&spec.name)];
        let later = request.verb != Verb::Down && world.volume(engine, &spec.name).is_some();
        (planned || later) && is_its.contains(&container.name)
    })
}

/// The steps after which the containers of this run are ready: only then is anything of the project
/// given up that is not declared any more.
fn all_ready(draft: &Draft) -> Vec<StepId> {
    let containers = draft.progress.iter().filter(|(address, _)| address.kind == Kind::Container);
    containers.filter_map(|(_, progress)| progress.last()).collect()
}

fn networks(world: &World<'_>, request: &Request, engine: &EngineName, draft: &mut Draft) {
    let Some(state) = world.state(engine) else { return };
    let declared: std::collections::BTreeSet<&str> =
        world.project.networks.values().map(|spec| spec.name.as_str()).collect();
    for network in state.networks.values().filter(|n| world.is_ours(n.owner.as_ref())) {
        if declared.contains(network.name.as_str()) {
            continue;
        }
        let address = network
            .owner
            .as_ref()
            .and_then(|owner| owner.address.clone())
            .unwrap_or_else(|| Address::network(engine, network.name.clone()));
        let name = network.name.clone();
        let on_it = state.containers.values().filter(|c| c.networks.contains(&name));
        let left: Option<Vec<StepId>> = on_it.map(|c| draft.leaves(&c.id, &name)).collect();
        match left.filter(|_| request.options.remove_orphans) {
            Some(left) => {
                let action = Action::RemoveNetwork { id: network.id.clone(), name };
                let why = Why::new(Cause::Orphan, Group::Remove);
                draft.step(&address, action, why, left);
            }
            // Somebody stays on it, or nobody wants it gone.
            None => draft.note(&address, NoteReason::Orphan { name }),
        }
    }
}
