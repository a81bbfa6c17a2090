//! Objects of a plan: the steps of one address and group, which are shown as one line.
//!
//! Invariant: every step of a plan belongs to exactly one object, and objects are in the order of
//! their first steps.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use windlass::model::Address;
use windlass::model::passing_name::PassingName;
use windlass::model::plan::{
    Action, Cause, ContainerRef, Group, Hazard, Plan, Step, StepId, Until,
};

use super::escape;
use super::style::Role;

/// What a plan does to one object.
#[derive(Clone, Debug)]
pub(crate) struct Object<'p> {
    pub address: &'p Address,
    pub deed: Deed,
    pub steps: Vec<(StepId, &'p Step)>,
}

/// What the steps of an object amount to; in the order of a summary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Deed {
    Pull,
    Push,
    Tag,
    Build,
    Import,
    Create,
    Recreate,
    Update,
    Restart,
    Start,
    Stop,
    Kill,
    Pause,
    Unpause,
    Remove,
    Run,
    Mark,
    Unmark,
    Wait,
}

impl Deed {
    /// `to create`.
    pub(crate) fn infinitive(self) -> &'static str {
        match self {
            Self::Pull => "pull",
            Self::Push => "push",
            Self::Tag => "tag",
            Self::Build => "build",
            Self::Import => "import",
            Self::Create => "create",
            Self::Recreate => "recreate",
            Self::Update => "change in place",
            Self::Restart => "restart",
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Kill => "kill",
            Self::Pause => "pause",
            Self::Unpause => "unpause",
            Self::Remove => "remove",
            Self::Run => "run a command in",
            Self::Mark => "take back at the end",
            Self::Unmark => "let stay",
            Self::Wait => "wait for",
        }
    }

    pub(crate) fn past(self) -> &'static str {
        match self {
            Self::Pull => "pulled",
            Self::Push => "pushed",
            Self::Tag => "tagged",
            Self::Build => "built",
            Self::Import => "imported",
            Self::Create => "created",
            Self::Recreate => "recreated",
            Self::Update => "changed in place",
            Self::Restart => "restarted",
            Self::Start => "started",
            Self::Stop => "stopped",
            Self::Kill => "killed",
            Self::Pause => "paused",
            Self::Unpause => "unpaused",
            Self::Remove => "removed",
            Self::Run => "had a command run",
            Self::Mark => "marked to be taken back",
            Self::Unmark => "let go of",
            Self::Wait => "waited for",
        }
    }

    fn of_action(action: &Action) -> Self {
        match action {
            Action::CreateNetwork(_) | Action::CreateVolume(_) | Action::CreateContainer(_) => {
                Self::Create
            }
            Action::RemoveNetwork { .. }
            | Action::RemoveVolume { .. }
            | Action::RemoveImage { .. }
            | Action::RemoveContainer { .. } => Self::Remove,
            Action::PullImage { .. } => Self::Pull,
            Action::PushImage { .. } => Self::Push,
            Action::TagImage { .. } => Self::Tag,
            Action::BuildImage(_) => Self::Build,
            Action::ImportImage(_) => Self::Import,
            Action::StartContainer(_) => Self::Start,
            Action::StopContainer { .. } => Self::Stop,
            Action::RestartContainer { .. } => Self::Restart,
            Action::KillContainer { .. } => Self::Kill,
            Action::PauseContainer(_) => Self::Pause,
            Action::UnpauseContainer(_) => Self::Unpause,
            Action::CopySecrets { .. }
            | Action::RenameContainer { .. }
            | Action::UpdateContainer { .. }
            | Action::ConnectNetwork { .. }
            | Action::DisconnectNetwork { .. } => Self::Update,
            Action::MarkRun { .. } => Self::Mark,
            Action::UnmarkRun { .. } => Self::Unmark,
            Action::WaitContainer { .. } | Action::Delay { .. } => Self::Wait,
            Action::ExecContainer { .. } => Self::Run,
        }
    }

    /// How much of the whole an action says: the lowest speaks for the object.
    fn rank(self) -> u8 {
        match self {
            Self::Recreate => 0,
            Self::Create | Self::Pull | Self::Push | Self::Tag | Self::Build | Self::Import => 1,
            Self::Remove => 2,
            Self::Restart => 3,
            Self::Start | Self::Stop | Self::Kill => 4,
            Self::Pause | Self::Unpause => 5,
            Self::Update => 6,
            Self::Run => 7,
            Self::Wait => 8,
            Self::Mark | Self::Unmark => 9,
        }
    }
}

