//! Checks over the whole project that need all containers.
//!
//! Invariant: these are mistakes that an engine would find only when half of the containers run.

use std::collections::BTreeMap;

use windlass_model::container::ContainerSpec;
use windlass_model::port::{Protocol, PublishedPort};
use windlass_model::project::Project;
use windlass_model::{Address, EngineName};

use super::Lowering;
use crate::diagnostic::Diagnostic;
use crate::load::Dialect;
use crate::source::Span;

/// Ports that are named of those that two containers both publish.
const MAX_CLASHES: usize = 5;

/// A port of an engine's host.
type HostPort<'a> = (&'a EngineName, u16, Protocol);

impl Lowering<'_> {
    /// One port of a host can be published once.
    pub(super) fn check_ports(&self, project: &Project) {
        let mut taken: BTreeMap<HostPort<'_>, Vec<(&Address, PublishedPort)>> = BTreeMap::new();
        let mut reported: BTreeMap<(&Address, &Address), usize> = BTreeMap::new();
        for (address, container) in &project.containers {
            for port in &container.config.published {
                let Some(published) = port.published else { continue };
                let others = taken.entry((&address.engine, published, port.protocol)).or_default();
                let clash = others.iter().find(|(other, theirs)| {
                    port.conflicts_with(theirs)
                        && may_meet(container, project.containers.get(*other))
                });
                if let Some((other, _)) = clash {
                    // Two ranges that overlap are one mistake.
                    let so_far = reported.entry((address, other)).or_default();
                    *so_far += 1;
                    if *so_far <= MAX_CLASHES {
                        self.report_port(address, other, port);
                    }
                } else {
                    others.push((address, *port));
                }
            }
        }
    }

    fn report_port(&self, address: &Address, other: &Address, port: &PublishedPort) {
        let published = port.published.unwrap_or_default();
        let who = if address == other {
            format!("twice by \"{}\"", address.name)
        } else {
            format!("by \"{}\" and \"{}\"", other.name, address.name)
        };
        let protocol = port.protocol.as_str();
        let message = format!("the port {published}/{protocol} of the host is published {who}");
        let place = |address: &Address| self.port_span(address, published);
        // In a map it was left to the engine, and to whoever starts only one of the two.
        let is_map = self.document.dialect == Dialect::DockerMap;
        let found = if is_map || self.document.settings.shared_ports {
            Diagnostic::warning("port-conflict", message)
        } else {
            Diagnostic::error("port-conflict", message)
        };
        let mut found = found.help("publish another port, or each on an address of its own");
        if let Some(span) = place(address) {
            found = found.at(span, format!("by \"{}\"", address.name));
        }
        if let Some(span) = place(other).filter(|span| Some(*span) != place(address)) {
            found = found.also(span, format!("by \"{}\"", other.name));
        }
        self.report(found);
    }

    /// Where a container publishes a port.
    fn port_span(&self, address: &Address, published: u16) -> Option<Span> {
        let member = self.members.find(&address.name).ok()?.first()?;
        let container = member.container;
        let ports = container.ports.iter().rev();
        let ports =
            ports.filter(|port| port.value.published == Some(published)).map(|port| port.span);
        let exposes = container.exposes.iter().filter(|expose| {
            let count = expose.value.ports.last - expose.value.ports.first;
            let first = expose.value.host_port;
            first.is_some_and(|first| (first..=first.saturating_add(count)).contains(&published))
        });
        ports.chain(exposes.map(|expose| expose.span)).next().or(Some(container.span))
    }
}

/// Whether two containers can be part of one run: not if each is only in profiles that the other is not in.
pub(super) fn may_meet(one: &ContainerSpec, other: Option<&ContainerSpec>) -> bool {
    let Some(other) = other else { return true };
    let apart = !one.profiles.is_empty()
        && !other.profiles.is_empty()
        && one.profiles.is_disjoint(&other.profiles);
    !apart
}
