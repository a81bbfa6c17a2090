//! What a container needs before it starts, and when it counts as ready.
//!
//! Invariant: a condition that holds already costs no step.

use crate::draft::{Draft, Progress, Why};
use crate::rule::commands::{self, Due};
use crate::rule::container::{Case, Goal};
use crate::rule::{give_way, healthcheck, unmet};
use crate::world::World;
use std::collections::BTreeSet;
use windlass_model::Address;
use windlass_model::container::ContainerSpec;
use windlass_model::dependency::{Condition, Dependency};
use windlass_model::healthcheck::Healthcheck;
use windlass_model::limits::RestartPolicy;
use windlass_model::note::BlockerReason;
use windlass_model::observed::{Health, ObservedContainer, State};
use windlass_model::plan::{Action, Cause, ContainerRef, Group, StepId, Until};
use windlass_model::port::PublishedPort;
use windlass_model::request::Request;

/// How long a container may take to complete where the file does not say it.
const COMPLETE_WITHIN_MS: u64 = 3_600_000;

/// How long a container whose health check is not known may take to become healthy.
const HEALTHY_WITHIN_MS: u64 = 150_000;

/// How long a successor without a health check must run before its predecessor goes.
const STABLE_FOR_MS: u64 = 5_000;

/// How long such a successor may take to run for so long: it may be restarted in between.
const RUNNING_WITHIN_MS: u64 = 30_000;

/// The steps that must be done before a container is created or started.
pub(crate) fn needs(
    world: &World<'_>,
    request: &Request,
    spec: &ContainerSpec,
    goal: Goal,
    draft: &mut Draft,
) -> Vec<StepId> {
    let mut needs: BTreeSet<StepId> = BTreeSet::new();
    for name in spec.config.endpoints.keys() {
        needs.extend(network_step(spec, name, draft));
    }
    for name in spec.config.volume_names() {
        let key = world.volume_keys.get(name);
        let address = key.map(|key| Address::volume(&spec.address.engine, *key));
        needs.extend(address.and_then(|address| draft.seen(&address)?.present));
    }
    for address in &spec.needs {
        needs.extend(draft.seen(address).and_then(|progress| progress.present));
    }
    unmet::check_bound(world, spec, draft);
    for dependency in &spec.depends_on {
        unmet::check_health(world, spec, dependency, goal, draft);
        needs.extend(dependency_step(world, request, dependency, goal, draft));
    }
    needs.into_iter().collect()
}

/// The step that makes the network of this name.
pub(crate) fn network_step(spec: &ContainerSpec, name: &str, draft: &Draft) -> Option<StepId> {
    draft.network_steps.get(&(spec.address.engine.clone(), name.to_owned())).copied()
}

fn dependency_step(
    world: &World<'_>,
    request: &Request,
    dependency: &Dependency,
    goal: Goal,
    draft: &mut Draft,
) -> Option<StepId> {
    let progress = draft.seen(&dependency.on)?.clone();
    if goal == Goal::Created {
        return progress.present;
    }
    match dependency.condition {
        Condition::Started => progress.started.or(progress.present),
        Condition::Healthy => wait(world, request, &dependency.on, Until::Healthy, draft),
        Condition::Completed => wait(world, request, &dependency.on, Until::Completed, draft),
    }
}

/// A container that is unchanged, runs, and is not healthy: whoever started it did not wait for it to
/// the end, or in vain.
pub(crate) fn go_on_waiting(
    world: &World<'_>,
    request: &Request,
    spec: &ContainerSpec,
    container: &ObservedContainer,
    draft: &mut Draft,
) {
    // Of what the image declares nothing is known while it is built, so that run could not wait.
    let declared = spec.config.healthcheck.as_ref().is_some_and(Healthcheck::is_active);
    let is_ill = match container.health {
        Some(Health::Starting) => declared,
        Some(Health::Unhealthy) => true,
        Some(Health::Healthy) | None => false,
    };
    if is_ill && !request.options.no_wait {
        wait(world, request, &spec.address, Until::Healthy, draft);
    }
}

/// The step after which a container is healthy or completed; none if it is already.
fn wait(
    world: &World<'_>,
    request: &Request,
    address: &Address,
    until: Until,
    draft: &mut Draft,
) -> Option<StepId> {
    let progress = draft.seen(address)?.clone();
    let spec = world.spec(address)?;
    let healthy = until == Until::Healthy;
    let known = if healthy { progress.healthy } else { progress.completed };
    if known.is_some() {
        return known;
    }
    if progress.started.is_none() && holds_already(world, spec, healthy) {
        return None;
    }
    let container = progress.container.clone()?;
    let group = group(&container, &progress);
    let deadline_ms = deadline_ms(request, spec, healthy);
    let action = Action::WaitContainer { container, until, deadline_ms };
    let why = Why::new(Cause::Readiness, group);
    let step = draft.step(address, action, why, progress.started.or(progress.present));
    let progress = draft.progress(address);
    *(if healthy { &mut progress.healthy } else { &mut progress.completed }) = Some(step);
    Some(step)
}

