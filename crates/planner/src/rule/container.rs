//! Containers brought to a goal: created, started, changed in place, or recreated.
//!
//! Invariant: a container that is as declared and runs gets no step.

use crate::diff::Remedy;
use crate::draft::{Draft, Why};
use crate::rule::commands::{self, Due};
use crate::rule::create::{Made, create_step};
use crate::rule::differences::differences;
use crate::rule::image::{self, Resolved};
use crate::rule::in_place::in_place;
use crate::rule::readiness;
use crate::rule::{replace, secrets};
use crate::world::{World, owner_text};
use std::collections::BTreeMap;
use windlass_model::Address;
use windlass_model::container::ContainerSpec;
use windlass_model::name::ContainerId;
use windlass_model::note::{BlockerReason, NoteReason};
use windlass_model::observed::{Health, ObservedContainer, State};
use windlass_model::plan::{Action, Cause, ContainerRef, Group, StepId};
use windlass_model::request::Request;

/// How far containers are brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Goal {
    /// There; what is there already is left alone.
    Created,
    /// As declared, running and ready.
    Running,
}

/// What is decided for one container.
pub(crate) struct Case<'a> {
    pub(crate) spec: &'a ContainerSpec,
    /// What earlier replacements left.
    pub(crate) leftovers: Vec<&'a ObservedContainer>,
    /// What must be done before anything else.
    pub(crate) needs: Vec<StepId>,
}

/// Brings a container to a goal.
pub(crate) fn reach(
    world: &World<'_>,
    request: &Request,
    spec: &ContainerSpec,
    goal: Goal,
    draft: &mut Draft,
) {
    let found = world.containers_at(&spec.address);
    let gone = draft.seen(&spec.address).map(|progress| progress.gone.clone()).unwrap_or_default();
    let current = if gone.is_empty() { current(spec, found) } else { None };
    if let Some(step) = foreign(world, request, spec, draft) {
        draft.progress(&spec.address).gone.push(step);
    }
    let leftovers = match current {
        Some(current) => leftovers(spec, current, found, draft),
        None => Vec::new(),
    };
    let mut case = Case { spec, leftovers, needs: Vec::new() };
    match current {
        None => {
            let image = ensure_image(world, request, spec, draft);
            case.needs = readiness::needs(world, request, spec, goal, draft);
            case.needs.extend(image.step);
            case.needs.extend(image::named(world, request, spec, draft));
            create(world, request, &case, goal, draft);
        }
        Some(container) if goal == Goal::Created => {
            let state = container.state.as_str();
            draft.note(&spec.address, NoteReason::Already { state });
            draft.progress(&spec.address).container =
                Some(ContainerRef::Existing(container.id.clone()));
        }
        Some(container) => keep_or_change(world, request, case, container, draft),
    }
}

/// What earlier replacements left beside the container that has the place. A successor that was given up
/// before its commands had run goes at once: it takes nobody's place any more.
fn leftovers<'a>(
    spec: &ContainerSpec,
    current: &ObservedContainer,
    found: &[&'a ObservedContainer],
    draft: &mut Draft,
) -> Vec<&'a ObservedContainer> {
    let others = found.iter().copied().filter(|other| other.id != current.id);
    let is_given_up =
        |other: &&ObservedContainer| current.name == spec.name && commands::has_place(spec, other);
    let (given_up, left): (Vec<_>, Vec<_>) = others.partition(is_given_up);
    for other in given_up {
        let why = Why::new(Cause::Leftover, Group::Remove);
        let stopped = stop_if_up(&spec.address, other.state, &other.id, None, &why, [], draft);
        let removed = remove_container(&spec.address, &other.id, false, &why, stopped, draft);
        draft.progress(&spec.address).gone.push(removed);
    }
    left
}

/// The container that has the place: by name (also by the one that it has until its commands have
/// run), else the youngest (a replacement that was cut short may have left the only one under another
/// name).
pub(crate) fn current<'a>(
    spec: &ContainerSpec,
    found: &[&'a ObservedContainer],
) -> Option<&'a ObservedContainer> {
    let by_name = found.iter().copied().find(|container| container.name == spec.name);
    let by_name =
        by_name.or_else(|| found.iter().copied().find(|one| commands::has_place(spec, one)));
    by_name.or_else(|| found.iter().copied().max_by_key(|c| (c.started_at.clone(), c.id.clone())))
}

