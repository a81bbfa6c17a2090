//! Commands that run in a container after its start, and how the next run learns that they did not.
//!
//! Invariant: a container has its own name only when its commands have run. Until then it is called `<name>_starting`,
//! if it was never started before, or `<name>_restarting`. A name is the one thing about a container that an engine
//! lets us change, so that a run which was cut short here can be told from one that ended well.

use crate::draft::{Draft, Why};
use crate::rule::readiness::Fresh;
use crate::world::{World, owner_text};
use windlass_model::container::ContainerSpec;
use windlass_model::note::BlockerReason;
use windlass_model::observed::ObservedContainer;
use windlass_model::plan::{Action, ContainerRef, StepId};
use windlass_model::wait::{ExecPolicy, ExecSpec};

/// The commands that are due after a start.
fn due(spec: &ContainerSpec, fresh: Fresh) -> impl Iterator<Item = &ExecSpec> {
    let is_due = move |policy| fresh == Fresh::Yes || policy == ExecPolicy::Restart;
    spec.exec_commands.iter().filter(move |exec| is_due(exec.policy))
}

/// What a container is called while these commands are due.
fn name_until(name: &str, fresh: Fresh) -> String {
    match fresh {
        Fresh::Yes => format!("{name}_starting"),
        Fresh::No => format!("{name}_restarting"),
    }
}

/// The name under which a container is made that starts at once.
pub(crate) fn first_name(world: &World<'_>, spec: &ContainerSpec, draft: &mut Draft) -> String {
    if due(spec, Fresh::Yes).next().is_none() {
        return spec.name.clone();
    }
    let name = name_until(&spec.name, Fresh::Yes);
    check_free(world, spec, &name, draft);
    name
}

/// Which start's commands a container still waits for, by its name.
pub(crate) fn pending(spec: &ContainerSpec, container: &ObservedContainer) -> Option<Fresh> {
    let is_due = |fresh: &Fresh| due(spec, *fresh).next().is_some();
    said_by(spec, container).filter(is_due)
}

/// Which commands are due when a container starts now.
pub(crate) fn due_at_start(spec: &ContainerSpec, container: &ObservedContainer) -> Fresh {
    let first = if container.was_started() { Fresh::No } else { Fresh::Yes };
    pending(spec, container).unwrap_or(first)
}

/// Whether a container has the place of its address although it is not called so yet.
pub(crate) fn has_place(spec: &ContainerSpec, container: &ObservedContainer) -> bool {
    said_by(spec, container).is_some()
}

fn said_by(spec: &ContainerSpec, container: &ObservedContainer) -> Option<Fresh> {
    let both = [Fresh::Yes, Fresh::No].into_iter();
    both.clone().find(|fresh| container.name == name_until(&spec.name, *fresh))
}

/// Gives a container that is about to be started the name that says so, after `changed`; none if no
/// command is due, or if it has that name.
pub(crate) fn announce(
    world: &World<'_>,
    spec: &ContainerSpec,
    container: &ObservedContainer,
    changed: Option<StepId>,
    why: &Why,
    draft: &mut Draft,
) -> Option<StepId> {
    let fresh = due_at_start(spec, container);
    let name = name_until(&spec.name, fresh);
    if due(spec, fresh).next().is_none() || container.name == name {
        return None;
    }
    check_free(world, spec, &name, draft);
    let container = ContainerRef::Existing(container.id.clone());
    let action = Action::RenameContainer { container, name };
    Some(draft.step(&spec.address, action, why.clone(), changed))
}

/// Runs what is due, one after the other, and gives the container its name.
pub(crate) fn run(
    spec: &ContainerSpec,
    reference: &ContainerRef,
    fresh: Fresh,
    why: &Why,
    after: Vec<StepId>,
    draft: &mut Draft,
) -> Vec<StepId> {
    let mut last = after;
    for exec in due(spec, fresh) {
        let exec = Box::new(exec.clone());
        let action = Action::ExecContainer { container: reference.clone(), exec };
        last = vec![draft.step(&spec.address, action, why.clone(), last)];
    }
    if due(spec, fresh).next().is_some() {
        let (container, name) = (reference.clone(), spec.name.clone());
        let action = Action::RenameContainer { container, name };
        last = vec![draft.step(&spec.address, action, why.clone(), last)];
    }
    last
}

/// Somebody else's container has the name.
fn check_free(world: &World<'_>, spec: &ContainerSpec, name: &str, draft: &mut Draft) {
    let Some(other) = world.container_named(&spec.address.engine, name) else { return };
    let owner = other.owner.as_ref();
    let is_it = world.is_ours(owner)
        && owner.is_some_and(|owner| owner.address.as_ref() == Some(&spec.address));
    if !is_it {
        let owner = owner_text(owner, Some(&other.labels));
        draft.block(&spec.address, BlockerReason::Foreign { name: name.to_owned(), owner });
    }
}
