//! `create_options` and `host_config`: the names under which docker-map passed options through.
//!
//! Invariant: every name has the same meaning as the key it stands for; a name without one is an error, never ignored.

use super::super::{env, put, set};
use super::resources::LIMITS;
use super::{lifecycle, network, process, resources, storage};
use crate::document::Container;
use crate::read::{Field, Item, Reader};
use crate::scalar::{memory, memory_swap};

pub(super) const FIELDS: &[Field<Container>] = &[
    Field {
        name: "create_options",
        read: |c, r, i| {
            r.fields(i, c, &[CREATE, process::FIELDS, lifecycle::FIELDS, network::FIELDS]);
        },
    },
    Field {
        name: "host_config",
        read: |c, r, i| {
            r.fields(i, c, &[HOST, resources::FIELDS, network::FIELDS, storage::FIELDS]);
        },
    },
];

const CREATE: &[Field<Container>] = &[
    Field { name: "environment", read: |c, r, i| env::env(r, i, &mut c.config.env) },
    Field {
        name: "working_dir",
        read: |c, r, i| put(&mut c.config.workdir, process::container_path(r, i)),
    },
    Field { name: "detach", read: |_, _, _| {} },
    Field {
        name: "mem_limit",
        read: |c, r, i| put(&mut c.config.limits.memory_bytes, r.parse(i, memory)),
    },
    Field { name: "cpu_shares", read: |c, r, i| limit(c, r, i, "cpu_shares") },
];

const HOST: &[Field<Container>] = &[
    Field {
        name: "restart_policy",
        read: |c, r, i| {
            let field = resources::FIELDS.iter().find(|field| field.name == "restart");
            if let Some(field) = field {
                (field.read)(c, r, i);
            }
        },
    },
    Field {
        name: "mem_limit",
        read: |c, r, i| put(&mut c.config.limits.memory_bytes, r.parse(i, memory)),
    },
    Field {
        name: "memswap_limit",
        read: |c, r, i| put(&mut c.config.limits.memory_swap_bytes, r.parse(i, memory_swap)),
    },
    Field { name: "mem_reservation", read: |c, r, i| limit(c, r, i, "memory_reservation") },
    Field { name: "cpu_shares", read: |c, r, i| limit(c, r, i, "cpu_shares") },
    Field { name: "cpu_period", read: |c, r, i| limit(c, r, i, "cpu_period") },
    Field { name: "cpu_quota", read: |c, r, i| limit(c, r, i, "cpu_quota") },
    Field { name: "cpuset_cpus", read: |c, r, i| limit(c, r, i, "cpuset_cpus") },
    Field { name: "cpuset_mems", read: |c, r, i| limit(c, r, i, "cpuset_mems") },
    Field { name: "pids_limit", read: |c, r, i| limit(c, r, i, "pids") },
    Field { name: "blkio_weight", read: |c, r, i| limit(c, r, i, "blkio_weight") },
    Field {
        name: "log_config",
        read: |c, r, i| {
            let field = resources::FIELDS.iter().find(|field| field.name == "log");
            if let Some(field) = field {
                (field.read)(c, r, i);
            }
        },
    },
    Field { name: "publish_all_ports", read: |c, r, i| set(&mut c.config.publish_all, r.bool(i)) },
    Field { name: "read_only_rootfs", read: |c, r, i| set(&mut c.config.read_only, r.bool(i)) },
    Field {
        name: "userns_mode",
        read: |c, r, i| put(&mut c.config.userns, resources::word(r, i, &["host"])),
    },
];

fn limit(container: &mut Container, reader: &Reader, item: &Item, name: &str) {
    if let Some(field) = LIMITS.iter().find(|field| field.name == name) {
        (field.read)(&mut container.config.limits, reader, item);
    }
}
