//! Hints: what a failure means and what to do next.
//!
//! Invariant: the only module that gives advice; a hint is one or two sentences that can be acted on.

mod distance;
mod fault;

use distance::distance;
pub(crate) use fault::{fault, is_about_the_connection};
use windlass::engine::EngineError;
use windlass::engine::docker::AddressError;
use windlass::model::fault::Fault;
use windlass::model::note::BlockerReason;
use windlass::model::plan::{Action, FieldChange, Plan, Step};
use windlass::model::project::Project;
use windlass::model::report::{Failure, FailureKind, Report};
use windlass::model::request::Verb;
use windlass::model::{Address, Kind};

use crate::words::tick;
use windlass::{ContextTrouble, SecretError};

/// Why nothing is to be done in a project of which people expect something.
pub(crate) fn nothing_to_do(project: &Project, verb: Verb, plan: &Plan) -> Option<&'static str> {
    let is_bare = project.containers.is_empty() && !verb.is_about_images();
    let is_asked = is_bare
        && plan.is_empty()
        && plan.notes.is_empty()
        && !matches!(verb, Verb::Down | Verb::Clean);
    match (project.images.is_empty(), project.tasks.is_empty()) {
        _ if !is_asked => None,
        (_, false) => Some("it declares no containers: `windlass tasks` lists what can be run"),
        (false, true) => Some("it declares no containers: `windlass build` builds its images"),
        (true, true) => None,
    }
}

/// Two sentences about a failure, either of which may have nothing to say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Advice {
    /// What it means, where the engine's words do not say it.
    pub meaning: Option<String>,
    pub next: Option<String>,
}

impl Advice {
    fn new(meaning: impl Into<String>, next: impl Into<String>) -> Self {
        let some = |text: String| (!text.is_empty()).then_some(text);
        Self { meaning: some(meaning.into()), next: some(next.into()) }
    }
}

/// What becomes of what a failed step was about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Stays,
    /// It made place again for what served before.
    TakenBack,
    /// It was brought up for a run, which takes it away again.
    Passes,
}

impl Fate {
    pub(crate) fn of(plan: &Plan, report: &Report, step: &Step) -> Self {
        let is_marked = |other: &Step| {
            matches!(other.action, Action::MarkRun { .. }) && other.address == step.address
        };
        if report.took_back(&step.address) {
            Self::TakenBack
        } else if plan.steps.iter().any(is_marked) {
            Self::Passes
        } else {
            Self::Stays
        }
    }
}

/// About a step that failed.
pub(crate) fn failure(step: &Step, failure: &Failure, fate: Fate) -> Advice {
    let Advice { meaning, next } = by_kind(step, failure, fate);
    Advice { meaning, next: failure.help.clone().or(next) }
}

fn by_kind(step: &Step, failure: &Failure, fate: Fate) -> Advice {
    let name = &step.address.name;
    let logs = match fate {
        Fate::TakenBack => {
            format!("to keep it for looking at, set `containers.{name}.update.rollback` to false")
        }
        Fate::Passes => {
            let up = tick(&format!("windlass up {name}"));
            format!("it goes with this run: to look at it, bring it up apart with {up}")
        }
        Fate::Stays => format!("see its output with {}", tick(&format!("windlass logs {name}"))),
    };
    match &failure.kind {
        FailureKind::Engine(Fault::RegistryUnreachable)
            if matches!(step.action, Action::PullImage { .. }) =>
        {
            let Advice { meaning, next } = self::fault(&Fault::RegistryUnreachable, None);
            let instead = "of an image that is there, `pull: never` asks no registry";
            Advice { meaning, next: next.map(|next| format!("{next}; {instead}")) }
        }
        FailureKind::Engine(fault) => self::fault(fault, Some(&step.address)),
        FailureKind::Deadline => {
            Advice::new("", format!("{logs}; give it longer with `--timeout SECONDS`"))
        }
        FailureKind::Unhealthy => Advice::new("", logs),
        // What it ran in is gone, and `logs` knows no images.
        FailureKind::Exited { code } if step.address.kind == Kind::Image => {
            Advice::new(exit_code(*code), BUILD_AGAIN)
        }
        FailureKind::Exited { code } => Advice::new(exit_code(*code), logs),
        FailureKind::Exec { code } => Advice::new(
            exit_code(*code),
            "mend it and run the same command again: it runs what is due",
        ),
        FailureKind::BuildStep { code, .. } => Advice::new(code.map_or("", exit_code), ""),
        FailureKind::Local => Advice::default(),
        FailureKind::Stale => Advice::new(
            "somebody changed it after the plan was made",
            "run the same command again: it plans anew",
        ),
    }
}

const BUILD_AGAIN: &str = "its last words are above; the next `windlass build` goes on after the resources that were done";

