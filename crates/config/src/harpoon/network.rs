//! `network` and `cpu`: keys that the native format has on the container itself, or under `limits`.

use std::sync::Arc;

use super::container::is_mapping;
use super::image::is_true;
use super::keys;
use super::subject::Subject;
use super::tree::{Made, entries, plain};
use crate::yaml::Resolved;

pub(super) fn network(subject: &Subject<'_>, made: &mut Made) {
    let Some((_, node, trail)) = subject.option("network") else { return };
    if !is_mapping(subject, &node, &trail, "write network: {network_mode: host}") {
        return;
    }
    subject.harpoon.check_keys(&node, &trail, keys::NETWORK);
    for entry in entries(&node) {
        let (key, at, value) = (&*entry.key.text, entry.key.span, &entry.value);
        match key {
            "dns" | "dns_search" | "hostname" | "domainname" | "network_mode" | "extra_hosts" => {
                made.put(key, at, Arc::clone(value));
            }
            "publish_all_ports" => made.put("publish_all", at, Arc::clone(value)),
            "disabled" if is_true(value) && !made.has("network_mode") => {
                made.put("network_mode", at, plain(value.span, "none"));
            }
            "mode" => {
                let why = "Harpoon never looked at `network.mode`";
                subject.harpoon.unsupported(
                    entry,
                    &trail,
                    why,
                    "write `network_mode`, or leave it out",
                );
            }
            _ => {}
        }
    }
}

/// Keys of `cpu` that are limits, and what those are called.
const LIMITS: &[(&str, &str)] = &[
    ("cpuset_cpus", "cpuset_cpus"),
    ("cpuset_mems", "cpuset_mems"),
    ("mem_limit", "memory"),
    ("memswap_limit", "memory_swap"),
    ("cpu_shares", "cpu_shares"),
];

pub(super) fn cpu(subject: &Subject<'_>, made: &mut Made) {
    let Some((key, node, trail)) = subject.option("cpu") else { return };
    if !is_mapping(subject, &node, &trail, "write cpu: {mem_limit: 536870912}") {
        return;
    }
    subject.harpoon.check_keys(&node, &trail, keys::CPU);
    let mut limits = Made::at(node.span);
    for entry in entries(&node) {
        let (name, at) = (&*entry.key.text, entry.key.span);
        let is_none =
            entry.value.as_scalar().map(crate::yaml::Scalar::resolve) == Some(Resolved::Integer(0));
        if let Some((_, limit)) = LIMITS.iter().find(|(known, _)| *known == name) {
            if !(is_none && name.starts_with("mem")) {
                limits.put(limit, at, Arc::clone(&entry.value));
            }
        } else if matches!(name, "cap_add" | "cap_drop") {
            made.put(name, at, Arc::clone(&entry.value));
        }
    }
    if !limits.is_empty() {
        made.put("limits", key, limits.node());
    }
}
