//! What the keys of one container must be together, once they are all read.
//!
//! Invariant: these are an engine's own rules; each finding stands where the key was written that breaks it.

use super::Outline;
use crate::document::{Container, Sharing};
use crate::read::{Item, Reader};
use crate::scalar::ScalarError;

/// Reports what an engine would refuse. `sources` are the container's mappings, itself last.
pub(super) fn check(reader: &Reader, container: &Container, sources: &[&Outline]) {
    let report = |keys: &[&str], message: String, help: &str| {
        let place = sources.iter().rev().find_map(|outline| {
            let mut found: Option<Item> = None;
            for key in keys {
                found = Some(found.as_ref().unwrap_or(&outline.item).get(key)?);
            }
            found
        });
        let raw = || sources.iter().rev().find_map(|one| super::raw::place(one, keys.last()?));
        match place.or_else(raw).or_else(|| sources.last().map(|outline| outline.item.clone())) {
            Some(item) if item.node.as_mapping().is_none() => {
                reader.report(reader.scalar_error(&item, ScalarError::new(message).help(help)));
            }
            Some(item) => {
                let found = reader.error(&item, "bad-value", message).at(item.key_span(), "");
                reader.report(found.help(help));
            }
            None => {}
        }
    };
    check_limits(container, &report);
    check_namespaces(container, &report);
}

fn check_limits(container: &Container, report: &impl Fn(&[&str], String, &str)) {
    let limits = &container.config.limits;
    // An engine takes 0 for no limit.
    let memory = limits.memory_bytes.filter(|bytes| *bytes > 0);
    if let Some(swap) = limits.memory_swap_bytes.and_then(|bytes| u64::try_from(bytes).ok())
        && swap > 0
    {
        let keys = ["limits", "memory_swap"];
        match memory {
            None => report(
                &keys,
                "memory_swap needs memory".to_owned(),
                "set `memory` too: memory_swap is memory and swap together",
            ),
            Some(memory) if swap < memory => report(
                &keys,
                "memory_swap is less than memory".to_owned(),
                "memory_swap is memory and swap together: write as much as memory, or more",
            ),
            Some(_) => {}
        }
    }
    if let (Some(memory), Some(reserved)) = (memory, limits.memory_reservation_bytes)
        && reserved > memory
    {
        report(
            &["limits", "memory_reservation"],
            "memory_reservation is more than memory".to_owned(),
            "reserve as much as memory, or less",
        );
    }
    let by_time = limits.cpu_quota_us.is_some() || limits.cpu_period_us.is_some();
    if limits.nano_cpus.is_some() && by_time {
        report(
            &["limits", "cpus"],
            "cpus cannot be used with cpu_quota or cpu_period".to_owned(),
            "write one of the two: cpus is quota divided by period",
        );
    }
}

/// Names and ports belong to the namespace of whoever made it.
fn check_namespaces(container: &Container, report: &impl Fn(&[&str], String, &str)) {
    let config = &container.config;
    let is_others = container.network_mode.as_ref().is_some_and(|mode| match &mode.value {
        Sharing::Container(_) => true,
        Sharing::Network(_) => false,
        Sharing::Engine(word) => word.starts_with("container:"),
    });
    let of_network = [
        ("exposes", container.exposes.iter().any(|expose| expose.value.host_port.is_none())),
        ("publish_all", config.publish_all),
        ("hostname", config.hostname.is_some()),
        ("dns", !config.dns.is_empty()),
        ("extra_hosts", !config.extra_hosts.is_empty()),
    ];
    for (key, _) in of_network.into_iter().filter(|(_, is_set)| is_others && *is_set) {
        let message = format!("{key} cannot be used with the network of another container");
        report(&[key], message, "write it in the container whose network it is");
    }
    if config.uts.as_deref() == Some("host") && config.hostname.is_some() && !is_others {
        let message = "hostname cannot be used with the host's own name (uts)".to_owned();
        report(&["hostname"], message, "remove one of the two");
    }
}
