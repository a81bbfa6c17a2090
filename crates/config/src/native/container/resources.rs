//! Keys about resources and privileges: limits, restart policy, capabilities, devices, logs.
//!
//! Invariant: sizes are bytes, CPUs billionths, names are spelled the engine's way.

use windlass_model::container::{Device, Gpus, Ulimit};
use windlass_model::limits::{Limits, RestartPolicy};

use super::super::shorthand::{Shape, shapes};
use super::super::{put, set};
use crate::document::Container;
use crate::read::{Field, Item, Reader};
use crate::scalar::{
    ScalarError, capability, check_sysctl, cpu_list, memory, memory_swap, security_option,
    ulimit_name,
};
use crate::yaml::Resolved;

pub(super) const FIELDS: &[Field<Container>] = &[
    Field { name: "restart", read: |c, r, i| set(&mut c.config.restart, restart(r, i)) },
    Field {
        name: "limits",
        read: |c, r, i| {
            r.fields(i, &mut *c.config.limits, &[LIMITS]);
        },
    },
    Field { name: "ulimits", read: ulimits },
    Field { name: "oom_score_adj", read: oom_score },
    Field {
        name: "oom_kill_disable",
        read: |c, r, i| set(&mut c.config.oom_kill_disable, r.bool(i)),
    },
    Field { name: "privileged", read: |c, r, i| set(&mut c.config.privileged, r.bool(i)) },
    Field { name: "cap_add", read: |c, r, i| c.config.cap_add.extend(capabilities(r, i)) },
    Field { name: "cap_drop", read: |c, r, i| c.config.cap_drop.extend(capabilities(r, i)) },
    Field { name: "devices", read: |c, r, i| c.config.devices.extend(devices(r, i)) },
    Field { name: "gpus", read: |c, r, i| put(&mut c.config.gpus, gpus(r, i)) },
    Field { name: "security_opt", read: security },
    Field { name: "sysctls", read: sysctls },
    Field { name: "log", read: |c, r, i| put(&mut c.config.log, super::log::log(r, i)) },
    Field { name: "userns", read: |c, r, i| put(&mut c.config.userns, word(r, i, &["host"])) },
    Field {
        name: "cgroupns",
        read: |c, r, i| put(&mut c.config.cgroupns, word(r, i, &["host", "private"])),
    },
    Field { name: "cgroup_parent", read: |c, r, i| put(&mut c.config.cgroup_parent, r.string(i)) },
];

pub(super) const LIMITS: &[Field<Limits>] = &[
    Field { name: "memory", read: |l, r, i| put(&mut l.memory_bytes, r.parse(i, memory)) },
    Field {
        name: "memory_swap",
        read: |l, r, i| put(&mut l.memory_swap_bytes, r.parse(i, memory_swap)),
    },
    Field {
        name: "memory_reservation",
        read: |l, r, i| put(&mut l.memory_reservation_bytes, r.parse(i, memory)),
    },
    Field { name: "cpus", read: |l, r, i| put(&mut l.nano_cpus, cpus(r, i)) },
    Field { name: "cpu_shares", read: |l, r, i| put(&mut l.cpu_shares, r.integer(i, "a number")) },
    Field {
        name: "cpu_period",
        read: |l, r, i| {
            let what = "microseconds from 1000 to 1000000";
            put(&mut l.cpu_period_us, r.integer_in(i, 1000..=1_000_000, what));
        },
    },
    Field { name: "cpu_quota", read: |l, r, i| put(&mut l.cpu_quota_us, cpu_quota(r, i)) },
    Field { name: "cpuset_cpus", read: |l, r, i| put(&mut l.cpuset_cpus, r.parse(i, cpu_list)) },
    Field { name: "cpuset_mems", read: |l, r, i| put(&mut l.cpuset_mems, r.parse(i, cpu_list)) },
    Field {
        name: "pids",
        read: |l, r, i| {
            put(&mut l.pids, r.integer_in(i, -1..=i64::MAX, "a number, or -1 for no limit"));
        },
    },
    Field {
        name: "blkio_weight",
        read: |l, r, i| {
            put(&mut l.blkio_weight, r.integer_in(i, 10..=1000, "a weight from 10 to 1000"));
        },
    },
];

pub(super) fn oom_score(container: &mut Container, reader: &Reader, item: &Item) {
    let score = reader.integer_in(item, -1000..=1000, "a number from -1000 to 1000");
    put(&mut container.config.oom_score_adj, score);
}