/// The objects of a plan. A wait belongs to what else is done to its address.
pub(crate) fn objects(plan: &Plan) -> Vec<Object<'_>> {
    let mut places: BTreeMap<(&Address, Option<Group>), usize> = BTreeMap::new();
    let mut last: BTreeMap<&Address, usize> = BTreeMap::new();
    let mut objects: Vec<Object<'_>> = Vec::new();
    for (id, step) in plan.iter() {
        let own = places.get(&(&step.address, step.group)).copied();
        let joined = last.get(&step.address).copied().filter(|_| is_wait(&step.action));
        let place = own.or(joined).unwrap_or(objects.len());
        if place == objects.len() {
            objects.push(Object { address: &step.address, deed: Deed::Wait, steps: Vec::new() });
            places.insert((&step.address, step.group), place);
        }
        last.insert(&step.address, place);
        objects[place].steps.push((id, step));
    }
    for object in &mut objects {
        object.deed = deed(&object.steps);
    }
    objects
}

fn is_wait(action: &Action) -> bool {
    Deed::of_action(action) == Deed::Wait
}

fn deed(steps: &[(StepId, &Step)]) -> Deed {
    let said = || steps.iter().filter(|(_, step)| !is_passing_name(step));
    let by_action = || said().map(|(_, step)| Deed::of_action(&step.action));
    // An image that is built anew is not recreated: its predecessor stays.
    let makes_image = |deed: &Deed| matches!(deed, Deed::Build | Deed::Pull | Deed::Import);
    if let Some(deed) = by_action().find(makes_image) {
        return deed;
    }
    let by_group = steps.first().and_then(|(_, step)| match step.group {
        Some(Group::Recreate) => Some(Deed::Recreate),
        Some(Group::Remove) => Some(Deed::Remove),
        // One that is only started again is not changed.
        Some(Group::Update) => by_action().find(|deed| matches!(deed, Deed::Update | Deed::Tag)),
        Some(Group::Create) | None => None,
    });
    by_group.or_else(|| by_action().min_by_key(|deed| deed.rank())).unwrap_or(Deed::Wait)
}

/// A name that a container has for a while only, or its own again after that: nothing to tell of.
fn is_passing_name(step: &Step) -> bool {
    matches!(step.action, Action::RenameContainer { .. })
        && !matches!(step.cause, Cause::Diverged(_))
}

impl Object<'_> {
    pub(crate) fn hazard(&self) -> Option<Hazard> {
        let has = |hazard| self.steps.iter().any(|(_, step)| step.hazard == Some(hazard));
        let all = [Hazard::DataLoss, Hazard::Foreign, Hazard::Downtime];
        all.into_iter().find(|hazard| has(*hazard))
    }

    /// The cause that says most.
    pub(crate) fn cause(&self) -> &Cause {
        let cause = self.steps.iter().map(|(_, step)| &step.cause).min_by_key(|cause| rank(cause));
        cause.expect("invariant: an object has a step")
    }

    pub(crate) fn glyph(&self) -> (char, Role) {
        if matches!(self.hazard(), Some(Hazard::DataLoss | Hazard::Foreign)) {
            return ('!', Role::Consent);
        }
        match self.deed {
            Deed::Build | Deed::Import if matches!(self.cause(), Cause::Diverged(_)) => {
                ('~', Role::Change)
            }
            Deed::Create | Deed::Pull | Deed::Push | Deed::Tag | Deed::Build | Deed::Import => {
                ('+', Role::Create)
            }
            Deed::Recreate => ('±', Role::Recreate),
            Deed::Remove => ('-', Role::Remove),
            Deed::Update
            | Deed::Restart
            | Deed::Start
            | Deed::Stop
            | Deed::Kill
            | Deed::Pause
            | Deed::Unpause
            | Deed::Run
            | Deed::Mark
            | Deed::Unmark
            | Deed::Wait => ('~', Role::Change),
        }
    }

    /// What the engine calls the container of a step, where that is not its own name: it is another one than what has the
    /// object's name then.
    pub(crate) fn passing_name(&self, id: StepId) -> Option<&str> {
        let (_, step) = self.steps.iter().find(|(one, _)| *one == id)?;
        let container = step.action.container()?;
        if matches!(step.action, Action::RenameContainer { .. }) {
            return None;
        }
        let before = self.steps.iter().take_while(|(one, _)| *one != id);
        let name = before.filter_map(|(one, step)| {
            if let Action::RenameContainer { container: renamed, name } = &step.action
                && renamed == container
            {
                Some(name.as_str())
            } else if let Action::CreateContainer(create) = &step.action
                && *container == ContainerRef::Planned(*one)
            {
                Some(create.name.as_str())
            } else {
                None
            }
        });
        name.last().filter(|name| PassingName::split(name).is_some())
    }

    /// The same, where people can meet it: one that waits to become ready is the object itself.
    pub(crate) fn other_name(&self, id: StepId) -> Option<&str> {
        let is_own =
            |name: &&str| matches!(PassingName::split(name), Some((_, PassingName::Waiting)));
        self.passing_name(id).filter(|name| !is_own(name))
    }

    /// What is done, in a few words: `create, start, wait until healthy`.
    pub(crate) fn phrase(&self, verbose: bool) -> String {
        if self.deed == Deed::Recreate && !verbose {
            return self.deed.infinitive().to_owned();
        }
        let mut verbs: Vec<String> = Vec::new();
        for (id, step) in &self.steps {
            let mut verb = action_words(&step.action);
            if let Some(name) = self.passing_name(*id).filter(|_| verbose) {
                let _ = write!(verb, " ({})", escape::line(name));
            }
            let minor = matches!(
                step.action,
                Action::CopySecrets { .. } | Action::MarkRun { .. } | Action::Delay { .. }
            ) || is_passing_name(step);
            if (verbose || !minor) && verbs.last() != Some(&verb) {
                verbs.push(verb);
            }
        }
        if verbs.is_empty() {
            // All of it is minor.
            verbs.extend(self.steps.first().map(|(_, step)| action_words(&step.action)));
        }
        verbs.join(", ")
    }
}