/// What it belongs to that a container is made ready.
fn group(container: &ContainerRef, progress: &Progress) -> Group {
    match container {
        _ if progress.recreated => Group::Recreate,
        ContainerRef::Planned(_) => Group::Create,
        ContainerRef::Existing(_) => Group::Update,
    }
}

fn holds_already(world: &World<'_>, spec: &ContainerSpec, healthy: bool) -> bool {
    let container = world.containers_at(&spec.address).iter().find(|c| c.name == spec.name);
    container.is_some_and(|container| {
        if healthy {
            container.state == State::Running && container.health == Some(Health::Healthy)
        } else {
            container.state == State::Exited && container.exit_code == 0
        }
    })
}

/// How long a container may take to become healthy, or else to complete.
pub(crate) fn deadline_ms(request: &Request, spec: &ContainerSpec, healthy: bool) -> u64 {
    let asked = request.options.timeout_ms();
    let check = spec.config.healthcheck.as_ref().map(Healthcheck::deadline_ms);
    let default = if healthy { check.unwrap_or(HEALTHY_WITHIN_MS) } else { COMPLETE_WITHIN_MS };
    asked.or(spec.update.healthy_within_ms).unwrap_or(default)
}

/// Starts a container after what its case needs; the step after which dependents may start.
pub(crate) fn start(
    world: &World<'_>,
    request: &Request,
    case: &Case<'_>,
    reference: &ContainerRef,
    why: Why,
    due: Due,
    draft: &mut Draft,
) -> StepId {
    let spec = case.spec;
    held_ports(world, spec, draft);
    let present = draft.progress(&spec.address).present;
    let mut after: Vec<StepId> = case.needs.iter().copied().chain(present).collect();
    let stopped = give_way::stop(world, request, spec, &after, draft);
    after.extend(stopped.iter().map(|(_, step)| *step));
    let action = Action::StartContainer(reference.clone());
    let group = why.group;
    let mut why = why;
    if draft.progress(&spec.address).recreated {
        why.group = Some(Group::Recreate);
    }
    let step = draft.step(&spec.address, action, why, after);
    let progress = draft.progress(&spec.address);
    progress.restarted = group != Some(Group::Create) || progress.recreated;
    let ready = after_start(world, request, spec, reference, vec![step], due, draft);
    give_way::ways_back(world, spec, reference, &stopped, (step, ready), draft);
    ready
}

/// A port that somebody beside the project holds: the start would fail.
fn held_ports(world: &World<'_>, spec: &ContainerSpec, draft: &mut Draft) {
    let publishers = world.publishers(&spec.address.engine).iter();
    for holder in publishers.filter(|holder| holder.name != spec.name) {
        let held = |port: &&PublishedPort| holder.published.iter().any(|p| port.conflicts_with(p));
        for port in spec.config.published.iter().filter(held) {
            let (port, holder) = (port.to_string(), holder.name.clone());
            draft.block(&spec.address, BlockerReason::PortHeld { port, holder });
        }
    }
}

/// What follows a start: the delay, the commands, the waits; the step after which it is ready.
///
/// `last`: what must be done before; not empty, unless commands are due.
pub(crate) fn after_start(
    world: &World<'_>,
    request: &Request,
    spec: &ContainerSpec,
    reference: &ContainerRef,
    mut last: Vec<StepId>,
    due: Due,
    draft: &mut Draft,
) -> StepId {
    let address = &spec.address;
    let group = group(reference, draft.progress(address));
    let goes_on = group == Group::Update && !draft.progress(address).restarted;
    let why = Why::new(if goes_on { Cause::Leftover } else { Cause::Readiness }, group);
    if spec.start_delay_ms > 0 {
        let action = Action::Delay { ms: spec.start_delay_ms };
        last = vec![draft.step(address, action, why.clone(), last)];
    }
    last = commands::run(request, spec, reference, due, &why, last, draft);
    let last = last.into_iter().max().expect("invariant: a start or a command comes before");
    let progress = draft.progress(address);
    progress.started = Some(last);
    progress.healthy = None;
    progress.completed = None;
    // What takes nobody's place is not held up, unless the file wants it proven.
    let proven = progress.replaces_running || spec.update.stable_for_ms.is_some();
    if request.options.no_wait {
        last
    } else if healthcheck::of(world, spec) == Some(true) {
        wait(world, request, address, Until::Healthy, draft).unwrap_or(last)
    } else if proven && spec.wait.is_none() && !shall_complete(world, &spec.address) {
        stable(request, spec, reference, [last], draft)
    } else {
        last
    }
}

