//! `create_options`: the arguments of docker-py's `create_container`.
//!
//! Invariant: a form that docker-py takes means here what it sends for it.

use windlass_model::env::EnvValue;
use windlass_model::healthcheck::{HealthTest, Healthcheck};

use super::super::{lifecycle, network, process, unite};
use super::{host, ports};
use crate::document::{Container, Sharing};
use crate::native::{env, put, set};
use crate::read::{Field, Item, Reader, Spanned};
use crate::scalar::{
    bare_health_duration_ns, domain_name, duration_s, hostname, mac_address, memory, memory_swap,
    signal,
};

pub(super) const FIELDS: &[Field<Container>] = &[
    Field { name: "command", read: |c, r, i| put(&mut c.config.command, process::command(r, i)) },
    Field {
        name: "entrypoint",
        read: |c, r, i| put(&mut c.config.entrypoint, process::command(r, i)),
    },
    Field { name: "environment", read: environment },
    Field { name: "labels", read: labels },
    Field { name: "user", read: |c, r, i| put(&mut c.config.user, process::user(r, i)) },
    Field {
        name: "working_dir",
        read: |c, r, i| put(&mut c.config.workdir, process::container_path(r, i)),
    },
    Field { name: "hostname", read: |c, r, i| put(&mut c.config.hostname, r.parse(i, hostname)) },
    Field {
        name: "domainname",
        read: |c, r, i| put(&mut c.config.domainname, r.parse(i, domain_name)),
    },
    Field { name: "tty", read: |c, r, i| set(&mut c.config.tty, r.bool(i)) },
    Field { name: "stdin_open", read: |c, r, i| set(&mut c.config.stdin_open, r.bool(i)) },
    // windlass attaches to no container that it creates.
    Field {
        name: "detach",
        read: |_, r, i| {
            r.bool(i);
        },
    },
    Field { name: "ports", read: ports::exposed },
    Field { name: "volumes", read: volumes },
    Field {
        name: "network_disabled",
        read: |c, r, i| {
            if r.bool(i) == Some(true) {
                let none = Sharing::Engine("none".to_owned());
                put(&mut c.network_mode, Some(Spanned::new(none, i.span())));
            }
        },
    },
    Field {
        name: "mac_address",
        read: |c, r, i| {
            let address = r.parse(i, mac_address).map(|text| Spanned::new(text, i.span()));
            put(&mut c.raw.mac_address, address);
        },
    },
    Field {
        name: "stop_signal",
        read: |c, r, i| put(&mut c.config.stop_signal, r.parse(i, signal)),
    },
    Field {
        name: "stop_timeout",
        read: |c, r, i| put(&mut c.config.stop_timeout_s, r.parse(i, duration_s)),
    },
    Field { name: "healthcheck", read: healthcheck },
    Field {
        name: "platform",
        read: |c, r, i| put(&mut c.config.platform, r.parse(i, process::platform)),
    },
    Field { name: "runtime", read: |c, r, i| put(&mut c.config.runtime, r.string(i)) },
    // Of docker-py before its version 2.
    Field {
        name: "mem_limit",
        read: |c, r, i| put(&mut c.config.limits.memory_bytes, r.parse(i, memory)),
    },
    Field {
        name: "memswap_limit",
        read: |c, r, i| put(&mut c.config.limits.memory_swap_bytes, r.parse(i, memory_swap)),
    },
    Field { name: "cpu_shares", read: |c, r, i| host::limit(c, r, i, "cpu_shares") },
    Field { name: "cpuset", read: |c, r, i| host::limit(c, r, i, "cpuset_cpus") },
    Field { name: "dns", read: |c, r, i| network::dns(c, r, i) },
    Field { name: "volumes_from", read: host::volumes_from },
];

/// `{NAME: value}`, or `NAME=value` items; nothing is taken from the caller's environment.
fn environment(container: &mut Container, reader: &Reader, item: &Item) {
    let Some(item) = reader.resolve(item) else { return };
    let mut found: Vec<(String, EnvValue)> = Vec::new();
    if item.node.as_mapping().is_some() {
        for (key, value) in reader.entries(&item, "variables") {
            let Some(value) = reader.resolve(&value) else { continue };
            let Some(name) = env::checked(reader, &value, &key.text) else { continue };
            if value.node.is_null() {
                unset(reader, &value, &name);
            } else if let Some(text) = reader.text(&value) {
                found.push((name, env::value(text)));
            }
        }
    } else {
        for item in reader.list(&item, "variables") {
            let Some(text) = reader.string(&item) else { continue };
            let (name, value) = text.split_once('=').map_or((&*text, None), |(n, v)| (n, Some(v)));
            let Some(name) = env::checked(reader, &item, name) else { continue };
            match value {
                Some(value) => found.push((name, EnvValue::Plain(value.to_owned()))),
                None => unset(reader, &item, &name),
            }
        }
    }
    container.config.env.extend(found);
}