pub(super) fn security(container: &mut Container, reader: &Reader, item: &Item) {
    let items = reader.list_or_one(item);
    let found = items.iter().filter_map(|item| {
        super::seccomp::with_profile(reader, item, reader.parse(item, security_option)?)
    });
    container.config.security_opt.extend(found);
}

fn cpus(reader: &Reader, item: &Item) -> Option<u64> {
    let cpus = reader.float(item, "a number of CPUs such as 1.5")?;
    if !(0.01..=100_000.0).contains(&cpus) {
        let help = "an engine takes 0.01 and more; leave it out for no limit".to_owned();
        reader.expected(item, "a number of CPUs such as 1.5", Some(help));
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range was checked"
    )]
    Some((cpus * 1e9).round() as u64)
}

/// Microseconds of each period; -1 is no limit.
fn cpu_quota(reader: &Reader, item: &Item) -> Option<i64> {
    let what = "microseconds from 1000, or -1 for no limit";
    let quota: i64 = reader.integer_in(item, -1..=i64::MAX, what)?;
    if (0..1000).contains(&quota) {
        reader.expected(item, what, None);
        return None;
    }
    Some(quota)
}

/// One of a few words of the engine.
pub(super) fn word(reader: &Reader, item: &Item, words: &[&str]) -> Option<String> {
    let choices: Vec<_> = words.iter().map(|word| (*word, (*word).to_owned())).collect();
    super::choice(reader, item, &choices)
}

pub(super) fn sysctls(container: &mut Container, reader: &Reader, item: &Item) {
    let pairs = reader.string_pairs(item, "sysctls");
    for (name, _) in &pairs {
        if let Err(error) = check_sysctl(name) {
            let place = item.get(name);
            let found = reader.scalar_error(place.as_ref().unwrap_or(item), error);
            reader.report(match place {
                Some(place) => found.at(place.key_span(), ""),
                None => found,
            });
        }
    }
    container.config.sysctls.extend(pairs);
}

/// `no`, `always`, `unless-stopped`, `on-failure[:n]`, or the engine's `{Name, MaximumRetryCount}`.
pub(super) fn restart(reader: &Reader, item: &Item) -> Option<RestartPolicy> {
    let item = reader.resolve(item)?;
    if item.node.as_mapping().is_some() {
        let mut parts: (Option<String>, u32) = (None, 0);
        reader.fields(&item, &mut parts, &[RESTART]);
        let name = parts.0?;
        if parts.1 > 0 && name != "on-failure" {
            let message = format!("the restart policy {name} has no number of retries");
            let found = reader.error(&item, "bad-value", message);
            reader.report(found.help("write on-failure, or remove the number"));
            return None;
        }
        let text = if name == "on-failure" { format!("{name}:{}", parts.1) } else { name };
        return restart_word(&text).map_err(|e| reader.report(reader.scalar_error(&item, e))).ok();
    }
    if let Some(Resolved::Bool(false)) = item.node.as_scalar().map(crate::yaml::Scalar::resolve) {
        return Some(RestartPolicy::No);
    }
    reader.parse(&item, restart_word)
}

const RESTART: &[Field<(Option<String>, u32)>] = &[
    Field { name: "policy", read: |p, r, i| p.0 = r.string(i) },
    Field { name: "Name", read: |p, r, i| p.0 = r.string(i) },
    Field { name: "retries", read: |p, r, i| set(&mut p.1, r.integer(i, "a number of retries")) },
    Field {
        name: "MaximumRetryCount",
        read: |p, r, i| set(&mut p.1, r.integer(i, "a number of retries")),
    },
];

fn restart_word(text: &str) -> Result<RestartPolicy, ScalarError> {
    match text {
        "no" | "" => return Ok(RestartPolicy::No),
        "always" => return Ok(RestartPolicy::Always),
        "unless-stopped" => return Ok(RestartPolicy::UnlessStopped),
        "on-failure" => return Ok(RestartPolicy::OnFailure(0)),
        _ => {}
    }
    if let Some(count) = text.strip_prefix("on-failure:").and_then(|count| count.parse().ok()) {
        return Ok(RestartPolicy::OnFailure(count));
    }
    let words = ["no", "always", "unless-stopped", "on-failure"];
    let help = crate::read::suggest(text, words).map_or_else(
        || "write no, always, unless-stopped, on-failure or on-failure:3".to_owned(),
        |near| format!("did you mean \"{near}\"?"),
    );
    let message = format!("\"{}\" is not a restart policy", crate::yaml::shorten(text));
    Err(ScalarError::new(message).help(help))
}

