//! Verbs that change the state of what is there, and create nothing.
//!
//! Invariant: a container that is in the wanted state already is only noted.

use crate::draft::{Draft, Why};
use crate::rule::commands;
use crate::rule::container::{Case, Goal, current};
use crate::rule::down::Gone;
use crate::rule::{brought, readiness, secrets};
use crate::select::Selection;
use crate::world::World;
use windlass_model::Address;
use windlass_model::container::ContainerSpec;
use windlass_model::note::NoteReason;
use windlass_model::observed::{ObservedContainer, State};
use windlass_model::plan::{Action, Cause, ContainerRef, Group, StepId};
use windlass_model::request::Request;

/// What is done to each container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Start,
    Stop,
    Restart,
    Kill,
    Pause,
    Unpause,
}

/// Does it to the selected containers: dependents first where it takes them down, else
/// dependencies first.
pub(crate) fn each(
    world: &World<'_>,
    request: &Request,
    selection: &Selection<'_>,
    change: Change,
    draft: &mut Draft,
) {
    let mut order: Vec<&Address> = world.order.clone();
    if matches!(change, Change::Stop | Change::Kill | Change::Pause) {
        order.reverse();
    }
    for address in order.into_iter().filter(|a| selection.containers.contains(a)) {
        let Some(spec) = world.spec(address) else { continue };
        let found = world.containers_at(address);
        if matches!(change, Change::Stop | Change::Kill) {
            // What a replacement left running that did not end is stopped with the rest.
            let current = current(spec, found).map(|current| &current.id);
            let left = found.iter().filter(|other| Some(&other.id) != current);
            for other in left.filter(|other| other.state.is_up()) {
                one(world, request, spec, other, change, draft);
            }
        }
        match current(spec, found) {
            None => draft.note(address, NoteReason::Already { state: "absent" }),
            Some(container) => one(world, request, spec, container, change, draft),
        }
    }
    if change == Change::Start {
        brought::claim(world, selection, &mut Gone::new(), draft);
    }
}

fn one(
    world: &World<'_>,
    request: &Request,
    spec: &ContainerSpec,
    container: &ObservedContainer,
    change: Change,
    draft: &mut Draft,
) {
    let reference = ContainerRef::Existing(container.id.clone());
    draft.progress(&spec.address).container = Some(reference.clone());
    if !applies(change, container.state) {
        let state = container.state.as_str();
        return draft.note(&spec.address, NoteReason::Already { state });
    }
    let why = Why::new(Cause::Requested, Group::Update);
    let action = match change {
        Change::Start if container.state != State::Paused => {
            let needs = readiness::needs(world, request, spec, Goal::Running, draft);
            let mut case = Case { spec, leftovers: Vec::new(), needs };
            let due = commands::due_at_start(spec, container);
            case.needs.extend(commands::announce(world, spec, container, None, &why, draft));
            if !container.was_started() {
                secrets::copy(spec, &reference, &why, draft);
            }
            readiness::start(world, request, &case, &reference, why, due, draft);
            return;
        }
        Change::Restart => {
            let mut after = readiness::needs(world, request, spec, Goal::Running, draft);
            let due = commands::due_at_start(spec, container);
            after.extend(commands::announce(world, spec, container, None, &why, draft));
            let timeout_s = request.options.timeout_s;
            let action = Action::RestartContainer { container: reference.clone(), timeout_s };
            let step = draft.step(&spec.address, action, why, after);
            draft.progress(&spec.address).restarted = true;
            readiness::after_start(world, request, spec, &reference, vec![step], due, draft);
            return;
        }
        Change::Stop => {
            Action::StopContainer { container: reference, timeout_s: request.options.timeout_s }
        }
        Change::Kill => {
            let signal = request.options.signal.clone().unwrap_or_else(|| "SIGKILL".to_owned());
            Action::KillContainer { container: reference, signal }
        }
        Change::Pause => Action::PauseContainer(reference),
        Change::Unpause | Change::Start => Action::UnpauseContainer(reference),
    };
    let after = dependents_done(world, &spec.address, draft);
    let step = draft.step(&spec.address, action, why, after);
    draft.progress(&spec.address).gone.push(step);
}

/// Whether a change does something to a container in this state.
fn applies(change: Change, state: State) -> bool {
    match change {
        Change::Start => !matches!(state, State::Running | State::Restarting | State::Removing),
        Change::Stop | Change::Kill => state.is_up(),
        Change::Restart => !matches!(state, State::Removing | State::Dead),
        Change::Pause => state == State::Running,
        Change::Unpause => state == State::Paused,
    }
}

fn dependents_done(world: &World<'_>, address: &Address, draft: &Draft) -> Vec<StepId> {
    let dependents = world.dependents.get(address).into_iter().flatten();
    let done = dependents.filter_map(|dependent| draft.seen(dependent));
    done.flat_map(|progress| progress.gone.clone()).collect()
}