/// Something else has the container's name. What has no owner makes room where that is wanted; what the
/// project made and does not declare any more is replaced; anything else is in the way.
fn foreign(
    world: &World<'_>,
    request: &Request,
    spec: &ContainerSpec,
    draft: &mut Draft,
) -> Option<StepId> {
    let engine = &spec.address.engine;
    let other = world.container_named(engine, &spec.name)?;
    let owner = other.owner.as_ref();
    let address = owner.and_then(|owner| owner.address.as_ref());
    let ours = world.is_ours(owner);
    let undeclared = address.is_none_or(|address| !world.project.containers.contains_key(address));
    if ours && (undeclared || address == Some(&spec.address)) {
        return None;
    }
    if owner.is_none() && request.options.adopt {
        let why = Why::new(Cause::Orphan, Group::Remove);
        let stopped = stop_if_up(&spec.address, other.state, &other.id, None, &why, [], draft);
        return Some(remove_container(&spec.address, &other.id, false, &why, stopped, draft));
    }
    let owner = match address.filter(|_| ours) {
        Some(address) => format!("{address} of this project"),
        None => owner_text(owner, Some(&other.labels)),
    };
    let (name, adoptable) = (spec.name.to_string(), other.owner.is_none());
    draft.block(&spec.address, BlockerReason::Foreign { name, owner, adoptable });
    None
}

pub(crate) fn ensure_image(
    world: &World<'_>,
    request: &Request,
    spec: &ContainerSpec,
    draft: &mut Draft,
) -> Resolved {
    image::ensure(world, request, &spec.address.engine, &spec.image, spec.pull, draft)
}

fn keep_or_change(
    world: &World<'_>,
    request: &Request,
    mut case: Case<'_>,
    container: &ObservedContainer,
    draft: &mut Draft,
) {
    let spec = case.spec;
    let differences = differences(world, request, spec, container, draft);
    let forced = draft.forced.contains(&spec.address);
    let bound = readiness::bound_to(world, spec, draft, |progress| progress.recreated);
    let broken = matches!(container.state, State::Dead | State::Removing) || container.is_stuck();
    let must = differences.iter().any(|difference| difference.remedy == Remedy::Recreate);
    if must || forced || broken || bound.is_some() {
        let reason = if must {
            Cause::Diverged(differences.into_iter().map(|d| d.change).collect())
        } else if forced {
            Cause::Requested
        } else {
            bound.map_or(Cause::NotRunning, |on| Cause::DependsOn(on.into()))
        };
        let image = ensure_image(world, request, spec, draft);
        case.needs = readiness::needs(world, request, spec, Goal::Running, draft);
        case.needs.extend(image.step);
        case.needs.extend(image::named(world, request, spec, draft));
        return replace::replace(world, request, &case, container, &reason, draft);
    }
    draft.progress(&spec.address).container = Some(ContainerRef::Existing(container.id.clone()));
    let begin = draft.next();
    draft.progress(&spec.address).replaces_running =
        case.leftovers.iter().any(|left| replace::serves(world, spec, left));
    let pending = commands::pending(spec, container);
    let changed = in_place(spec, container, differences, pending.is_none(), draft);
    run(world, request, &mut case, container, (pending, changed), draft);
    if !case.leftovers.is_empty() {
        replace::finish(world, request, &case, container, begin, draft);
    }
    if draft.next() == begin {
        readiness::go_on_waiting(world, request, spec, container, draft);
    }
    if draft.next() == begin {
        note_unchanged(spec, container, draft);
    }
}

fn note_unchanged(spec: &ContainerSpec, container: &ObservedContainer, draft: &mut Draft) {
    let reason = match (container.state, container.health) {
        (State::Running | State::Restarting, Some(Health::Unhealthy)) => {
            NoteReason::Unhealthy { output: container.health_output.clone() }
        }
        (State::Running | State::Restarting, _) => NoteReason::UpToDate,
        (_, _) if spec.persistent => NoteReason::Persistent,
        (_, _) => NoteReason::Completed,
    };
    draft.note(&spec.address, reason);
}

