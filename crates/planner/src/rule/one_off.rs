//! One-off containers: made beside a declared one, when what that depends on is ready.
//!
//! Invariant: the declared container itself is not touched, and not needed.

use crate::draft::{Draft, Why};
use crate::rule::container::{self, Goal, remove_container, stop_if_up};
use crate::rule::create::{self, create_with};
use crate::rule::down::Gone;
use crate::rule::{brought, image, network, readiness, secrets, volume};
use crate::select::Selection;
use crate::world::World;
use windlass_model::Address;
use windlass_model::container::ContainerSpec;
use windlass_model::name::{ContainerId, EngineName};
use windlass_model::observed::ContainerSummary;
use windlass_model::one_off::{self, OneOff};
use windlass_model::plan::{Cause, ContainerRef, Group, StepId};
use windlass_model::request::Request;

/// `run`.
pub(crate) fn run(
    world: &World<'_>,
    request: &Request,
    selection: &Selection<'_>,
    draft: &mut Draft,
) {
    brought::mark(world, request, selection, draft);
    for address in world.networks_used(&selection.containers) {
        network::ensure(world, request, &address, &selection.containers, draft);
    }
    for address in world.volumes_used(&selection.containers) {
        volume::ensure(world, request, &address, draft);
    }
    for address in &world.order {
        let Some(spec) = world.spec(address).filter(|_| selection.containers.contains(address))
        else {
            continue;
        };
        if !selection.named.contains(address) {
            container::reach(world, request, spec, Goal::Running, draft);
            continue;
        }
        let image = container::ensure_image(world, request, spec, draft);
        let mut needs = readiness::needs(world, request, spec, Goal::Running, draft);
        needs.extend(image.step);
        needs.extend(image::named(world, request, spec, draft));
        if let Some(one_off) = &request.options.one_off {
            make(world, spec, one_off, needs, draft);
        }
    }
    let mut gone = leftovers(world, draft);
    brought::take_back_rest(world, selection, &mut gone, draft);
}

/// Creates it, with its secrets. It is started by whoever talks with it.
fn make(
    world: &World<'_>,
    like: &ContainerSpec,
    one_off: &OneOff,
    needs: Vec<StepId>,
    draft: &mut Draft,
) {
    let address = Address::container(&like.address.engine, one_off.name(&like.address.name));
    let labels = one_off.labels(&world.project.name, &like.address, &one_off.name(&like.name));
    let spec = ContainerSpec {
        address,
        name: one_off.name(&like.name).into(),
        config: one_off.config(&like.config).into(),
        ..like.clone()
    };
    let why = Why::new(Cause::Requested, Group::Create);
    let config = create::config(world, &spec);
    let name = spec.name.clone();
    let step = create_with(world, &spec, (name, config, labels.into()), &why, needs, draft);
    secrets::copy(&spec, &ContainerRef::Planned(step), &why, draft);
}

/// Those that stay when their run is over, until somebody removes them.
pub(crate) fn kept<'a>(
    world: &World<'a>,
    engine: &EngineName,
) -> Vec<(Address, &'a ContainerSummary)> {
    let project = &world.project.name;
    let containers = world.state(engine).into_iter().flat_map(|state| state.containers.values());
    let kept = containers.filter(|seen| one_off::is_kept(project, &seen.name, &seen.labels));
    kept.map(|seen| (Address::container(engine, seen.name.clone()), seen)).collect()
}

/// Removes the one-off containers of runs that are over without having removed them.
pub(crate) fn leftovers(world: &World<'_>, draft: &mut Draft) -> Gone {
    let over = world.observed.over.iter();
    let over = over.filter_map(|(engine, id)| Some((engine, world.state(engine)?, id)));
    let mut gone = Gone::new();
    for (engine, state, id) in over {
        let seen = state.containers.get(id);
        let Some(seen) =
            seen.filter(|one| one_off::is_of(&world.project.name, &one.name, &one.labels))
        else {
            continue;
        };
        let address = Address::container(engine, seen.name.clone());
        let why = Why::new(Cause::Leftover, Group::Remove);
        let id: &ContainerId = &seen.id;
        let stopped = stop_if_up(&address, seen.state, id, None, &why, [], draft);
        gone.insert(id.clone(), remove_container(&address, id, true, &why, stopped, draft));
    }
    gone
}
