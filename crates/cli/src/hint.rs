//! Hints: what a failure means and what to do next.
//!
//! Invariant: the only file that gives advice; a hint is one or two sentences that can be acted on.

use windlass::engine::EngineError;
use windlass::engine::docker::AddressError;
use windlass::model::fault::Fault;
use windlass::model::note::BlockerReason;
use windlass::model::plan::Step;
use windlass::model::report::{Failure, FailureKind};
use windlass::model::{Address, Kind};

use crate::words::tick;
use windlass::SecretError;

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

/// About a step that failed.
///
/// `is_taken_back`: what the step was about is not there any more.
pub(crate) fn failure(step: &Step, failure: &Failure, is_taken_back: bool) -> Advice {
    let name = &step.address.name;
    let logs = if is_taken_back {
        format!("to keep it for looking at, set `containers.{name}.update.rollback` to false")
    } else {
        format!("see its output with {}", tick(&format!("windlass logs {name}")))
    };
    match &failure.kind {
        FailureKind::Engine(fault) => self::fault(fault, Some(&step.address)),
        FailureKind::Deadline => {
            Advice::new("", format!("{logs}; give it longer with `--timeout SECONDS`"))
        }
        FailureKind::Unhealthy => Advice::new("", logs),
        FailureKind::Exited { code } => Advice::new(exit_code(*code), logs),
        FailureKind::Exec { code } => Advice::new(
            exit_code(*code),
            "mend it and run the same command again: it runs what is due",
        ),
        FailureKind::Local => Advice::default(),
        FailureKind::Stale => Advice::new(
            "somebody changed it after the plan was made",
            "run the same command again: it plans anew",
        ),
    }
}

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

/// About an engine's refusal; `address` is what the call was about, if anything.
pub(crate) fn fault(fault: &Fault, address: Option<&Address>) -> Advice {
    if let Fault::PortInUse { port } = fault {
        return port_in_use(*port, address);
    }
    Advice::new(fault_meaning(fault), fault_next(fault))
}

/// Whether the engine could not be spoken with, or not to the end.
pub(crate) fn is_about_the_connection(fault: &Fault) -> bool {
    matches!(
        fault,
        Fault::Unreachable
            | Fault::PermissionDenied
            | Fault::TooOldApi
            | Fault::Malformed
            | Fault::ReplyLost
            | Fault::DeadlineExceeded
    )
}

fn fault_meaning(fault: &Fault) -> &'static str {
    match fault {
        Fault::Unreachable => "no engine answers there",
        Fault::PermissionDenied => "the engine's socket is there, but you may not use it",
        Fault::ReplyLost => "the engine's answer was lost",
        Fault::DeadlineExceeded => "the engine did not answer in time",
        Fault::TooOldApi => "the engine is older than windlass can speak with",
        Fault::NotFound => "it is not there (any more)",
        Fault::NameConflict { .. } => "another object has the name",
        Fault::PortInUse { .. } => "a published port is already taken",
        Fault::NetworkMissing => "a network that it is attached to is gone",
        Fault::ImageMissing => "its image is not on the engine",
        Fault::CommandNotRunnable => "the image has no such program, or it can't be executed",
        Fault::UserUnknown => "the image has no such user",
        Fault::MountSourceMissing => "the bind mount's source is not on the engine's host",
        Fault::InUse { .. } => "something still uses it",
        Fault::AddressPool => {
            "no address range is left for the network, or it overlaps another one"
        }
        Fault::RemovalInProgress => "it is just being removed",
        Fault::WrongState => "its state does not allow this",
        Fault::Stuck => "the engine was killed while it started it, and can't start it any more",
        Fault::DiskFull => "the engine's disk is full",
        Fault::RegistryDenied => "the registry refuses",
        Fault::RegistryNotFound => "the registry has no such image or tag",
        Fault::RegistryUnreachable => "the registry could not be reached",
        Fault::Unsupported => "this engine does not know it",
        Fault::Malformed | Fault::BuildFailed | Fault::Invalid | Fault::Other => "",
    }
}

