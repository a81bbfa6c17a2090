//! Hints about an engine's refusals.
//!
//! Invariant: pure; what the engine's own words say well is not said again.

use windlass::model::fault::Fault;
use windlass::model::{Address, Kind};

use super::Advice;
use crate::words::tick;

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
        Fault::RegistryFailing => "the registry failed, or the connection to it broke",
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
        Fault::RegistryDenied => {
            "log in with `docker login`, or write the login under `engines.NAME.registries`; `windlass login \
             --check` says what is used. And check the name of the image"
        }
        Fault::RegistryNotFound => {
            "check the name and the tag; an image of this project is declared under `images`"
        }
        Fault::RegistryUnreachable => {
            "check the network of the engine's host, and the name of the registry"
        }
        Fault::RegistryFailing => {
            "it was tried again in vain: look at the registry, and run the same command again"
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

#[cfg(test)]
mod tests {
    use super::*;
    use windlass::model::EngineName;

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
