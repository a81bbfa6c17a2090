//! `host_config`: the arguments of docker-py's `HostConfig`.
//!
//! Invariant: a form that docker-py takes means here what it sends for it.

use windlass_model::container::Gpus;

use super::super::{network, process, resources, storage, unite};
use super::{mounts, ports};
use crate::document::{Container, Link, Sharing};
use crate::native::container::log;
use crate::native::{put, set};
use crate::read::{Field, Item, Reader, Spanned};
use crate::scalar::{engine_name, memory, memory_swap, size};

/// Native keys whose arguments are called otherwise.
pub(super) const ARGUMENTS: &[(&str, &str)] = &[
    ("memory", "mem_limit"),
    ("memory_swap", "memswap_limit"),
    ("memory_reservation", "mem_reservation"),
    ("cpus", "nano_cpus"),
    ("exposes", "ports"),
    ("publish_all", "publish_all_ports"),
    ("uts", "uts_mode"),
];

pub(super) const FIELDS: &[Field<Container>] = &[
    Field { name: "binds", read: mounts::binds },
    Field { name: "mounts", read: mounts::mounts },
    Field { name: "tmpfs", read: storage::tmpfs },
    Field { name: "shm_size", read: |c, r, i| put(&mut c.config.shm_size_bytes, r.parse(i, size)) },
    Field { name: "read_only", read: |c, r, i| set(&mut c.config.read_only, r.bool(i)) },
    Field { name: "volumes_from", read: volumes_from },
    Field { name: "port_bindings", read: ports::bindings },
    Field { name: "publish_all_ports", read: |c, r, i| set(&mut c.config.publish_all, r.bool(i)) },
    Field { name: "links", read: links },
    Field { name: "network_mode", read: network_mode },
    Field { name: "dns", read: |c, r, i| network::dns(c, r, i) },
    Field { name: "dns_search", read: |c, r, i| network::dns_search(c, r, i) },
    Field { name: "dns_opt", read: |c, r, i| network::dns_options(c, r, i) },
    Field {
        name: "extra_hosts",
        read: |c, r, i| c.config.extra_hosts.extend(network::extra_hosts(r, i)),
    },
    Field { name: "pid_mode", read: |c, r, i| put(&mut c.pid, others(r, i, &["host"])) },
    Field {
        name: "ipc_mode",
        read: |c, r, i| {
            put(&mut c.ipc, others(r, i, &["host", "shareable", "private", "none"]));
        },
    },
    Field {
        name: "uts_mode",
        read: |c, r, i| put(&mut c.config.uts, resources::word(r, i, &["host"])),
    },
    Field {
        name: "userns_mode",
        read: |c, r, i| put(&mut c.config.userns, resources::word(r, i, &["host"])),
    },
    Field {
        name: "cgroupns",
        read: |c, r, i| put(&mut c.config.cgroupns, resources::word(r, i, &["host", "private"])),
    },
    Field { name: "cgroup_parent", read: |c, r, i| put(&mut c.config.cgroup_parent, r.string(i)) },
    Field {
        name: "restart_policy",
        read: |c, r, i| set(&mut c.config.restart, resources::restart(r, i)),
    },
    Field { name: "log_config", read: |c, r, i| put(&mut c.config.log, log::log(r, i)) },
    Field { name: "init", read: |c, r, i| put(&mut c.config.init, r.bool(i)) },
    Field { name: "runtime", read: |c, r, i| put(&mut c.config.runtime, r.string(i)) },
    Field { name: "privileged", read: |c, r, i| set(&mut c.config.privileged, r.bool(i)) },
    Field {
        name: "cap_add",
        read: |c, r, i| c.config.cap_add.extend(resources::capabilities(r, i)),
    },
    Field {
        name: "cap_drop",
        read: |c, r, i| c.config.cap_drop.extend(resources::capabilities(r, i)),
    },
    Field { name: "security_opt", read: resources::security },
    Field { name: "group_add", read: process::groups },
    Field { name: "sysctls", read: resources::sysctls },
    Field { name: "devices", read: |c, r, i| c.config.devices.extend(resources::devices(r, i)) },
    Field { name: "device_requests", read: device_requests },
    Field { name: "ulimits", read: resources::ulimits },
    Field {
        name: "oom_kill_disable",
        read: |c, r, i| set(&mut c.config.oom_kill_disable, r.bool(i)),
    },
    Field { name: "oom_score_adj", read: resources::oom_score },
    Field {
        name: "mem_limit",
        read: |c, r, i| put(&mut c.config.limits.memory_bytes, r.parse(i, memory)),
    },
    Field {
        name: "memswap_limit",
        read: |c, r, i| put(&mut c.config.limits.memory_swap_bytes, r.parse(i, memory_swap)),
    },
    Field { name: "mem_reservation", read: |c, r, i| limit(c, r, i, "memory_reservation") },
    Field {
        name: "nano_cpus",
        read: |c, r, i| {
            let what = "billionths of a CPU, from 10000000";
            let found = r.integer_in(i, 10_000_000..=u64::MAX >> 1, what);
            put(&mut c.config.limits.nano_cpus, found);
        },
    },
    Field { name: "cpu_shares", read: |c, r, i| limit(c, r, i, "cpu_shares") },
    Field { name: "cpu_period", read: |c, r, i| limit(c, r, i, "cpu_period") },
    Field { name: "cpu_quota", read: |c, r, i| limit(c, r, i, "cpu_quota") },
    Field { name: "cpuset_cpus", read: |c, r, i| limit(c, r, i, "cpuset_cpus") },
    Field { name: "cpuset_mems", read: |c, r, i| limit(c, r, i, "cpuset_mems") },
    Field { name: "pids_limit", read: |c, r, i| limit(c, r, i, "pids") },
    Field { name: "blkio_weight", read: |c, r, i| limit(c, r, i, "blkio_weight") },
];

