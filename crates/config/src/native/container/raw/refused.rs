//! Arguments of docker-py that windlass does not carry out, each with the reason.
//!
//! Invariant: what would change how a container runs is an error; what no engine of Linux heeds is a warning.

use crate::Diagnostic;
use crate::document::Container;
use crate::read::{Field, Item, Reader};
use crate::yaml::{Resolved, Scalar};

pub(super) const CREATE: &[Field<Container>] = &[
    Field {
        name: "image",
        read: |_, r, i| refuse(r, i, "a container's image is not an option", "write it as `image`"),
    },
    Field {
        name: "name",
        read: |_, r, i| {
            refuse(
                r,
                i,
                "a container is called after the project and its key",
                "remove it: the key is the name",
            );
        },
    },
    Field {
        name: "host_config",
        read: |_, r, i| {
            refuse(
                r,
                i,
                "`host_config` is no option, but a key of the container",
                "write it beside `create_options`",
            );
        },
    },
    Field {
        name: "networking_config",
        read: |_, r, i| {
            refuse(
                r,
                i,
                "a container's endpoints are not an option",
                "write them as `networks`: {NETWORK: {aliases: [..], ipv4_address: ..}}",
            );
        },
    },
    Field {
        name: "use_config_proxy",
        read: |_, r, i| {
            if r.bool(i) == Some(true) {
                let why = "the proxies of the Docker client's configuration are not handed on";
                no_effect(r, i, why, "write them in `environment`: {HTTP_PROXY: ..}");
            }
        },
    },
];

pub(super) const HOST: &[Field<Container>] = &[
    Field {
        name: "auto_remove",
        read: |_, r, i| {
            if r.bool(i) == Some(true) {
                let why = "windlass keeps a container that has ended, to see how it ended";
                refuse(r, i, why, "remove it; `windlass rm` removes containers");
            }
        },
    },
    Field { name: "blkio_weight_device", read: of_device },
    Field { name: "device_read_bps", read: of_device },
    Field { name: "device_write_bps", read: of_device },
    Field { name: "device_read_iops", read: of_device },
    Field { name: "device_write_iops", read: of_device },
    Field { name: "cpu_count", read: of_windows },
    Field { name: "cpu_percent", read: of_windows },
    Field { name: "cpu_rt_period", read: real_time },
    Field { name: "cpu_rt_runtime", read: real_time },
    Field {
        name: "device_cgroup_rules",
        read: |_, r, i| {
            let why = "windlass does not give rules for devices that are not there yet";
            refuse(r, i, why, "name the devices under `devices`");
        },
    },
    Field {
        name: "init_path",
        read: |_, r, i| {
            let why = "no engine since API 1.29 takes the path of an init";
            refuse(r, i, why, "write `init: true`, which runs the engine's own");
        },
    },
    Field {
        name: "isolation",
        read: |_, r, i| {
            if r.string(i).is_some_and(|text| text != "default") {
                let why = "there is no isolation but `default` on engines of Linux";
                refuse(r, i, why, "remove it");
            }
        },
    },
    Field {
        name: "kernel_memory",
        read: |_, r, i| {
            let why = "engines since 23.0 do not limit the kernel's memory apart";
            no_effect(r, i, why, "remove it: `mem_limit` counts the kernel's memory, too");
        },
    },
    Field {
        name: "lxc_conf",
        read: |_, r, i| {
            no_effect(r, i, "engines since 1.10 do not run containers by LXC", "remove it");
        },
    },
    Field {
        name: "mem_swappiness",
        read: |_, r, i| {
            let why = "a container has no swappiness of its own where cgroups are of version 2";
            refuse(r, i, why, "remove it; `memswap_limit` as high as `mem_limit` is without swap");
        },
    },
    Field {
        name: "storage_opt",
        read: |_, r, i| {
            let why = "windlass does not set options of the engine's storage driver";
            refuse(r, i, why, "set them on the engine, for all containers (`storage-opts`)");
        },
    },
    Field {
        name: "volume_driver",
        read: |_, r, i| {
            let why = "a volume has its driver where it is declared";
            refuse(r, i, why, "write `driver` under `volumes`, and attach that volume");
        },
    },
];

fn of_device(_: &mut Container, reader: &Reader, item: &Item) {
    let why = "windlass does not limit single devices";
    refuse(reader, item, why, "`blkio_weight` is for all devices of a container");
}

fn of_windows(_: &mut Container, reader: &Reader, item: &Item) {
    let why = "only engines of Windows heed it";
    no_effect(reader, item, why, "write `nano_cpus` or `cpu_shares`");
}

fn real_time(_: &mut Container, reader: &Reader, item: &Item) {
    let why = "windlass gives no real-time CPU, which kernels have only with cgroups of version 1";
    refuse(reader, item, why, "write `cpu_shares` or `nano_cpus`");
}

fn refuse(reader: &Reader, item: &Item, why: &str, help: &str) {
    let found = reader.error(item, "unsupported", why).at(item.key_span(), "");
    reader.report(found.help(help));
}

fn no_effect(reader: &Reader, item: &Item, why: &str, help: &str) {
    let is_off = item.node.as_scalar().map(Scalar::resolve) == Some(Resolved::Bool(false));
    if !is_off {
        let found = Diagnostic::warning("no-effect", why).at(item.key_span(), "");
        reader.report(found.in_path(item.path.to_string()).help(help));
    }
}
