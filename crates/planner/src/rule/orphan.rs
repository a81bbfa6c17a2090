//! Orphans: what the project made and does not declare any more.
//!
//! Invariant: without `--remove-orphans` an orphan is only named.

use crate::draft::{Draft, Why};
use crate::rule::container::{remove_container, stop_if_up};
use crate::rule::down::Gone;
use crate::world::World;
use windlass_model::Address;
use windlass_model::name::EngineName;
use windlass_model::note::NoteReason;
use windlass_model::observed::ObservedContainer;
use windlass_model::plan::{Action, Cause, Group, StepId};
use windlass_model::request::{Request, Verb};
use windlass_model::volume;

/// Names or removes orphans on every engine; the containers that go.
pub(crate) fn orphans(world: &World<'_>, request: &Request, draft: &mut Draft) -> Gone {
    let mut gone = Gone::new();
    for engine in world.engine_names() {
        let mut removed = Gone::new();
        for (address, container) in orphan_containers(world, engine) {
            let errand = is_errand(container);
            if errand && is_needed(world, request, engine, container, draft) {
                continue;
            }
            if !request.options.remove_orphans && !errand {
                let name = container.name.clone();
                draft.note(&address, NoteReason::Orphan { name });
                continue;
            }
            let cause = if errand { Cause::Leftover } else { Cause::Orphan };
            let why = Why::new(cause, Group::Remove);
            let timeout_s = request.options.timeout_s;
            let (state, id) = (container.state, &container.id);
            let stopped = stop_if_up(&address, state, id, timeout_s, &why, [], draft);
            let step = remove_container(&address, id, true, &why, stopped, draft);
            removed.insert(container.id.clone(), step);
        }
        networks(world, request, engine, draft);
        gone.extend(removed);
    }
    gone
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

/// Containers of ours whose address is not declared, or is none, unless a declared container of
/// their name makes them give way.
fn orphan_containers<'a>(
    world: &World<'a>,
    engine: &'a EngineName,
) -> Vec<(Address, &'a ObservedContainer)> {
    let names: std::collections::BTreeSet<&str> =
        world.project.containers.values().map(|spec| spec.name.as_str()).collect();
    let addresses = world.observed_addresses(engine).into_iter();
    let undeclared = addresses.filter(|a| !world.project.containers.contains_key(*a));
    let with_address = undeclared.flat_map(|address| {
        world.containers_at(address).iter().map(move |container| (address.clone(), *container))
    });
    let unaddressed = world
        .unaddressed(engine)
        .iter()
        .map(|container| (Address::container(engine, container.name.clone()), *container));
    let all = with_address.chain(unaddressed);
    all.filter(|(_, container)| !names.contains(container.name.as_str())).collect()
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
