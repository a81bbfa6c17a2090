//! Containers in long form.
//!
//! Invariant: every field of the spec and of its configuration is here, or is named as left out.

use serde_json::{Value, json};
use windlass::model::container::{ContainerConfig, ContainerSpec, Device, Gpus, LogConfig, Ulimit};
use windlass::model::endpoint::{Endpoint, NetworkMode};
use windlass::model::env::EnvValue;
use windlass::model::healthcheck::{HealthTest, Healthcheck};
use windlass::model::limits::{Limits, RestartPolicy};
use windlass::model::mount::{Mount, MountSource};
use windlass::model::port::PublishedPort;
use windlass::model::project::Project;
use windlass::model::secret::SecretMount;
use windlass::model::update::{UpdateOrder, UpdateSpec};
use windlass::model::wait::{ExecPolicy, ExecSpec, WaitCondition, WaitSpec};

use super::{Entries, image, milliseconds, mode, outside};

/// One container, which may be on several engines. What it is there is what it is on the first of them.
pub(super) fn container(specs: &[&ContainerSpec], project: &Project) -> Value {
    let [spec, others @ ..] = specs else { return Value::Null };
    let ContainerSpec {
        address,
        key: _,
        instance: _,
        name: _,
        image,
        pull,
        config,
        secrets,
        depends_on,
        wait,
        update,
        exec_commands,
        start_delay_ms,
        persistent,
        profiles,
        // As templates, in `written`.
        needs: _,
    } = spec;
    let mut out = Entries::default();
    out.put("image", image.to_string());
    if !(address.engine.is_default() && others.is_empty()) {
        out.list("engines", specs.iter().map(|spec| spec.address.engine.as_str()));
    }
    out.some("pull", image::pull(*pull));
    self::config(&mut out, config, project);
    out.list("secrets", secrets.iter().map(secret));
    super::depends_on(&mut out, depends_on);
    out.some("wait", wait.as_ref().map(self::wait));
    if *update != UpdateSpec::default() {
        out.put("update", self::update(update));
    }
    out.list("exec_commands", exec_commands.iter().map(exec));
    if *start_delay_ms > 0 {
        out.put("start_delay", milliseconds(*start_delay_ms));
    }
    out.flag("persistent", *persistent);
    out.list("profiles", profiles.iter().map(String::as_str));
    out.done()
}

/// What an engine is told about a container, or a task.
pub(super) fn config(out: &mut Entries, config: &ContainerConfig, project: &Project) {
    process(out, config);
    network(out, config, project);
    storage(out, config, project);
    resources(out, config);
    isolation(out, config);
    for (key, value) in [
        ("create_options", outside::create_options(config, project)),
        ("host_config", outside::host_config(config, project)),
    ] {
        if value != json!({}) {
            out.put(key, value);
        }
    }
}

fn process(out: &mut Entries, config: &ContainerConfig) {
    let words = |words: &Option<Vec<String>>| words.as_ref().map(|words| json!(words));
    out.some("command", words(&config.command));
    out.some("entrypoint", words(&config.entrypoint));
    let env = config.env.iter().map(|(name, value)| {
        let value = match value {
            EnvValue::Plain(text) => text.as_str(),
            EnvValue::Sensitive(_) | EnvValue::Withheld => "(secret)",
        };
        (name.clone(), value.into())
    });
    out.section("env", env);
    out.texts("labels", &config.labels);
    out.some("user", config.user.as_deref());
    out.list("group_add", config.group_add.iter().map(String::as_str));
    out.some("workdir", config.workdir.as_deref());
    out.some("hostname", config.hostname.as_deref());
    out.some("domainname", config.domainname.as_deref());
    out.flag("tty", config.tty);
    out.flag("stdin_open", config.stdin_open);
    out.some("stop_signal", config.stop_signal.as_deref());
    out.some("stop_timeout", config.stop_timeout_s.map(|seconds| format!("{seconds}s")));
    out.some("healthcheck", config.healthcheck.as_ref().map(healthcheck));
}

