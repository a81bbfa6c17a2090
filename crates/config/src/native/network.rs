//! `networks.<name>`.
//!
//! Invariant: null and an empty mapping are the same: a network with the engine's defaults.

use std::net::Ipv4Addr;

use windlass_model::network::{Ipam, IpamPool, NetworkConfig};

use super::{put, set};
use crate::document::Network;
use crate::read::{Field, Item, Reader};
use crate::scalar::ScalarError;

pub(super) fn network(reader: &Reader, item: &Item) -> Option<Network> {
    let mut network = Network {
        span: item.key_span(),
        name: None,
        external: false,
        config: NetworkConfig::default(),
    };
    let read = reader.fields(item, &mut network, &[FIELDS]);
    if !network.external {
        bridge_options(reader, item, &network.config);
    }
    read.then_some(network)
}

/// As Go spells them, which engines are written in.
const BOOLEANS: [&str; 12] =
    ["1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"];

/// What an engine's own driver reads of its options. Others may have options of their own.
fn bridge_options(reader: &Reader, item: &Item, config: &NetworkConfig) {
    if config.driver.as_deref().is_some_and(|driver| driver != "bridge") {
        return;
    }
    for (name, value) in &config.driver_options {
        let (fits, help) = match name.strip_prefix("com.docker.network.") {
            Some("driver.mtu") => (value.parse::<u32>().is_ok(), "write a number of bytes: 1450"),
            Some("bridge.enable_icc" | "bridge.enable_ip_masquerade" | "bridge.inhibit_ipv4") => {
                (BOOLEANS.contains(&value.as_str()), "write true or false")
            }
            Some("bridge.host_binding_ipv4") => {
                (value.parse::<Ipv4Addr>().is_ok(), "write an address of the host: 127.0.0.1")
            }
            // The name of an interface on Linux.
            Some("bridge.name") => (value.len() <= 15, "write at most 15 characters"),
            Some(_) | None => continue,
        };
        if !fits {
            let all = item.get("driver_options");
            let all = all.or_else(|| item.get("create_options")?.get("options"));
            let place = all.map(|all| all.get(name).unwrap_or(all));
            let shown = crate::yaml::shorten(value);
            let message = format!("\"{shown}\" is not a value for {name}");
            let found = ScalarError::new(message).help(help);
            reader.report(reader.scalar_error(place.as_ref().unwrap_or(item), found));
        }
    }
}

const FIELDS: &[Field<Network>] = &[
    Field { name: "name", read: |n, r, i| put(&mut n.name, super::engine_name(r, i)) },
    Field { name: "external", read: |n, r, i| set(&mut n.external, r.bool(i)) },
    Field { name: "driver", read: |n, r, i| put(&mut n.config.driver, driver(r, i)) },
    Field { name: "driver_options", read: |n, r, i| n.config.driver_options.extend(r.options(i)) },
    Field { name: "internal", read: |n, r, i| set(&mut n.config.internal, r.bool(i)) },
    Field { name: "attachable", read: |n, r, i| set(&mut n.config.attachable, r.bool(i)) },
    Field { name: "ipv6", read: |n, r, i| set(&mut n.config.ipv6, r.bool(i)) },
    Field { name: "ipam", read: |n, r, i| put(&mut n.config.ipam, ipam(r, i)) },
    Field { name: "labels", read: |n, r, i| n.config.labels.extend(r.labels(i)) },
    // docker-map's way to say the last two.
    Field {
        name: "create_options",
        read: |n, r, i| {
            r.fields(i, n, &[CREATE]);
        },
    },
];

const CREATE: &[Field<Network>] = &[
    Field { name: "ipam", read: |n, r, i| put(&mut n.config.ipam, raw_ipam(r, i)) },
    Field { name: "options", read: |n, r, i| n.config.driver_options.extend(r.options(i)) },
    Field { name: "internal", read: |n, r, i| set(&mut n.config.internal, r.bool(i)) },
    // What an engine always does now.
    Field { name: "check_duplicate", read: |_, _, _| {} },
    Field { name: "labels", read: |n, r, i| n.config.labels.extend(r.labels(i)) },
    Field { name: "attachable", read: |n, r, i| set(&mut n.config.attachable, r.bool(i)) },
    Field { name: "enable_ipv6", read: |n, r, i| set(&mut n.config.ipv6, r.bool(i)) },
];

/// An engine has one network of each of these two, which containers use in another way.
fn driver(reader: &Reader, item: &Item) -> Option<String> {
    let driver = reader.string(item)?;
    let mode = match driver.as_str() {
        "host" => "host",
        "null" | "none" => "none",
        _ => return Some(driver),
    };
    let message = format!("no network can be made with the driver \"{driver}\"");
    let help = format!("write `network_mode: {mode}` in the containers instead");
    reader.report(reader.error(item, "bad-value", message).help(help));
    None
}

/// A list of pools, or `{driver, pools, options}`.
fn ipam(reader: &Reader, item: &Item) -> Option<Ipam> {
    let item = reader.resolve(item)?;
    let mut ipam = Ipam::default();
    if item.node.as_sequence().is_some() {
        ipam.pools = pools(reader, &item);
        return Some(ipam);
    }
    reader.fields(&item, &mut ipam, &[IPAM]).then_some(ipam)
}

