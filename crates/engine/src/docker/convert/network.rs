//! Networks.
//!
//! Invariant: addresses that an engine chose from its own pools are not part of a network's
//! configuration.

use std::collections::BTreeMap;

use windlass_model::label::{Owner, without_own};
use windlass_model::name::{EngineName, NetworkId};
use windlass_model::network::{Ipam, IpamPool, NetworkConfig};
use windlass_model::observed::ObservedNetwork;
use windlass_model::plan::CreateNetwork;

use super::{some_map, text, unless_filled};
use crate::docker::document::network as document;

pub(crate) fn network_create(create: &CreateNetwork) -> document::CreateBody<'_> {
    let CreateNetwork { name, config, labels } = create;
    let NetworkConfig { driver, driver_options, internal, attachable, ipv6, ipam, labels: _ } =
        config;
    document::CreateBody {
        name,
        check_duplicate: true,
        driver: driver.as_deref(),
        internal: *internal,
        attachable: *attachable,
        ipv6: *ipv6,
        ipam: ipam.as_ref().map(ipam_document),
        options: driver_options,
        labels,
    }
}

fn ipam_document(ipam: &Ipam) -> document::Ipam {
    let Ipam { driver, pools, options } = ipam;
    let pool = |pool: &IpamPool| {
        let IpamPool { subnet, ip_range, gateway, aux_addresses } = pool;
        document::Pool {
            subnet: subnet.clone(),
            ip_range: ip_range.clone(),
            gateway: gateway.clone(),
            auxiliary_addresses: some_map(aux_addresses),
        }
    };
    document::Ipam {
        driver: driver.clone(),
        options: some_map(options),
        config: Some(pools.iter().map(pool).collect()),
    }
}

pub(crate) fn network_observed(engine: &EngineName, found: document::Inspect) -> ObservedNetwork {
    let document::Inspect {
        id,
        name,
        created,
        driver,
        ipv6,
        ipam,
        internal,
        attachable,
        options,
        labels,
    } = found;
    let labels = labels.unwrap_or_default();
    let owner = Owner::read(engine, &labels);
    let asked: Option<NetworkConfig> = owner.as_ref().and_then(Owner::spec);
    let asked_driver = asked.as_ref().map(|config| config.driver.is_some());
    let config = NetworkConfig {
        driver: unless_filled(text(driver), asked_driver, |driver| driver == "bridge"),
        driver_options: options_observed(options.unwrap_or_default(), asked.as_ref()),
        internal: internal.unwrap_or_default(),
        attachable: attachable.unwrap_or_default(),
        ipv6: ipv6.unwrap_or_default(),
        ipam: ipam_observed(ipam.unwrap_or_default(), asked.as_ref()),
        labels: without_own(&labels),
    };
    let (name, created) = (name.unwrap_or_default(), created.unwrap_or_default());
    ObservedNetwork { id: NetworkId::new(id), name, owner, config, created }
}

/// Options cannot change after creation: what was not asked for came from the engine.
fn options_observed(
    mut options: BTreeMap<String, String>,
    asked: Option<&NetworkConfig>,
) -> BTreeMap<String, String> {
    if let Some(asked) = asked {
        options.retain(|key, _| asked.driver_options.contains_key(key));
    }
    options
}

/// Podman names its own way to give addresses among them.
fn ipam_options(
    mut options: BTreeMap<String, String>,
    asked: Option<&Ipam>,
) -> BTreeMap<String, String> {
    if let Some(asked) = asked {
        options.retain(|key, _| asked.options.contains_key(key));
    }
    options
}

fn ipam_observed(found: document::Ipam, asked: Option<&NetworkConfig>) -> Option<Ipam> {
    let asked = match asked {
        Some(config) => Some(config.ipam.as_ref()?),
        None => None,
    };
    let document::Ipam { driver, options, config } = found;
    let asked_driver = asked.map(|ipam| ipam.driver.is_some());
    let pools = config.into_iter().flatten().enumerate();
    let ipam = Ipam {
        driver: unless_filled(text(driver), asked_driver, |driver| driver == "default"),
        pools: pools
            .filter_map(|(index, pool)| match asked {
                // A pool that was not asked for is the engine's (such as for IPv6).
                Some(ipam) => ipam.pools.get(index).map(|asked| pool_observed(pool, Some(asked))),
                None => Some(pool_observed(pool, None)),
            })
            .collect(),
        options: ipam_options(options.unwrap_or_default(), asked),
    };
    (asked.is_some() || ipam != Ipam::default()).then_some(ipam)
}

fn pool_observed(found: document::Pool, asked: Option<&IpamPool>) -> IpamPool {
    let document::Pool { subnet, ip_range, gateway, auxiliary_addresses } = found;
    let given = |field: fn(&IpamPool) -> &Option<String>| asked.map(|pool| field(pool).is_some());
    IpamPool {
        subnet: unless_filled(text(subnet), given(|pool| &pool.subnet), |_| false),
        ip_range: unless_filled(text(ip_range), given(|pool| &pool.ip_range), |_| false),
        gateway: unless_filled(text(gateway), given(|pool| &pool.gateway), |_| false),
        aux_addresses: auxiliary_addresses.unwrap_or_default(),
    }
}