fn fault_next(fault: &Fault) -> &'static str {
    match fault {
        Fault::Unreachable => {
            "is it running? Choose another with `--engine URL`, DOCKER_HOST or \
             `docker context use`"
        }
        Fault::PermissionDenied => "join the `docker` group and log in again, or run as root",
        Fault::TooOldApi => "use an engine from 20.10 on",
        Fault::Malformed => "check the address: is there a proxy in between?",
        Fault::ReplyLost
        | Fault::DeadlineExceeded
        | Fault::NotFound
        | Fault::NetworkMissing
        | Fault::RemovalInProgress
        | Fault::WrongState => "run the same command again: it looks first and goes on from there",
        Fault::NameConflict { .. } => {
            "remove or rename the other one, or take it over with `--adopt`"
        }
        Fault::PortInUse { .. } => "publish another one",
        Fault::ImageMissing => "pull or build it: `windlass pull`, `windlass build`",
        Fault::CommandNotRunnable => {
            "check `command`, `entrypoint`, and the image's PATH and architecture"
        }
        Fault::UserUnknown => "check `user`, or give it as a number",
        Fault::MountSourceMissing => {
            "create it there, check the path, or let the engine create it: `create_host_path: true` under \
             `mounts`"
        }
        Fault::InUse { .. } => "stop and remove its users first",
        Fault::AddressPool => "remove networks that nobody uses, or give a `subnet` under `ipam`",
        Fault::Stuck => "run the same command again: it makes the container anew",
        Fault::DiskFull => "make room on the engine's host",
        Fault::RegistryDenied => "log in with `docker login`, and check the name of the image",
        Fault::RegistryNotFound => {
            "check the name and the tag; an image of this project is declared under `images`"
        }
        Fault::RegistryUnreachable => {
            "check the network of the engine's host, or use an image that is there \
             (`--pull=never`)"
        }
        Fault::BuildFailed | Fault::Unsupported | Fault::Invalid | Fault::Other => "",
    }
}

fn port_in_use(port: Option<u16>, address: Option<&Address>) -> Advice {
    let port_text = port.map_or("a published port".to_owned(), |port| format!("port {port}"));
    let find = port.map_or(String::new(), |port| {
        format!("find its holder with {}, or ", tick(&format!("ss -ltnp sport = :{port}")))
    });
    let place = address
        .filter(|address| address.kind == Kind::Container)
        .map_or(String::new(), |address| format!(" under `containers.{}`", address.name));
    Advice::new(
        format!("{port_text} of the engine's host is already taken"),
        format!("{find}publish another one{place}"),
    )
}

/// About files that an image is built from.
pub(crate) const INPUT: &str = "correct the path, or create what it names";
pub(crate) const CONTEXT: &str = "a build context is a directory: correct `context`, or create it";
pub(crate) const COMMAND: &str = "see the Dockerfile reference for what stands after this word";
pub(crate) const DOCKERFILE: &str = "correct this line of the Dockerfile";

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
        // A container has no name of its own, and one that is taken over is removed.
        BlockerReason::Foreign { .. } if address.kind == Kind::Container => {
            "remove or rename it, choose another name for the project (`name`, `-p`) or the container, or \
             have it removed with `--adopt`"
                .to_owned()
        }
        BlockerReason::Foreign { name, .. } => format!(
            "remove or rename it, give this {kind} another `name`, or take it over with \
             `--adopt` if {name} is really meant"
        ),
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

/// What to say to a reference that names nothing.
/// What to do where a volume was made with another owner.
pub(crate) fn owner_kept(volume: &Address) -> String {
    format!(
        "change it with chown and chmod in a container, or give its data up: \
         `windlass down --destroy-volume {}`",
        volume.name
    )
}

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

/// Optimal string alignment: insertions, deletions, replacements, swaps of neighbours.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replaced = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replaced.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(before[j - 2] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass::model::EngineName;

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

    #[test]
    fn every_refusal_by_an_engine_that_can_be_acted_on_has_a_next_step() {
        for fault in [
            Fault::Unreachable,
            Fault::PermissionDenied,
            Fault::ReplyLost,
            Fault::PortInUse { port: Some(8080) },
            Fault::ImageMissing,
            Fault::RegistryDenied,
            Fault::RegistryUnreachable,
            Fault::Stuck,
            Fault::DiskFull,
        ] {
            assert!(self::fault(&fault, None).next.is_some(), "{fault}");
        }
    }

    #[test]
    fn a_port_is_named() {
        let web = Address::container(&EngineName::default(), "web");
        let advice = fault(&Fault::PortInUse { port: Some(8080) }, Some(&web));
        assert_eq!(
            advice.meaning.as_deref(),
            Some("port 8080 of the engine's host is already taken")
        );
        assert!(advice.next.is_some_and(|next| next.contains("containers.web")));
    }
}