/// `{name: n}`, `{name: {soft, hard}}`, or `name=soft[:hard]` items.
pub(super) fn ulimits(container: &mut Container, reader: &Reader, item: &Item) {
    for shape in shapes(reader, item, &["Name", "name"], false) {
        let found = match &shape {
            Shape::Positions(parts) => {
                ulimit(reader, parts).and_then(|found| ulimit_fits(reader, &parts[0], found))
            }
            Shape::Named(item) => {
                let mut raw = RawUlimit::default();
                reader.fields(item, &mut raw, &[RAW_ULIMIT]);
                let limits = Ulimit { soft: raw.soft, hard: raw.hard.unwrap_or(raw.soft) };
                raw.name.and_then(|name| ulimit_fits(reader, item, (name, limits)))
            }
        };
        container.config.ulimits.extend(found);
    }
}

/// The kernel's own names and order; an engine finds out only when it starts the container.
fn ulimit_fits(
    reader: &Reader,
    item: &Item,
    (name, limits): (String, Ulimit),
) -> Option<(String, Ulimit)> {
    let as_height = |limit: i64| if limit == -1 { i64::MAX } else { limit };
    let Ulimit { soft, hard } = limits;
    let error = match ulimit_name(&name) {
        Err(error) => error,
        Ok(_) if soft < -1 || hard < -1 => {
            ScalarError::new(format!("the ulimit {name} is negative"))
                .help("write a number from 0, or -1 (unlimited)")
        }
        Ok(_) if as_height(soft) > as_height(hard) => {
            let message = format!("the soft limit of {name} is over the hard one");
            ScalarError::new(message).help(format!("write {{soft: {soft}, hard: {soft}}}"))
        }
        Ok(name) => return Some((name, limits)),
    };
    reader.report(reader.scalar_error(item, error));
    None
}

#[derive(Default)]
struct RawUlimit {
    name: Option<String>,
    soft: i64,
    hard: Option<i64>,
}

const RAW_ULIMIT: &[Field<RawUlimit>] = &[
    Field { name: "Name", read: |u, r, i| u.name = r.string(i) },
    Field { name: "name", read: |u, r, i| u.name = r.string(i) },
    Field { name: "soft", read: |u, r, i| set(&mut u.soft, r.integer(i, "a limit")) },
    Field { name: "Soft", read: |u, r, i| set(&mut u.soft, r.integer(i, "a limit")) },
    Field { name: "hard", read: |u, r, i| u.hard = r.integer(i, "a limit") },
    Field { name: "Hard", read: |u, r, i| u.hard = r.integer(i, "a limit") },
];

fn ulimit(reader: &Reader, parts: &[Item]) -> Option<(String, Ulimit)> {
    let (first, rest) = parts.split_first()?;
    let text = reader.string(first)?;
    if let Some(value) = rest.first() {
        if value.node.as_mapping().is_some() {
            let mut raw = RawUlimit::default();
            reader.fields(value, &mut raw, &[RAW_ULIMIT]);
            return Some((text, Ulimit { soft: raw.soft, hard: raw.hard.unwrap_or(raw.soft) }));
        }
        return Some((text, reader.parse(value, limit_pair)?));
    }
    let Some((name, limits)) = text.split_once('=') else {
        reader.expected(first, "name=limit", None);
        return None;
    };
    let limits =
        limit_pair(limits).map_err(|error| reader.report(reader.scalar_error(first, error)));
    Some((name.to_owned(), limits.ok()?))
}

fn limit_pair(text: &str) -> Result<Ulimit, ScalarError> {
    let (soft, hard) = text.split_once(':').unwrap_or((text, text));
    let number = |part: &str| match part {
        "unlimited" => Ok(-1),
        part => part.parse().map_err(|_| {
            let message = format!("\"{}\" is not a limit", crate::yaml::shorten(part));
            ScalarError::new(message).help("write 1024, \"1024:2048\" or unlimited")
        }),
    };
    Ok(Ulimit { soft: number(soft)?, hard: number(hard)? })
}

