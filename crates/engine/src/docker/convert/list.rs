//! Containers as lists have them.
//!
//! Invariant: a container has one name here: its own, never one that a link gave to it.

use std::collections::BTreeSet;

use windlass_model::image::familiar_reference;
use windlass_model::name::{ContainerId, EngineName};
use windlass_model::observed::{ContainerSummary, State};
use windlass_model::port::{Protocol, PublishedPort};

use super::{container_owner, image_id};
use crate::docker::document::container::{MountPoint, Summary, SummaryPort};

pub(crate) fn container_summary(engine: &EngineName, document: Summary) -> ContainerSummary {
    let Summary {
        id,
        names,
        image,
        image_id: id_of_image,
        created,
        state,
        status,
        ports,
        labels,
        network_settings,
        mounts,
    } = document;
    let labels = labels.unwrap_or_default();
    let state = state_of(&state.unwrap_or_default());
    // Podman also lists those that it would bind.
    let ports = ports.filter(|_| state.is_up());
    let networks = network_settings.and_then(|settings| settings.networks).unwrap_or_default();
    ContainerSummary {
        id: ContainerId::new(id),
        name: own_name(&names.unwrap_or_default()),
        image: familiar(image.unwrap_or_default()),
        image_id: image_id(&id_of_image.unwrap_or_default()),
        state,
        status: status.unwrap_or_default(),
        owner: container_owner(engine, &labels),
        labels,
        published: ports.into_iter().flatten().filter_map(|port| published(&port)).collect(),
        volumes: volumes(mounts),
        networks: networks.into_keys().collect(),
        created_s: created.unwrap_or_default(),
    }
}

/// Podman writes references in full.
pub(super) fn familiar(reference: String) -> String {
    if reference.starts_with("docker.io/") { familiar_reference(&reference) } else { reference }
}

/// Links give further names: `/other/alias`.
fn own_name(names: &[String]) -> String {
    let bare = |name: &String| name.trim_start_matches('/').to_owned();
    let own = names.iter().map(bare).find(|name| !name.contains('/'));
    own.or_else(|| names.first().map(bare)).unwrap_or_default()
}

pub(super) fn state_of(word: &str) -> State {
    match word {
        "created" | "configured" | "initialized" => State::Created,
        "running" => State::Running,
        "paused" => State::Paused,
        "restarting" => State::Restarting,
        "removing" => State::Removing,
        // podman's word for what has ended but is not cleaned up yet
        "exited" | "stopped" => State::Exited,
        "dead" => State::Dead,
        _ => State::Other,
    }
}

fn published(port: &SummaryPort) -> Option<PublishedPort> {
    Some(PublishedPort {
        target: port.private_port?,
        protocol: Protocol::parse(port.protocol.as_deref().unwrap_or("tcp"))?,
        host_ip: port.ip.as_deref().and_then(|ip| ip.parse().ok()),
        published: Some(port.public_port.filter(|port| *port != 0)?),
    })
}

fn volumes(mounts: Option<Vec<MountPoint>>) -> BTreeSet<String> {
    let mounts = mounts.into_iter().flatten();
    mounts
        .filter(|mount| mount.kind.as_deref() == Some("volume"))
        .filter_map(|mount| super::text(mount.name))
        .collect()
}