pub(super) fn healthcheck(check: &Healthcheck) -> Value {
    let Healthcheck { test, interval_ns, timeout_ns, start_period_ns, start_interval_ns, retries } =
        check;
    let mut out = Entries::default();
    match test {
        HealthTest::Inherit => {}
        HealthTest::Disabled => out.put("disable", true),
        HealthTest::Exec(argv) => {
            let words = std::iter::once("CMD").chain(argv.iter().map(String::as_str));
            out.list("test", words);
        }
        HealthTest::Shell(line) => out.list("test", ["CMD-SHELL", line.as_str()]),
    }
    for (key, value) in [
        ("interval", interval_ns),
        ("timeout", timeout_ns),
        ("start_period", start_period_ns),
        ("start_interval", start_interval_ns),
    ] {
        if value.is_multiple_of(1_000_000) {
            out.some(key, (*value > 0).then(|| milliseconds(value / 1_000_000)));
        } else {
            out.put(key, format!("{value}ns"));
        }
    }
    out.some("retries", (*retries > 0).then_some(*retries));
    out.done()
}

fn network(out: &mut Entries, config: &ContainerConfig, project: &Project) {
    out.list("exposes", config.exposed.iter().map(ToString::to_string));
    out.list("ports", config.published.iter().map(port));
    out.flag("publish_all", config.publish_all);
    match &config.network_mode {
        // Without a word it would be on the network that the file declares as everybody's.
        NetworkMode::Bridge if project.networks.contains_key("default") => {
            out.put("network_mode", "bridge");
        }
        NetworkMode::Bridge | NetworkMode::Networks => {}
        NetworkMode::Host => out.put("network_mode", "host"),
        NetworkMode::None => out.put("network_mode", "none"),
        NetworkMode::Container(name) => out.put("network_mode", format!("container:{name}")),
    }
    let key = |name: &String| {
        let declared = project.networks.values().find(|network| network.name == *name);
        declared.map_or_else(|| name.clone(), |network| network.key.clone())
    };
    let endpoints = config.endpoints.iter();
    let endpoints = endpoints.filter(|(name, _)| !outside::is_network(name, project));
    out.section("networks", endpoints.map(|(name, at)| (key(name), endpoint(at, project))));
    let links = config.links.iter().filter(|link| !outside::is_container(link, project));
    out.list("links", links.map(|link| declared(link, project)));
    out.list("dns", config.dns.iter().map(String::as_str));
    out.list("dns_search", config.dns_search.iter().map(String::as_str));
    out.list("dns_options", config.dns_options.iter().map(String::as_str));
    out.list("extra_hosts", config.extra_hosts.iter().map(String::as_str));
}

/// `container[:rest]` as the file names the container, not as the engine does.
fn declared(text: &str, project: &Project) -> String {
    let (name, rest) = text.split_once(':').map_or((text, None), |(name, rest)| (name, Some(rest)));
    let container = project.containers.values().find(|container| container.name == name);
    let name = container.map_or(name, |container| container.address.name.as_str());
    rest.map_or_else(|| name.to_owned(), |rest| format!("{name}:{rest}"))
}

fn port(port: &PublishedPort) -> Value {
    let mut out = Entries::default();
    out.put("target", port.target);
    out.some("published", port.published);
    out.some("host_ip", port.host_ip.map(|ip| ip.to_string()));
    out.put("protocol", port.protocol.as_str());
    out.done()
}

fn endpoint(endpoint: &Endpoint, project: &Project) -> Value {
    let Endpoint { aliases, ipv4, ipv6, link_local_ips, links, mac_address } = endpoint;
    let mut out = Entries::default();
    out.list("aliases", aliases.iter().map(String::as_str));
    out.some("ipv4_address", ipv4.as_deref());
    out.some("ipv6_address", ipv6.as_deref());
    out.list("link_local_ips", link_local_ips.iter().map(String::as_str));
    let links = links.iter().filter(|link| !outside::is_container(link, project));
    out.list("links", links.map(|link| declared(link, project)));
    out.some("mac_address", mac_address.as_deref());
    out.done()
}

