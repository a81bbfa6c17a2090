//! One-off containers: made beside a declared one, when what that depends on is ready.
//!
//! Invariant: the declared container itself is not touched, and not needed.

use crate::draft::{Draft, Why};
use crate::rule::container::{self, Goal, remove_container, stop_if_up};
use crate::rule::create::{self, create_with};
use crate::rule::down::Gone;
use crate::rule::{brought, healthcheck, image, network, readiness, secrets, volume};
use crate::select::Selection;
use crate::world::World;
use windlass_model::Address;
use windlass_model::container::ContainerSpec;
use windlass_model::name::{ContainerId, EngineName};
use windlass_model::observed::{ContainerSummary, ObservedEngine};
use windlass_model::one_off::{self, OneOff};
use windlass_model::plan::{Action, Cause, ContainerRef, Group, StepId, Until};
use windlass_model::request::Request;

/// How long one that serves, and of which nothing says when it is ready, must run.
const SERVES_AFTER_MS: u64 = 300;

/// How long that may take.
const SERVES_WITHIN_MS: u64 = 30_000;

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
            make(world, request, spec, one_off, needs, draft);
        }
    }
    let mut gone = leftovers(world, draft);
    brought::take_back_rest(world, selection, &mut gone, draft);
}

/// Creates it, with its secrets. Unless it serves, it is started by whoever talks with it.
fn make(
    world: &World<'_>,
    request: &Request,
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
    let container = ContainerRef::Planned(step);
    secrets::copy(&spec, &container, &why, draft);
    if one_off.serves {
        serve(world, request, &spec, &container, draft);
    }
}

/// Starts it for others, who wait until it is ready: commands and conditions as after the first start of the declared
/// one. It goes if any of that fails, so no name tells the next run how far it came.
fn serve(
    world: &World<'_>,
    request: &Request,
    spec: &ContainerSpec,
    container: &ContainerRef,
    draft: &mut Draft,
) {
    let why = Why::new(Cause::Readiness, Group::Create);
    let mut actions = vec![Action::StartContainer(container.clone())];
    if spec.start_delay_ms > 0 {
        actions.push(Action::Delay { ms: spec.start_delay_ms });
    }
    for exec in &spec.exec_commands {
        let (container, exec) = (container.clone(), Box::new(exec.clone()));
        actions.push(Action::ExecContainer { container, exec });
    }
    let asked = request.options.timeout_ms();
    let wait = |until, deadline_ms| {
        let container = container.clone();
        Action::WaitContainer { container, until, deadline_ms: asked.unwrap_or(deadline_ms) }
    };
    if let Some(conditions) = spec.wait.as_ref() {
        let until = Until::Conditions(Box::new(conditions.clone()));
        actions.push(wait(until, conditions.timeout_ms));
    }
    let is_checked = healthcheck::of(world, spec) == Some(true);
    if is_checked {
        actions.push(wait(Until::Healthy, readiness::deadline_ms(request, spec, true)));
    } else if spec.wait.is_none() {
        // Nothing says when it is ready: one that ends at once is not.
        actions.push(wait(Until::Running { stable_ms: SERVES_AFTER_MS }, SERVES_WITHIN_MS));
    }
    for action in actions {
        let after = draft.progress(&spec.address).present;
        let step = draft.step(&spec.address, action, why.clone(), after);
        draft.progress(&spec.address).present = Some(step);
    }
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
    // The last first: it may use the anonymous volumes of one before it.
    let mut over: Vec<_> = over.collect();
    let made_s = |(_, state, id): &(_, &ObservedEngine, &ContainerId)| {
        state.containers.get(*id).map(|seen| seen.created_s)
    };
    over.sort_by_key(|one| std::cmp::Reverse(made_s(one)));
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