/// For an engine, a name without a value takes the image's variable away.
fn unset(reader: &Reader, item: &Item, name: &str) {
    let message = format!("windlass does not take the image's variable \"{name}\" away");
    let found = reader.error(item, "unsupported", message);
    reader.report(found.help(format!("give it a value, such as an empty one: {name}: \"\"")));
}

/// A mapping, or a list of names.
fn labels(container: &mut Container, reader: &Reader, item: &Item) {
    let Some(item) = reader.resolve(item) else { return };
    let mut found = reader.labels(&item);
    if item.node.as_sequence().is_some() {
        // docker-py gives no label of a list a value.
        found = reader.strings(&item).into_iter().map(|name| (name, String::new())).collect();
    }
    container.config.labels.extend(found);
}

/// A path, a list of paths, or a mapping by path.
fn volumes(container: &mut Container, reader: &Reader, item: &Item) {
    let Some(item) = reader.resolve(item) else { return };
    let mut found = Vec::new();
    if item.node.as_mapping().is_some() {
        for (key, value) in reader.entries(&item, "volumes") {
            if key.text.starts_with('/') {
                let path = crate::read::clean(std::path::Path::new(&*key.text));
                found.push(Spanned::new(path, key.span));
            } else {
                let found =
                    reader.error(&value, "bad-value", "a path in the container is absolute");
                reader.report(found.at(key.span, "").help("mount what has a source by `binds`"));
            }
        }
    } else {
        for item in reader.list_or_one(&item) {
            let path = process::container_path(reader, &item);
            found.extend(path.map(|path| Spanned::new(path, item.span())));
        }
    }
    unite(&mut container.raw.volumes, found);
}

/// By docker-py's names or the engine's; numbers are nanoseconds.
fn healthcheck(container: &mut Container, reader: &Reader, item: &Item) {
    let inherited = container.config.healthcheck.take();
    let mut check = inherited.unwrap_or_else(|| Healthcheck::of(HealthTest::Inherit));
    reader.fields(item, &mut check, &[HEALTH]);
    container.config.healthcheck = Some(check).into();
}

const HEALTH: &[Field<Healthcheck>] = &[
    Field { name: "test", read: |h, r, i| set(&mut h.test, test(r, i)) },
    Field { name: "Test", read: |h, r, i| set(&mut h.test, test(r, i)) },
    Field { name: "interval", read: |h, r, i| set(&mut h.interval_ns, nanoseconds(r, i)) },
    Field { name: "Interval", read: |h, r, i| set(&mut h.interval_ns, nanoseconds(r, i)) },
    Field { name: "timeout", read: |h, r, i| set(&mut h.timeout_ns, nanoseconds(r, i)) },
    Field { name: "Timeout", read: |h, r, i| set(&mut h.timeout_ns, nanoseconds(r, i)) },
    Field { name: "retries", read: |h, r, i| set(&mut h.retries, r.integer(i, RETRIES)) },
    Field { name: "Retries", read: |h, r, i| set(&mut h.retries, r.integer(i, RETRIES)) },
    Field { name: "start_period", read: |h, r, i| set(&mut h.start_period_ns, nanoseconds(r, i)) },
    Field { name: "StartPeriod", read: |h, r, i| set(&mut h.start_period_ns, nanoseconds(r, i)) },
];

const RETRIES: &str = "a number of retries";

/// A text is for the shell, whatever it says; a list begins with a word of the engine.
fn test(reader: &Reader, item: &Item) -> Option<HealthTest> {
    let item = reader.resolve(item)?;
    if item.node.as_sequence().is_none() {
        return reader.string(&item).map(HealthTest::Shell);
    }
    if item.node.as_sequence().is_some_and(<[_]>::is_empty) {
        return Some(HealthTest::Inherit);
    }
    lifecycle::health_test(reader, &item)
}

fn nanoseconds(reader: &Reader, item: &Item) -> Option<u64> {
    reader.parse(item, bare_health_duration_ns)
}