fn storage(out: &mut Entries, config: &ContainerConfig, project: &Project) {
    let mounts = config.mounts.iter().filter(|(_, at)| !outside::is_volume(at, project));
    out.list("mounts", mounts.map(|(target, at)| mount(target, at, project)));
    out.texts("tmpfs", &config.tmpfs);
    let others = config.volumes_from.iter().filter(|from| !outside::is_container(from, project));
    out.list(
        "uses",
        others.map(|from| match from.split_once(':') {
            Some((name, mode)) => json!({declared(name, project): mode}),
            None => json!(declared(from, project)),
        }),
    );
    out.some("shm_size", config.shm_size_bytes);
    out.flag("read_only", config.read_only);
}

fn mount(target: &str, mount: &Mount, project: &Project) -> Value {
    let Mount { source, read_only, propagation, no_copy, create_host_path } = mount;
    let mut out = Entries::default();
    match source {
        MountSource::Volume(name) => {
            let declared = project.volumes.values().find(|volume| volume.name == *name);
            out.put("type", "volume");
            out.put("source", declared.map_or(name.as_str(), |volume| volume.key.as_str()));
        }
        MountSource::Bind(path) => {
            out.put("type", "bind");
            out.put("source", path.as_str());
        }
        MountSource::Anonymous => out.put("type", "volume"),
    }
    out.put("target", target);
    out.flag("read_only", *read_only);
    out.some("propagation", propagation.as_deref());
    out.flag("no_copy", *no_copy);
    out.flag("create_host_path", *create_host_path);
    out.done()
}

fn resources(out: &mut Entries, config: &ContainerConfig) {
    if config.restart != RestartPolicy::No {
        out.put("restart", config.restart.to_string());
    }
    let limits = limits(&config.limits);
    if limits != json!({}) {
        out.put("limits", limits);
    }
    let ulimits = config.ulimits.iter();
    out.section(
        "ulimits",
        ulimits.map(|(name, Ulimit { soft, hard })| {
            (name.clone(), json!({"soft": soft, "hard": hard}))
        }),
    );
    out.some("oom_score_adj", config.oom_score_adj);
    out.flag("oom_kill_disable", config.oom_kill_disable);
}

fn limits(limits: &Limits) -> Value {
    let Limits {
        memory_bytes,
        memory_swap_bytes,
        memory_reservation_bytes,
        nano_cpus,
        cpu_shares,
        cpu_period_us,
        cpu_quota_us,
        cpuset_cpus,
        cpuset_mems,
        pids,
        blkio_weight,
    } = limits;
    let mut out = Entries::default();
    out.some("memory", *memory_bytes);
    out.some("memory_swap", *memory_swap_bytes);
    out.some("memory_reservation", *memory_reservation_bytes);
    out.some("cpus", nano_cpus.map(cpus));
    out.some("cpu_shares", *cpu_shares);
    out.some("cpu_period", *cpu_period_us);
    out.some("cpu_quota", *cpu_quota_us);
    out.some("cpuset_cpus", cpuset_cpus.as_deref());
    out.some("cpuset_mems", cpuset_mems.as_deref());
    out.some("pids", *pids);
    out.some("blkio_weight", *blkio_weight);
    out.done()
}