/// The step after which a container has run for so long that it may replace another.
fn stable(
    request: &Request,
    spec: &ContainerSpec,
    reference: &ContainerRef,
    after: impl IntoIterator<Item = StepId>,
    draft: &mut Draft,
) -> StepId {
    let stable_ms = spec.update.stable_for_ms.unwrap_or(STABLE_FOR_MS);
    let asked = request.options.timeout_ms();
    let deadline_ms = asked.or(spec.update.healthy_within_ms).unwrap_or(RUNNING_WITHIN_MS);
    let action = Action::WaitContainer {
        container: reference.clone(),
        until: Until::Running { stable_ms },
        deadline_ms: deadline_ms.max(stable_ms + 1_000),
    };
    let group = group(reference, draft.progress(&spec.address));
    let step = draft.step(&spec.address, action, Why::new(Cause::Readiness, group), after);
    draft.progress(&spec.address).stable = Some(step);
    step
}

/// The step that proves that a container which took the place of another is ready; none if it is
/// known to be, or if nobody wants to wait for it.
pub(crate) fn proof(
    world: &World<'_>,
    request: &Request,
    spec: &ContainerSpec,
    container: &ObservedContainer,
    reference: &ContainerRef,
    draft: &mut Draft,
) -> Option<StepId> {
    let progress = draft.progress(&spec.address).clone();
    let known = progress.healthy.or(progress.stable);
    if known.is_some() || request.options.no_wait {
        return known.or(progress.started);
    }
    let runs = progress.started.is_some() || container.state.is_up();
    if runs && healthcheck::of(world, spec) == Some(true) {
        return wait(world, request, &spec.address, Until::Healthy, draft);
    }
    let unproven = runs && progress.replaces_running && spec.wait.is_none();
    if unproven {
        return Some(stable(request, spec, reference, progress.started, draft));
    }
    progress.started
}

/// The container whose namespace this one shares, if that was started later: this one is still in the
/// namespace of an earlier run, where nobody else is any more.
pub(crate) fn outlived_by(
    world: &World<'_>,
    spec: &ContainerSpec,
    container: &ObservedContainer,
) -> Option<Address> {
    let shared = spec.config.shared_namespaces();
    // Trailing zeros are left out, so the letter at the end must not be compared.
    let moment =
        |container: &ObservedContainer| container.started_at.trim_end_matches('Z').to_owned();
    let is_younger = |on: &&Address| {
        let named = |other: &&&ObservedContainer| shared.contains(other.name.as_str());
        let other = world.containers_at(on).iter().find(named);
        other.is_some_and(|other| other.state.is_up() && moment(other) > moment(container))
    };
    spec.depends_on.iter().map(|dependency| &dependency.on).find(is_younger).cloned()
}

/// The container whose namespace, volumes or links this one uses, if its progress is such.
pub(crate) fn bound_to(
    world: &World<'_>,
    spec: &ContainerSpec,
    draft: &Draft,
    is: impl Fn(&Progress) -> bool,
) -> Option<Address> {
    let bound = spec.config.bound_containers();
    let on = spec.depends_on.iter().map(|dependency| &dependency.on);
    on.filter(|on| world.spec(on).is_some_and(|other| bound.contains(other.name.as_str())))
        .find(|on| draft.seen(on).is_some_and(&is))
        .cloned()
}

/// Whether a container that does not run has done what it is for.
///
/// Declared: dependents wait for its completion, or it is persistent. Else it is taken for a job if
/// nothing says that it serves (no health check, no ports, nobody who needs it running), it ended
/// well by itself, and the project as a whole is not stopped: after `stop`, `up` starts everything.
pub(crate) fn is_completed(
    world: &World<'_>,
    spec: &ContainerSpec,
    container: &ObservedContainer,
) -> bool {
    if !container.was_started() || container.state != State::Exited {
        return false;
    }
    let well = container.exit_code == 0;
    let conditions = conditions_on(world, &spec.address);
    if spec.persistent && !conditions.contains(&Condition::Healthy) {
        return true;
    }
    if conditions.contains(&Condition::Completed) {
        return well;
    }
    well && conditions.is_empty() && looks_like_a_job(container) && !world.is_stopped()
}

fn looks_like_a_job(container: &ObservedContainer) -> bool {
    let config = &container.config;
    matches!(config.restart, RestartPolicy::No | RestartPolicy::OnFailure(_))
        && config.healthcheck.as_ref().is_none_or(|check| !check.is_active())
        && config.exposed.is_empty()
        && config.published.is_empty()
}

/// Whether a container stands still that should run: then the project was stopped, or fell.
pub(crate) fn stands_still(container: &ObservedContainer) -> bool {
    let job = looks_like_a_job(container) && container.exit_code == 0;
    container.was_started() && !container.state.is_up() && !job
}

/// Whether a dependent waits for its completion.
pub(crate) fn shall_complete(world: &World<'_>, address: &Address) -> bool {
    conditions_on(world, address).contains(&Condition::Completed)
}

fn conditions_on(world: &World<'_>, address: &Address) -> BTreeSet<Condition> {
    let dependents = world.dependents.get(address).into_iter().flatten();
    dependents
        .filter_map(|dependent| world.spec(dependent))
        .flat_map(|spec| &spec.depends_on)
        .filter(|dependency| dependency.on == *address)
        .map(|dependency| dependency.condition)
        .collect()
}