/// As the engine's API spells it, which is how docker-py hands it on; or as [`ipam`].
fn raw_ipam(reader: &Reader, item: &Item) -> Option<Ipam> {
    let item = reader.resolve(item)?;
    let mut ipam = Ipam::default();
    reader.fields(&item, &mut ipam, &[RAW_IPAM, IPAM]).then_some(ipam)
}

const RAW_IPAM: &[Field<Ipam>] = &[
    Field { name: "Driver", read: |p, r, i| put(&mut p.driver, r.string(i)) },
    Field { name: "Config", read: |p, r, i| p.pools = pools(r, i) },
    Field { name: "Options", read: |p, r, i| p.options.extend(r.options(i)) },
];

const IPAM: &[Field<Ipam>] = &[
    Field { name: "driver", read: |p, r, i| put(&mut p.driver, r.string(i)) },
    Field { name: "pools", read: |p, r, i| p.pools = pools(r, i) },
    Field { name: "config", read: |p, r, i| p.pools = pools(r, i) },
    Field { name: "options", read: |p, r, i| p.options.extend(r.options(i)) },
];

fn pools(reader: &Reader, item: &Item) -> Vec<IpamPool> {
    let items = reader.list_or_one(item);
    items
        .iter()
        .filter_map(|item| {
            if item.node.as_scalar().is_some() {
                return Some(IpamPool { subnet: subnet(reader, item), ..IpamPool::default() });
            }
            let mut pool = IpamPool::default();
            let read = reader.fields(item, &mut pool, &[POOL, RAW_POOL]);
            check_pool(reader, item, &pool);
            read.then_some(pool)
        })
        .collect()
}

const POOL: &[Field<IpamPool>] = &[
    Field { name: "subnet", read: |p, r, i| put(&mut p.subnet, subnet(r, i)) },
    Field { name: "ip_range", read: |p, r, i| put(&mut p.ip_range, subnet(r, i)) },
    Field { name: "gateway", read: |p, r, i| put(&mut p.gateway, address(r, i)) },
    Field { name: "aux_addresses", read: |p, r, i| aux_addresses(p, r, i) },
];

/// The same as the engine's API spells them.
const RAW_POOL: &[Field<IpamPool>] = &[
    Field { name: "Subnet", read: |p, r, i| put(&mut p.subnet, subnet(r, i)) },
    Field { name: "IPRange", read: |p, r, i| put(&mut p.ip_range, subnet(r, i)) },
    Field { name: "Gateway", read: |p, r, i| put(&mut p.gateway, address(r, i)) },
    Field { name: "AuxiliaryAddresses", read: |p, r, i| aux_addresses(p, r, i) },
];

fn aux_addresses(pool: &mut IpamPool, reader: &Reader, item: &Item) {
    for (key, item) in reader.entries(item, "addresses") {
        let address = address(reader, &item);
        pool.aux_addresses.extend(address.map(|address| (key.text.to_string(), address)));
    }
}

fn address(reader: &Reader, item: &Item) -> Option<String> {
    reader.parse(item, |text| crate::scalar::ip_address(text).map(|address| address.to_string()))
}

fn subnet(reader: &Reader, item: &Item) -> Option<String> {
    reader.parse(item, |text| crate::scalar::subnet(text).map(|subnet| subnet.to_string()))
}

/// A range, a gateway and the addresses that are kept free are all in the subnet.
fn check_pool(reader: &Reader, item: &Item, pool: &IpamPool) {
    let parsed = pool.subnet.as_deref().and_then(|text| crate::scalar::subnet(text).ok());
    let report = |keys: &[&str], what: &str| {
        let mut place = item.clone();
        for key in keys {
            place = place.get(key).unwrap_or(place);
        }
        let shown = pool.subnet.as_deref().unwrap_or_default();
        let (message, help) = if shown.is_empty() {
            (format!("{what} needs a subnet"), "add `subnet`".to_owned())
        } else {
            (format!("{what} is not in the subnet {shown}"), "write one that is in it".to_owned())
        };
        reader.report(reader.error(&place, "bad-value", message).help(help));
    };
    let holds = |address: &str| {
        let address = address.parse().ok();
        parsed.is_some_and(|subnet| address.is_some_and(|address| subnet.contains(address)))
    };
    if let Some(range) = &pool.ip_range {
        let range_in = crate::scalar::subnet(range).ok();
        if !parsed.is_some_and(|subnet| range_in.is_some_and(|range| subnet.covers(&range))) {
            report(&["ip_range"], &format!("the range {range}"));
        }
    }
    if let Some(gateway) = pool.gateway.as_deref().filter(|gateway| !holds(gateway)) {
        report(&["gateway"], &format!("the gateway {gateway}"));
    }
    for (name, address) in pool.aux_addresses.iter().filter(|(_, address)| !holds(address)) {
        report(&["aux_addresses", name], &format!("the address {address}"));
    }
}