/// Billionths as a decimal number: `1.5`.
fn cpus(nano: u64) -> String {
    let text = format!("{}.{:09}", nano / 1_000_000_000, nano % 1_000_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn isolation(out: &mut Entries, config: &ContainerConfig) {
    out.flag("privileged", config.privileged);
    out.list("cap_add", config.cap_add.iter().map(String::as_str));
    out.list("cap_drop", config.cap_drop.iter().map(String::as_str));
    out.list(
        "devices",
        config.devices.iter().map(|Device { host_path, path, permissions }| {
            json!({"host_path": host_path, "path": path, "permissions": permissions})
        }),
    );
    if let Some(Gpus { count, device_ids, capabilities, driver }) = &*config.gpus {
        let mut gpus = Entries::default();
        gpus.put("count", *count);
        gpus.list("device_ids", device_ids.iter().map(String::as_str));
        gpus.list("capabilities", capabilities.iter().map(String::as_str));
        gpus.some("driver", (!driver.is_empty()).then_some(driver.as_str()));
        out.put("gpus", gpus.done());
    }
    out.list("security_opt", config.security_opt.iter().map(String::as_str));
    out.texts("sysctls", &config.sysctls);
    out.some("init", config.init);
    for (key, value) in [
        ("pid", &config.pid),
        ("ipc", &config.ipc),
        ("uts", &config.uts),
        ("userns", &config.userns),
        ("cgroupns", &config.cgroupns),
        ("cgroup_parent", &config.cgroup_parent),
        ("runtime", &config.runtime),
        ("platform", &config.platform),
    ] {
        out.some(key, value.as_deref());
    }
    if let Some(LogConfig { driver, options }) = &*config.log {
        let mut log = Entries::default();
        log.put("driver", driver.as_str());
        log.texts("options", options);
        out.put("log", log.done());
    }
}

fn secret(mount: &SecretMount) -> Value {
    let SecretMount { secret, target, uid, gid, mode: bits } = mount;
    json!({"secret": secret, "target": target, "uid": uid, "gid": gid, "mode": mode(*bits)})
}

fn wait(wait: &WaitSpec) -> Value {
    let WaitSpec { conditions, timeout_ms, interval_ms } = wait;
    let mut lists = [const { Vec::new() }; 4];
    let mut values = Vec::new();
    let mut commands = Vec::new();
    let mut out = Entries::default();
    for condition in conditions {
        match condition {
            WaitCondition::FileExists(path) => lists[0].push(json!(path)),
            WaitCondition::FileValue { path, value } => {
                values.push((path.clone(), value.as_str().into()));
            }
            WaitCondition::PortOpen(port) => lists[1].push(json!(port)),
            WaitCondition::Http { port, path } => {
                lists[2].push(json!({"port": port, "path": path}));
            }
            WaitCondition::Command(argv) => commands.push(json!(argv)),
            WaitCondition::Log(text) => lists[3].push(json!(text)),
        }
    }
    for (key, list) in ["file_exists", "port_open", "http", "log"].into_iter().zip(lists) {
        out.list(key, list);
    }
    match commands.as_slice() {
        [only] => out.put("command", only.clone()),
        _ => out.list("commands", commands),
    }
    out.section("file_value", values);
    out.put("timeout", milliseconds(*timeout_ms));
    out.put("interval", milliseconds(*interval_ms));
    out.done()
}

fn update(update: &UpdateSpec) -> Value {
    let UpdateSpec { order, healthy_within_ms, rollback, stable_for_ms } = update;
    let mut out = Entries::default();
    out.put(
        "order",
        match order {
            UpdateOrder::StopFirst => "stop-first",
            UpdateOrder::StartFirst => "start-first",
        },
    );
    out.some("healthy_within", healthy_within_ms.map(milliseconds));
    out.put("rollback", *rollback);
    out.some("stable_for", stable_for_ms.map(milliseconds));
    out.done()
}

fn exec(exec: &ExecSpec) -> Value {
    let ExecSpec { argv, user, workdir, env, policy } = exec;
    let mut out = Entries::default();
    out.put("command", json!(argv));
    out.some("user", user.as_deref());
    out.some("workdir", workdir.as_deref());
    out.texts("env", env);
    out.put(
        "policy",
        match policy {
            ExecPolicy::Initial => "initial",
            ExecPolicy::Restart => "restart",
        },
    );
    out.done()
}
