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
use crate::scalar::Subnet;
use crate::source::Span;

/// A pool of a network that an engine is asked for.
struct Pool<'p> {
    network: &'p NetworkSpec,
    subnet: Subnet,
    has_range: bool,
}

impl Pool<'_> {
    /// Whether an engine refuses one of the two, the outer or the inner. Other drivers than `bridge` may share a subnet
    /// by ranges.
    fn clashes_with(&self, inner: &Self) -> bool {
        let both = [self, inner];
        let by_ranges = both.iter().any(|pool| pool.has_range);
        !by_ranges || both.iter().all(|pool| is_driver(pool.network, "bridge"))
    }
}

fn is_driver(network: &NetworkSpec, driver: &str) -> bool {
    network.config.driver.as_deref().unwrap_or("bridge") == driver
}

/// The pools of a network that the engine's own address management makes for it alone.
fn pools(network: &NetworkSpec) -> impl Iterator<Item = Pool<'_>> {
    let ipam = network.config.ipam.as_ref().filter(|ipam| {
        let is_own = ipam.driver.as_deref().is_none_or(|driver| driver == "default");
        is_own && !network.external && !is_driver(network, "overlay")
    });
    ipam.into_iter().flat_map(|ipam| &ipam.pools).filter_map(move |pool| {
        let subnet = crate::scalar::subnet(pool.subnet.as_deref()?).ok()?;
        Some(Pool { network, subnet, has_range: pool.ip_range.is_some() })
    })
}

impl Lowering<'_> {
    /// Two networks of one engine have no address in common, nor have two pools of one network.
    pub(super) fn check_subnets(&self, project: &Project) {
        let mut pools: Vec<_> = project.networks.values().flat_map(pools).collect();
        if pools.len() < 2 {
            return;
        }
        // One that holds another comes before it, and two that don't hold one another have nothing in common.
        pools.sort_by_key(|pool| pool.subnet);
        let users = users(project);
        let mut open: Vec<&Pool<'_>> = Vec::new();
        for pool in &pools {
            while open.pop_if(|outer| !outer.subnet.covers(&pool.subnet)).is_some() {}
            let clash = open.iter().find(|outer| {
                outer.clashes_with(pool)
                    && (outer.network.key == pool.network.key
                        || meet(&users, outer.network, pool.network))
            });
            if let Some(outer) = clash {
                self.report_overlap(outer, pool);
            }
            open.push(pool);
        }
    }

    fn report_overlap(&self, outer: &Pool<'_>, inner: &Pool<'_>) {
        let (one, two) = (&outer.network.key, &inner.network.key);
        let message = if one == two {
            format!(
                "two pools of the network \"{one}\" overlap: {} and {}",
                outer.subnet, inner.subnet
            )
        } else {
            format!(
                "the networks \"{one}\" and \"{two}\" overlap: {} and {}",
                outer.subnet, inner.subnet
            )
        };
        let place = |key: &str| self.document.networks.get(key).map(|network| network.span);
        let mut found = Diagnostic::error("subnet-conflict", message);
        if let Some(span) = place(two) {
            found = found.at(span, "");
        }
        if let Some(span) = place(one).filter(|_| one != two) {
            found = found.also(span, "the other");
        }
        self.report(found.help("give each a subnet of its own, or none: an engine finds one"));
    }

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

/// The containers on each network, by its name on an engine.
type Users<'p> = BTreeMap<&'p str, Vec<&'p ContainerSpec>>;

fn users(project: &Project) -> Users<'_> {
    let mut users = Users::new();
    for container in project.containers.values() {
        for name in container.config.endpoints.keys() {
            users.entry(name).or_default().push(container);
        }
    }
    users
}

/// Whether two networks can be on one engine at a time: by containers that can be part of one run.
fn meet(users: &Users<'_>, one: &NetworkSpec, two: &NetworkSpec) -> bool {
    let of = |network: &NetworkSpec| users.get(network.name.as_str()).into_iter().flatten();
    of(one).any(|user| {
        let mut here = of(two).filter(|other| other.address.engine == user.address.engine);
        here.any(|other| may_meet(user, Some(other)))
    })
}
