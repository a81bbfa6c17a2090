//! Addresses that containers have on networks of the project.
//!
//! Invariant: an engine gives a fixed address only from a subnet that the network was made with, and gives it once.

use std::collections::BTreeMap;

use windlass_model::Address;
use windlass_model::container::ContainerSpec;
use windlass_model::network::NetworkSpec;
use windlass_model::project::Project;

use super::Lowering;
use super::checks::may_meet;
use crate::diagnostic::Diagnostic;
use crate::source::Span;

impl Lowering<'_> {
    pub(super) fn check_addresses(&self, project: &Project) {
        let networks: BTreeMap<&str, &NetworkSpec> =
            project.networks.values().map(|network| (network.name.as_str(), network)).collect();
        let mut taken: BTreeMap<_, Vec<&ContainerSpec>> = BTreeMap::new();
        for container in project.containers.values() {
            for (name, endpoint) in &container.config.endpoints {
                let Some(network) = networks.get(name.as_str()) else { continue };
                for address in [&endpoint.ipv4, &endpoint.ipv6].into_iter().flatten() {
                    let span = self.endpoint_span(&container.address, &network.key);
                    self.check_subnet(container, network, address, span);
                    let place = (&container.address.engine, name, address);
                    let others = taken.entry(place).or_default();
                    match others.iter().find(|other| may_meet(container, Some(other))) {
                        Some(other) => self.report_taken(container, other, network, address),
                        None => others.push(container),
                    }
                }
            }
        }
    }

    fn check_subnet(
        &self,
        container: &ContainerSpec,
        network: &NetworkSpec,
        address: &str,
        span: Option<Span>,
    ) {
        let (Ok(parsed), Some(span)) = (address.parse::<std::net::IpAddr>(), span) else { return };
        if network.external {
            return;
        }
        let pools = network.config.ipam.iter().flat_map(|ipam| &ipam.pools);
        let subnets = pools.filter_map(|pool| crate::scalar::subnet(pool.subnet.as_deref()?).ok());
        let subnets: Vec<_> = subnets.collect();
        if subnets.iter().any(|subnet| subnet.contains(parsed)) {
            return;
        }
        let key = &network.key;
        let (message, help) = if subnets.is_empty() {
            let help = format!("add networks.{key}.ipam: [a subnet], or remove the address");
            (format!("the network \"{key}\" has no subnet for the address {address}"), help)
        } else {
            let shown: Vec<_> = subnets.iter().map(ToString::to_string).collect();
            let help = format!("its subnets: {}", shown.join(", "));
            (format!("the address {address} is in no subnet of the network \"{key}\""), help)
        };
        let mut found = Diagnostic::error("bad-value", message).at(span, "");
        if let Some(network) = self.document.networks.get(key) {
            found = found.also(network.span, "the network");
        }
        self.report(found.in_path(format!("containers.{}.networks", container.key)).help(help));
    }

    fn report_taken(
        &self,
        container: &ContainerSpec,
        other: &ContainerSpec,
        network: &NetworkSpec,
        address: &str,
    ) {
        let (one, two) = (&other.address.name, &container.address.name);
        let message = format!(
            "the address {address} on the network \"{}\" is given to \"{one}\" and \"{two}\"",
            network.key
        );
        let place = |spec: &ContainerSpec| self.endpoint_span(&spec.address, &network.key);
        let mut found = Diagnostic::error("address-conflict", message);
        if let Some(span) = place(container) {
            found = found.at(span, format!("to \"{two}\""));
        }
        if let Some(span) = place(other).filter(|span| Some(*span) != place(container)) {
            found = found.also(span, format!("to \"{one}\""));
        }
        self.report(found.help("give each an address of its own, or none"));
    }

    /// Where a container says that it is on a network.
    fn endpoint_span(&self, address: &Address, network: &str) -> Option<Span> {
        let container = self.members.find(&address.name).ok()?.first()?.container;
        let used = container.networks.iter().find(|used| used.value.name == network);
        Some(used.map_or(container.span, |used| used.span))
    }
}