/// What the well-known exit codes say.
fn exit_code(code: i64) -> &'static str {
    match code {
        125 => "the engine itself could not run it",
        126 => "its command is there, but can't be executed",
        127 => "its command was not found",
        137 => "it was killed (SIGKILL): perhaps it ran out of memory",
        139 => "it crashed (SIGSEGV)",
        143 => "it was told to end (SIGTERM)",
        _ => "",
    }
}

/// About files that an image is built from.
pub(crate) const INPUT: &str = "correct the path, or create what it names";
pub(crate) const COMMAND: &str = "see the Dockerfile reference for what stands after this word";
pub(crate) const DOCKERFILE: &str = "correct this line of the Dockerfile";

pub(crate) fn context(trouble: ContextTrouble) -> &'static str {
    match trouble {
        ContextTrouble::Directory => {
            "a build context is a directory: correct `context`, or create it"
        }
        ContextTrouble::Unreadable => {
            "make it readable, or leave it out: `exclude`, or a line in .dockerignore"
        }
        ContextTrouble::Changed => {
            "something writes to it: run this again, or leave it out (`exclude`, .dockerignore)"
        }
        ContextTrouble::Pattern => "correct the pattern",
        ContextTrouble::Git => {
            "`use_gitignore` and `git_timestamps` need git and a repository: leave them out, or \
             `git init`"
        }
        ContextTrouble::Name => "rename one of them, or leave it out (`exclude`, .dockerignore)",
    }
}

/// About a secret that can't be read.
pub(crate) fn secret(error: &SecretError) -> String {
    match error {
        SecretError::File { .. } => "create the file, or correct its path".to_owned(),
        SecretError::Variable { variable, .. } => {
            format!("set it where windlass runs: {}", tick(&format!("export {variable}=…")))
        }
        SecretError::Command { .. } => "correct the program, or install it".to_owned(),
        SecretError::CommandFailed { .. }
        | SecretError::CommandTimeout { .. }
        | SecretError::CommandOutput { .. } => {
            "run the command yourself to see what it says".to_owned()
        }
        SecretError::NotText { .. } => "a secret is text in UTF-8: encode it".to_owned(),
        SecretError::NoCommand { .. } => "write [program, argument]".to_owned(),
    }
}

/// About an engine of which it is not clear where it is.
pub(crate) fn no_address(error: &EngineError) -> &'static str {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(source) = next {
        match source.downcast_ref() {
            Some(AddressError::Url { .. }) => {
                return "write unix:///var/run/docker.sock, tcp://host:2376 or ssh://user@host";
            }
            Some(AddressError::Unprotected { .. }) => {
                return "use ssh://, or TLS (`engines.NAME.tls`, DOCKER_TLS_VERIFY=1); http:// says \
                        that the network itself is safe";
            }
            Some(AddressError::NoContext { .. } | AddressError::NoEndpoint { .. }) => {
                return "`docker context ls` shows those that are there; or choose the engine with \
                        `--engine URL`";
            }
            Some(AddressError::Json { .. } | AddressError::Read { .. }) => {
                return "mend that file, or choose the engine with `--engine URL` or DOCKER_HOST";
            }
            Some(AddressError::At { place: _, source }) => {
                next = Some(&**source);
                continue;
            }
            Some(AddressError::NoCertificates { .. }) | None => {}
        }
        next = source.source();
    }
    "check the certificates that `engines.NAME.tls`, DOCKER_CERT_PATH or the docker context names"
}