pub(super) fn capabilities(reader: &Reader, item: &Item) -> Vec<String> {
    let items = reader.list_or_one(item);
    items.iter().filter_map(|item| reader.parse(item, capability)).collect()
}

/// `/dev/a[:/dev/b[:rwm]]`, or a mapping.
pub(super) fn devices(reader: &Reader, item: &Item) -> Vec<Device> {
    let items = reader.list_or_one(item);
    items.iter().filter_map(|item| device(reader, item)).collect()
}

fn device(reader: &Reader, item: &Item) -> Option<Device> {
    if item.node.as_mapping().is_some() {
        let mut parts = (None, None, "rwm".to_owned());
        reader.fields(item, &mut parts, &[DEVICE]);
        let Some(host_path) = parts.0 else {
            let found = reader.error(item, "missing-key", "the key \"host_path\" is missing");
            reader.report(found.help("name the device on the host"));
            return None;
        };
        let path = parts.1.unwrap_or_else(|| host_path.clone());
        return checked_device(reader, item, &host_path, &path, &parts.2);
    }
    let text = reader.string(item)?;
    let mut parts = text.split(':');
    let host_path = parts.next().unwrap_or("").to_owned();
    let second = parts.next();
    let (path, permissions) = match (second, parts.next()) {
        (Some(flags), None) if !flags.starts_with('/') => (None, Some(flags)),
        (path, permissions) => (path, permissions),
    };
    if parts.next().is_some() {
        reader.expected(item, "a device", Some(DEVICE_HELP.to_owned()));
        return None;
    }
    let path = path.unwrap_or(&host_path);
    checked_device(reader, item, &host_path, path, permissions.unwrap_or("rwm"))
}

const DEVICE_HELP: &str = "write \"/dev/host:/dev/container:rwm\"";

fn checked_device(
    reader: &Reader,
    item: &Item,
    host_path: &str,
    path: &str,
    permissions: &str,
) -> Option<Device> {
    let known = !permissions.is_empty() && permissions.chars().all(|c| "rwm".contains(c));
    if !host_path.starts_with('/') || !path.starts_with('/') || !known {
        reader.expected(item, "a device", Some(DEVICE_HELP.to_owned()));
        return None;
    }
    let permissions = "rwm".chars().filter(|c| permissions.contains(*c)).collect();
    Some(Device { host_path: host_path.to_owned(), path: path.to_owned(), permissions })
}

type DeviceParts = (Option<String>, Option<String>, String);

const DEVICE: &[Field<DeviceParts>] = &[
    Field { name: "host_path", read: |d, r, i| d.0 = r.string(i) },
    Field { name: "PathOnHost", read: |d, r, i| d.0 = r.string(i) },
    Field { name: "path", read: |d, r, i| d.1 = r.string(i) },
    Field { name: "PathInContainer", read: |d, r, i| d.1 = r.string(i) },
    Field { name: "permissions", read: |d, r, i| set(&mut d.2, r.string(i)) },
    Field { name: "CgroupPermissions", read: |d, r, i| set(&mut d.2, r.string(i)) },
];

/// `all`, a number, or `{count, device_ids, capabilities, driver}`.
fn gpus(reader: &Reader, item: &Item) -> Option<Gpus> {
    let item = reader.resolve(item)?;
    let mut gpus =
        Gpus { count: -1, device_ids: Vec::new(), capabilities: Vec::new(), driver: String::new() };
    if item.node.as_mapping().is_some() {
        reader.fields(&item, &mut gpus, &[GPUS]);
        return Some(gpus);
    }
    gpus.count = gpu_count(reader, &item)?;
    Some(gpus)
}

pub(super) fn gpu_count(reader: &Reader, item: &Item) -> Option<i64> {
    let all = item.node.as_scalar().is_some_and(|scalar| &*scalar.text == "all");
    if all { Some(-1) } else { reader.integer_in(item, -1..=1024, "a number of GPUs, or all") }
}

const GPUS: &[Field<Gpus>] = &[
    Field { name: "count", read: |g, r, i| set(&mut g.count, gpu_count(r, i)) },
    Field {
        name: "device_ids",
        read: |g, r, i| {
            g.device_ids = r.strings(i);
            g.count = 0;
        },
    },
    Field { name: "capabilities", read: |g, r, i| g.capabilities = r.strings(i) },
    Field { name: "driver", read: |g, r, i| set(&mut g.driver, r.string(i)) },
];
