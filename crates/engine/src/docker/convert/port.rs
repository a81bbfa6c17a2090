//! Published ports.
//!
//! Invariant: a binding without address and port lets the engine choose both.

use std::collections::{BTreeMap, BTreeSet};

use windlass_model::port::{ExposedPort, PublishedPort};

use super::process::exposed_port;
use crate::docker::document::Empty;
use crate::docker::document::host::PortBinding;

type Bindings = BTreeMap<String, Option<Vec<PortBinding>>>;

pub(super) fn bindings(published: &BTreeSet<PublishedPort>) -> Option<Bindings> {
    let mut bindings = Bindings::new();
    for port in published {
        let list = bindings.entry(port.exposed().to_string()).or_default();
        list.get_or_insert_default().push(PortBinding {
            host_ip: Some(port.host_ip.map(|ip| ip.to_string()).unwrap_or_default()),
            host_port: Some(port.published.map(|port| port.to_string()).unwrap_or_default()),
        });
    }
    (!bindings.is_empty()).then_some(bindings)
}

/// Ports are exposed by being published, too.
pub(super) fn exposed_set(
    exposed: &BTreeSet<ExposedPort>,
    published: &BTreeSet<PublishedPort>,
) -> Option<BTreeMap<String, Option<Empty>>> {
    let all = exposed.iter().copied().chain(published.iter().map(PublishedPort::exposed));
    let set: BTreeMap<_, _> = all.map(|port| (port.to_string(), Some(Empty {}))).collect();
    (!set.is_empty()).then_some(set)
}

pub(super) fn published(bindings: Option<Bindings>) -> BTreeSet<PublishedPort> {
    let mut published = BTreeSet::new();
    for (port, list) in bindings.into_iter().flatten() {
        let Some(exposed) = exposed_port(&port) else { continue };
        // A port with no binding is only exposed.
        published.extend(list.into_iter().flatten().map(|binding| PublishedPort {
            target: exposed.target,
            protocol: exposed.protocol,
            host_ip: binding.host_ip.and_then(|ip| ip.parse().ok()),
            published:
                binding.host_port.and_then(|port| port.parse().ok()).filter(|port| *port != 0),
        }));
    }
    published
}