/// Makes an unchanged container run, if it should and does not, after what was changed in place; and
/// lets it run the commands that it waits for.
fn run(
    world: &World<'_>,
    request: &Request,
    case: &mut Case<'_>,
    container: &ObservedContainer,
    (pending, mut changed): (Option<Due>, Option<StepId>),
    draft: &mut Draft,
) {
    let spec = case.spec;
    let reference = ContainerRef::Existing(container.id.clone());
    if container.state == State::Paused {
        let why = Why::new(Cause::NotRunning, Group::Update);
        let action = Action::UnpauseContainer(reference.clone());
        changed = Some(draft.step(&spec.address, action, why, changed));
        draft.progress(&spec.address).started = changed;
    }
    let bound = readiness::bound_to(world, spec, draft, |progress| progress.restarted)
        .or_else(|| readiness::outlived_by(world, spec, container));
    if let Some(on) = bound.filter(|_| container.state.is_up()) {
        let needs = readiness::needs(world, request, spec, Goal::Running, draft);
        let why = Why::new(Cause::DependsOn(on.into()), Group::Update);
        let due = commands::due_at_start(spec, container);
        let named = commands::announce(world, spec, container, changed, &why, draft);
        let after = needs.into_iter().chain(changed).chain(named);
        let action = Action::RestartContainer { container: reference.clone(), timeout_s: None };
        let step = draft.step(&spec.address, action, why, after);
        draft.progress(&spec.address).restarted = true;
        readiness::after_start(world, request, spec, &reference, vec![step], due, draft);
        return;
    }
    if let Some(due) = pending.filter(|_| container.state.is_up()) {
        let mut needs = readiness::needs(world, request, spec, Goal::Running, draft);
        needs.extend(changed);
        readiness::after_start(world, request, spec, &reference, needs, due, draft);
        return;
    }
    let is_done = || pending.is_none() && readiness::is_completed(world, spec, container);
    if container.state.is_up() || is_done() {
        return;
    }
    case.needs = readiness::needs(world, request, spec, Goal::Running, draft);
    case.needs.extend(changed);
    let why = Why::new(Cause::NotRunning, Group::Update);
    case.needs.extend(replace::stop_leftovers(case, &why, draft));
    let due = commands::due_at_start(spec, container);
    case.needs.extend(commands::announce(world, spec, container, changed, &why, draft));
    if !container.was_started() {
        secrets::copy(spec, &reference, &why, draft);
    }
    readiness::start(world, request, case, &reference, why, due, draft);
}

/// Creates, and if that is the goal starts, a container that is not there.
fn create(world: &World<'_>, request: &Request, case: &Case<'_>, goal: Goal, draft: &mut Draft) {
    let spec = case.spec;
    let gone = draft.progress(&spec.address).gone.clone();
    let after: Vec<StepId> = case.needs.iter().copied().chain(gone).collect();
    let why = Why::new(Cause::Absent, Group::Create);
    let name = match goal {
        Goal::Created => spec.name.clone(),
        Goal::Running => commands::first_name(world, spec, draft),
    };
    let made = Made { name, inherited: BTreeMap::new(), previous: None };
    let created = create_step(world, spec, made, &why, after, draft);
    if goal == Goal::Running {
        let reference = ContainerRef::Planned(created);
        let case = Case { spec, leftovers: Vec::new(), needs: vec![created] };
        readiness::start(world, request, &case, &reference, why, Due::First, draft);
    }
}

/// Stops a container that is up.
pub(crate) fn stop_if_up(
    address: &Address,
    state: State,
    id: &ContainerId,
    timeout_s: Option<u32>,
    why: &Why,
    after: impl IntoIterator<Item = StepId>,
    draft: &mut Draft,
) -> Option<StepId> {
    state.is_up().then(|| {
        let container = ContainerRef::Existing(id.clone());
        let action = Action::StopContainer { container, timeout_s };
        draft.step(address, action, why.clone(), after)
    })
}

/// Removes a container.
pub(crate) fn remove_container(
    address: &Address,
    id: &ContainerId,
    anonymous_volumes: bool,
    why: &Why,
    after: impl IntoIterator<Item = StepId>,
    draft: &mut Draft,
) -> StepId {
    let container = ContainerRef::Existing(id.clone());
    let action = Action::RemoveContainer { container, force: true, anonymous_volumes };
    draft.step(address, action, why.clone(), after)
}