/// A limit that is the same under its native key.
pub(super) fn limit(container: &mut Container, reader: &Reader, item: &Item, name: &str) {
    if let Some(field) = resources::LIMITS.iter().find(|field| field.name == name) {
        (field.read)(&mut container.config.limits, reader, item);
    }
}

/// A list, or one text with commas: names on the engine, each with `:ro` or `:rw`.
pub(super) fn volumes_from(container: &mut Container, reader: &Reader, item: &Item) {
    let mut found = Vec::new();
    for item in reader.list_or_one(item) {
        let Some(text) = reader.spanned(&item) else { continue };
        for one in text.value.split(',') {
            let (name, mode) = one.trim().split_once(':').unwrap_or((one.trim(), "rw"));
            let suffix = match mode {
                "rw" => "",
                "ro" => ":ro",
                _ => {
                    reader.expected(&item, "container, container:ro or container:rw", None);
                    continue;
                }
            };
            if let Some(name) = container_name(reader, &item, name) {
                found.push(Spanned::new(format!("{name}{suffix}"), text.span));
            }
        }
    }
    unite(&mut container.raw.volumes_from, found);
}

fn container_name(reader: &Reader, item: &Item, text: &str) -> Option<String> {
    match engine_name(text.trim_start_matches('/')) {
        Ok(name) => Some(name),
        Err(error) => {
            let error = crate::scalar::ScalarError { range: None, ..error };
            reader.report(reader.scalar_error(item, error));
            None
        }
    }
}

/// `{container: alias}`, `[[container, alias], [container, null]]`, or `container[:alias]` items.
fn links(container: &mut Container, reader: &Reader, item: &Item) {
    let mut found = Vec::new();
    let Some(item) = reader.resolve(item) else { return };
    if item.node.as_mapping().is_some() {
        for (key, value) in reader.entries(&item, "links") {
            let alias = if value.node.is_null() { None } else { reader.string(&value) };
            if let Some(target) = container_name(reader, &value, &key.text) {
                found.push(Spanned::new(Link { target, alias }, key.span));
            }
        }
    } else {
        for item in reader.list_or_one(&item) {
            let parts: Vec<Item> = reader.list_or_one(&item);
            let [first, rest @ ..] = parts.as_slice() else { continue };
            let Some(text) = reader.string(first) else { continue };
            let alias = match rest {
                [] => None,
                [alias] if alias.node.is_null() => None,
                [alias] => reader.string(alias),
                [_, ..] => {
                    reader.expected(&item, "[container, alias]", None);
                    continue;
                }
            };
            let (name, inline) = text.split_once(':').map_or((&*text, None), |(n, a)| (n, Some(a)));
            if let Some(target) = container_name(reader, first, name) {
                let alias = alias.or_else(|| inline.map(str::to_owned));
                found.push(Spanned::new(Link { target, alias }, item.span()));
            }
        }
    }
    unite(&mut container.raw.links, found);
}