/// About something that stands in the way of a plan.
pub(crate) fn blocker(address: &Address, reason: &BlockerReason) -> String {
    let kind = address.kind.as_str();
    match reason {
        BlockerReason::Foreign { name, adoptable, .. } => foreign(address, name, *adoptable),
        BlockerReason::ExternalMissing { name } => format!(
            "create it ({}), or leave `external` out so that windlass does",
            tick(&format!("docker {kind} create {name}"))
        ),
        BlockerReason::ContainerMissing { name } => {
            format!("start {name} first, or name a container of the file as the file does")
        }
        BlockerReason::Ambiguous { ids, .. } => format!(
            "remove one of them: {}",
            tick(&format!("docker network rm {}", ids.last().map_or("ID", String::as_str)))
        ),
        BlockerReason::VolumeDiverged { name, .. } => format!(
            "a volume is never recreated for a difference: copy its data to a new one, or give \
             it up with `--destroy-volume {name}`"
        ),
        BlockerReason::ImageMissing { .. } => {
            "let it be pulled: `--pull=missing`, or load it with `docker load`".to_owned()
        }
        BlockerReason::PortHeld { holder, .. } => {
            format!("stop {holder}, or publish another port under `containers.{}`", address.name)
        }
        BlockerReason::OrphanHolds { holder, .. } => format!(
            "{} gives {holder} up once `containers.{}` is ready in its place",
            tick("windlass up --remove-orphans"),
            address.name
        ),
        BlockerReason::UnknownReference { reference, candidates } => {
            unknown_reference(reference, candidates)
        }
        BlockerReason::NothingToPush => {
            "name the images to push, or write `push: true` under those that `push --all` is for"
                .to_owned()
        }
        BlockerReason::NoRegistry { .. } => format!(
            "give it one: `index: registry.example.com/team` under `images.{}`; if Docker Hub is meant, \
             `index: docker.io/USER`",
            address.name
        ),
        BlockerReason::NotPushable { .. } => {
            "take an image that this project builds; `docker push` and `docker tag` are for others"
                .to_owned()
        }
        BlockerReason::NotBuilt { .. } => {
            format!("make it first: {}", tick(&format!("windlass build {}", address.name)))
        }
        BlockerReason::NothingBefore => {
            "only a container that took the place of another one can go back; change the file, and \
             use `windlass up`"
                .to_owned()
        }
        BlockerReason::NoHealthcheck { on } => {
            format!("give `containers.{}` a `healthcheck`, or wait for `started`", on.name)
        }
        BlockerReason::StartFirstImpossible { .. } => {
            "use `update: {order: stop-first}`".to_owned()
        }
    }
}

/// About a name that something of somebody else's has.
fn foreign(address: &Address, name: &str, is_adoptable: bool) -> String {
    match address.kind {
        Kind::Image => {
            "name another tag: this one is for its owner to move or to take away".to_owned()
        }
        _ if !is_adoptable => {
            "remove or rename it, or choose another name for the project (`name`, `-p`)".to_owned()
        }
        // A container has no name of its own, and one that is taken over is removed.
        Kind::Container => {
            "remove or rename it, choose another name for the project (`name`, `-p`) or the container, or \
             have it removed with `--adopt`"
                .to_owned()
        }
        kind @ (Kind::Network | Kind::Volume) => format!(
            "remove or rename it, give this {} another `name`, or take it over with \
             `--adopt` if {name} is really meant",
            kind.as_str()
        ),
    }
}

/// What to do where a volume was made with another owner.
pub(crate) fn owner_kept(volume: &Address, change: &FieldChange) -> String {
    let program = if crate::render::plan::is_of_permissions(change) { "chmod" } else { "chown" };
    format!(
        "{program} it in a container; or take the whole project down, and this volume's data with it: \
         `windlass down --destroy-volume {}`",
        volume.name
    )
}

/// What to say to a reference that names nothing.
pub(crate) fn unknown_reference(reference: &str, candidates: &[String]) -> String {
    match closest(reference, candidates) {
        Some(name) => format!("did you mean {}?", tick(name)),
        None if candidates.is_empty() => "this project declares nothing by a name".to_owned(),
        None => {
            let names: Vec<_> = candidates.iter().map(|name| tick(name)).collect();
            format!("there is {}", crate::words::and_list_up_to(&names, 8))
        }
    }
}

/// The candidate that a mistyped name was probably meant to be.
pub(crate) fn closest<'a>(name: &str, candidates: &'a [String]) -> Option<&'a str> {
    let allowed = 1 + name.chars().count() / 4;
    candidates
        .iter()
        .map(|candidate| (distance(name, candidate), candidate.as_str()))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_for_an_image_has_no_logs() {
        let engine = windlass::model::EngineName::default();
        for (address, expected) in [
            (Address::image(&engine, "app"), "the next `windlass build` goes on"),
            (Address::container(&engine, "app"), "`windlass logs app`"),
        ] {
            let step = Step {
                address,
                action: Action::PushImage { reference: "x".into() },
                cause: windlass::model::plan::Cause::Absent,
                hazard: None,
                after: Vec::new(),
                group: None,
            };
            let kind = FailureKind::Exited { code: 137 };
            let failed = Failure { kind, message: String::new(), detail: Vec::new(), help: None };
            let advice = failure(&step, &failed, Fate::Stays);
            assert!(advice.meaning.as_ref().is_some_and(|meaning| meaning.contains("SIGKILL")));
            assert!(advice.next.as_ref().is_some_and(|next| next.contains(expected)), "{advice:?}");
        }
    }

    #[test]
    fn closest_names() {
        let names: Vec<String> = ["web", "worker", "database"].map(str::to_owned).to_vec();
        for (name, expected) in [
            ("wbe", Some("web")),
            ("wroker", Some("worker")),
            ("databse", Some("database")),
            ("cache", None),
            ("", None),
        ] {
            assert_eq!(closest(name, &names), expected, "{name}");
        }
    }
}
