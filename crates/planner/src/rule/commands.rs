//! What is due after a start, commands and conditions, and how the next run learns that it was not done.
//!
//! Invariant: a container has its own name only when everything is done that was due after its start. Until then it is
//! called `<name>_starting` (after its first start), `<name>_restarting`, or `<name>_waiting` when its commands have
//! run. A name is the one thing about a container that an engine lets us change, so that a run which was cut
//! short here can be told from one that ended well.

use crate::draft::{Draft, Why};
use crate::world::{World, owner_text};
use windlass_model::Text;
use windlass_model::container::ContainerSpec;
use windlass_model::label::Owner;
use windlass_model::note::BlockerReason;
use windlass_model::observed::ObservedContainer;
use windlass_model::passing_name::PassingName;
use windlass_model::plan::{Action, ContainerRef, StepId, Until};
use windlass_model::request::Request;
use windlass_model::wait::{ExecPolicy, ExecSpec};

/// What is due after a start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// The first start in a container's life: all commands, then the conditions of `wait`.
    First,
    /// Any other start: the commands of every start, then the conditions.
    Again,
    /// The conditions; the commands have run.
    Conditions,
}

impl Due {
    const ALL: [Self; 3] = [Self::First, Self::Again, Self::Conditions];

    fn commands(self, spec: &ContainerSpec) -> impl Iterator<Item = &ExecSpec> {
        let is_due = move |exec: &&ExecSpec| match self {
            Self::First => true,
            Self::Again => exec.policy == ExecPolicy::Restart,
            Self::Conditions => false,
        };
        spec.exec_commands.iter().filter(is_due)
    }

    /// What of it there is; nothing, if a container has neither commands nor conditions.
    fn of(self, spec: &ContainerSpec) -> Option<Self> {
        let conditions = spec.wait.as_ref().map(|_| Self::Conditions);
        self.commands(spec).next().map(|_| self).or(conditions)
    }

    /// What a container is called while this is due.
    fn name(self, name: &str) -> Text {
        let passing = match self {
            Self::First => PassingName::Starting,
            Self::Again => PassingName::Restarting,
            Self::Conditions => PassingName::Waiting,
        };
        passing.of(name).into()
    }
}

/// The name under which a container is made that starts at once.
pub(crate) fn first_name(world: &World<'_>, spec: &ContainerSpec, draft: &mut Draft) -> Text {
    let Some(due) = Due::First.of(spec) else { return spec.name.clone() };
    let name = due.name(&spec.name);
    check_free(world, spec, &name, draft);
    name
}

/// The name of a container that was started again, while what is due after that is not done.
pub(crate) fn name_at_restart(spec: &ContainerSpec) -> Text {
    Due::Again.of(spec).map_or_else(|| spec.name.clone(), |due| due.name(&spec.name))
}

/// What a container still waits for, by its name.
pub(crate) fn pending(spec: &ContainerSpec, container: &ObservedContainer) -> Option<Due> {
    said_by(spec, container)?.of(spec)
}

/// What is due when a container starts now.
pub(crate) fn due_at_start(spec: &ContainerSpec, container: &ObservedContainer) -> Due {
    let is_first = !container.was_started() || said_by(spec, container) == Some(Due::First);
    if is_first { Due::First } else { Due::Again }
}

/// Whether a container has the place of its address although it is not called so yet.
pub(crate) fn has_place(spec: &ContainerSpec, container: &ObservedContainer) -> bool {
    said_by(spec, container).is_some()
}

fn said_by(spec: &ContainerSpec, container: &ObservedContainer) -> Option<Due> {
    Due::ALL.into_iter().find(|due| container.name == due.name(&spec.name))
}

/// Gives a container that is about to be started the name that says so, after `changed`; none if
/// nothing is due, or if it has that name.
pub(crate) fn announce(
    world: &World<'_>,
    spec: &ContainerSpec,
    container: &ObservedContainer,
    changed: Option<StepId>,
    why: &Why,
    draft: &mut Draft,
) -> Option<StepId> {
    let name = due_at_start(spec, container).of(spec)?.name(&spec.name);
    if container.name == name {
        return None;
    }
    check_free(world, spec, &name, draft);
    let container = ContainerRef::Existing(container.id.clone());
    let action = Action::RenameContainer { container, name };
    Some(draft.step(&spec.address, action, why.clone(), changed))
}

/// The commands of every start that a container was made with, whatever the file says now.
pub(crate) fn of_every_start(container: &ObservedContainer) -> Vec<ExecSpec> {
    let mut commands = made_with(container);
    commands.retain(|exec| exec.policy == ExecPolicy::Restart);
    commands
}

/// The commands that a container was made with.
pub(crate) fn made_with(container: &ObservedContainer) -> Vec<ExecSpec> {
    container.owner.as_ref().map(Owner::commands).unwrap_or_default()
}

/// Runs the commands that are due, one after the other, waits for the conditions, and gives the
/// container its name.
pub(crate) fn run(
    request: &Request,
    spec: &ContainerSpec,
    reference: &ContainerRef,
    due: Due,
    why: &Why,
    after: Vec<StepId>,
    draft: &mut Draft,
) -> Vec<StepId> {
    let Some(due) = due.of(spec) else { return after };
    let mut last = after;
    let mut step = |action: Action, last: &mut Vec<StepId>| {
        *last = vec![draft.step(&spec.address, action, why.clone(), last.drain(..))];
    };
    let rename = |name: Text| Action::RenameContainer { container: reference.clone(), name };
    for exec in due.commands(spec) {
        let exec = Box::new(exec.clone());
        step(Action::ExecContainer { container: reference.clone(), exec }, &mut last);
    }
    if let Some(wait) = spec.wait.as_ref() {
        if due != Due::Conditions {
            step(rename(Due::Conditions.name(&spec.name)), &mut last);
        }
        let asked = request.options.timeout_ms();
        let deadline_ms = asked.unwrap_or(wait.timeout_ms);
        let until = Until::Conditions(Box::new(wait.clone()));
        let container = reference.clone();
        step(Action::WaitContainer { container, until, deadline_ms }, &mut last);
    }
    step(rename(spec.name.clone()), &mut last);
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
        draft.block(
            &spec.address,
            BlockerReason::Foreign { name: name.to_owned(), owner, adoptable: false },
        );
    }
}