/// How much a cause says; the lowest most.
fn rank(cause: &Cause) -> u8 {
    match cause {
        Cause::Diverged(_) => 0,
        Cause::DependsOn(_) => 1,
        Cause::Orphan => 2,
        Cause::Leftover => 3,
        Cause::NotRunning => 4,
        Cause::Absent => 5,
        Cause::Requested => 6,
        Cause::Readiness => 7,
    }
}

/// An action in words, safe for a terminal.
pub(crate) fn action_words(action: &Action) -> String {
    let verb = action.verb();
    let with = |what: &str| format!("{verb} {}", escape::line(what));
    match action {
        Action::RemoveImage { id, reference } if *reference == id.0 => with(id.short()),
        Action::PullImage { reference, .. }
        | Action::PushImage { reference }
        | Action::TagImage { reference, .. }
        | Action::RemoveImage { reference, .. } => with(reference),
        Action::BuildImage(build) | Action::ImportImage(build) => with(&build.spec.reference),
        Action::KillContainer { signal, .. } => with(signal),
        Action::ConnectNetwork { network, .. } => with(&format!("to {network}")),
        Action::DisconnectNetwork { name: network, .. } => with(&format!("from {network}")),
        Action::RenameContainer { name, .. } => with(&format!("to {name}")),
        Action::WaitContainer { until, .. } => with(&format!("until {until}")),
        Action::ExecContainer { exec, .. } => {
            format!("run {}", escape::line(&exec.argv.join(" ")))
        }
        Action::Delay { ms } => format!("wait {}", crate::words::duration(*ms)),
        Action::MarkRun { .. } => "goes with this run".to_owned(),
        Action::UnmarkRun { .. } => "goes with no run any more".to_owned(),
        Action::CreateNetwork(_)
        | Action::RemoveNetwork { .. }
        | Action::CreateVolume(_)
        | Action::RemoveVolume { .. }
        | Action::CreateContainer(_)
        | Action::CopySecrets { .. }
        | Action::StartContainer(_)
        | Action::StopContainer { .. }
        | Action::RestartContainer { .. }
        | Action::PauseContainer(_)
        | Action::UnpauseContainer(_)
        | Action::RemoveContainer { .. }
        | Action::UpdateContainer { .. } => verb.to_owned(),
    }
}

/// What it means that an action failed: `could not start`, `did not become healthy`.
pub(crate) fn failure_words(action: &Action) -> String {
    let Action::WaitContainer { until, .. } = action else {
        return format!("could not {}", action_words(action));
    };
    let words = match until {
        Until::Running { .. } => "did not keep running",
        Until::Healthy => "did not become healthy",
        Until::Completed => "did not complete",
        Until::Conditions(_) => "did not become ready",
    };
    words.to_owned()
}

/// The name of an object as shown: without its kind, with its engine where it is not the default.
pub(crate) fn name(address: &Address) -> String {
    let name = escape::line(&address.name);
    if address.engine.is_default() {
        name.into_owned()
    } else {
        format!("{name} @ {}", escape::line(address.engine.as_str()))
    }
}

/// An address in full, safe for a terminal: `container web @ eu`.
pub(crate) fn full_name(address: &Address) -> String {
    escape::line(&address.to_string()).into_owned()
}
