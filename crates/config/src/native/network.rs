//! `networks.<name>`.
//!
//! Invariant: null and an empty mapping are the same: a network with the engine's defaults.

use windlass_model::network::{Ipam, IpamPool, NetworkConfig};

use super::{put, set};
use crate::document::Network;
use crate::read::{Field, Item, Reader};

pub(super) fn network(reader: &Reader, item: &Item) -> Option<Network> {
    let mut network = Network {
        span: item.key_span(),
        name: None,
        external: false,
        config: NetworkConfig::default(),
    };
    reader.fields(item, &mut network, &[FIELDS]).then_some(network)
}

const FIELDS: &[Field<Network>] = &[
    Field { name: "name", read: |n, r, i| put(&mut n.name, super::engine_name(r, i)) },
    Field { name: "external", read: |n, r, i| set(&mut n.external, r.bool(i)) },
    Field { name: "driver", read: |n, r, i| put(&mut n.config.driver, r.string(i)) },
    Field {
        name: "driver_options",
        read: |n, r, i| n.config.driver_options.extend(r.string_pairs(i, "driver options")),
    },
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
    Field { name: "ipam", read: |n, r, i| put(&mut n.config.ipam, ipam(r, i)) },
    Field { name: "labels", read: |n, r, i| n.config.labels.extend(r.labels(i)) },
    Field { name: "attachable", read: |n, r, i| set(&mut n.config.attachable, r.bool(i)) },
    Field { name: "enable_ipv6", read: |n, r, i| set(&mut n.config.ipv6, r.bool(i)) },
];

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

const IPAM: &[Field<Ipam>] = &[
    Field { name: "driver", read: |p, r, i| put(&mut p.driver, r.string(i)) },
    Field { name: "pools", read: |p, r, i| p.pools = pools(r, i) },
    Field { name: "config", read: |p, r, i| p.pools = pools(r, i) },
    Field { name: "options", read: |p, r, i| p.options.extend(r.string_pairs(i, "options")) },
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
            reader.fields(item, &mut pool, &[POOL]).then_some(pool)
        })
        .collect()
}

const POOL: &[Field<IpamPool>] = &[
    Field { name: "subnet", read: |p, r, i| put(&mut p.subnet, subnet(r, i)) },
    Field { name: "ip_range", read: |p, r, i| put(&mut p.ip_range, subnet(r, i)) },
    Field { name: "gateway", read: |p, r, i| put(&mut p.gateway, r.string(i)) },
    Field {
        name: "aux_addresses",
        read: |p, r, i| p.aux_addresses.extend(r.string_pairs(i, "addresses")),
    },
];

fn subnet(reader: &Reader, item: &Item) -> Option<String> {
    let text = reader.string(item)?;
    let fits = text.split_once('/').is_some_and(|(address, bits)| {
        let most = match address.parse::<std::net::IpAddr>() {
            Ok(address) if address.is_ipv4() => 32,
            Ok(_) => 128,
            Err(_) => return false,
        };
        bits.parse::<u8>().is_ok_and(|bits| bits <= most)
    });
    if fits {
        return Some(text);
    }
    reader.expected(item, "a subnet", Some("write \"10.5.0.0/24\"".to_owned()));
    None
}