/// A word of the engine, `container:name`, or the name of a network on the engine.
fn network_mode(container: &mut Container, reader: &Reader, item: &Item) {
    let Some(text) = reader.string(item) else { return };
    let is_outside = text.strip_prefix("container:").is_some_and(|name| !name.is_empty());
    let mode = match text.as_str() {
        "default" | "bridge" => Some(Sharing::Engine("bridge".to_owned())),
        "host" | "none" => Some(Sharing::Engine(text)),
        _ if is_outside => Some(Sharing::Engine(text)),
        _ => reader.parse(item, engine_name).map(Sharing::Network),
    };
    put(&mut container.network_mode, mode.map(|mode| Spanned::new(mode, item.span())));
}

/// A word of the engine, or `container:name`.
fn others(reader: &Reader, item: &Item, words: &[&str]) -> Option<Spanned<Sharing>> {
    let text = reader.string(item)?;
    let is_outside = text.strip_prefix("container:").is_some_and(|name| !name.is_empty());
    if is_outside || words.contains(&text.as_str()) {
        return Some(Spanned::new(Sharing::Engine(text), item.span()));
    }
    let help = "write host, or container: and the container's name on the engine".to_owned();
    reader.expected(item, &format!("{} or container:NAME", words.join(", ")), Some(help));
    None
}

/// Requests of devices; the model has one, of GPUs.
fn device_requests(container: &mut Container, reader: &Reader, item: &Item) {
    let all = reader.list(item, "a list of device requests");
    if let [_, second, ..] = all.as_slice() {
        let found = reader.error(second, "unsupported", "a container has one request of devices");
        reader.report(found.help("put them into one: {count: 2, capabilities: [[gpu]]}"));
        return;
    }
    let Some(first) = all.first() else { return };
    let mut gpus =
        Gpus { count: 0, device_ids: Vec::new(), capabilities: Vec::new(), driver: String::new() };
    if reader.fields(first, &mut gpus, &[REQUEST]) {
        put(&mut container.config.gpus, Some(gpus));
    }
}

const REQUEST: &[Field<Gpus>] = &[
    Field { name: "driver", read: |g, r, i| set(&mut g.driver, r.string(i)) },
    Field { name: "Driver", read: |g, r, i| set(&mut g.driver, r.string(i)) },
    Field { name: "count", read: |g, r, i| set(&mut g.count, resources::gpu_count(r, i)) },
    Field { name: "Count", read: |g, r, i| set(&mut g.count, resources::gpu_count(r, i)) },
    Field { name: "device_ids", read: |g, r, i| g.device_ids = r.strings(i) },
    Field { name: "DeviceIDs", read: |g, r, i| g.device_ids = r.strings(i) },
    Field { name: "capabilities", read: gpu_capabilities },
    Field { name: "Capabilities", read: gpu_capabilities },
    Field { name: "options", read: request_options },
    Field { name: "Options", read: request_options },
];

/// A list of lists: any of them, with all that is in it.
fn gpu_capabilities(gpus: &mut Gpus, reader: &Reader, item: &Item) {
    let all = reader.list(item, "a list of lists of capabilities");
    if let [_, second, ..] = all.as_slice() {
        let found = reader.error(second, "unsupported", "a request has one list of capabilities");
        reader.report(found.help("leave one of them: [[gpu, compute]]"));
    } else if let Some(first) = all.first() {
        gpus.capabilities = reader.strings(first);
    }
}

fn request_options(_: &mut Gpus, reader: &Reader, item: &Item) {
    if item.node.as_mapping().is_some_and(|map| !map.is_empty()) {
        let why = "windlass does not hand on options of a device request";
        let found = reader.error(item, "unsupported", why).at(item.key_span(), "");
        reader.report(found.help("remove them"));
    }
}
