//! From an inspected container to what the planner compares.
//!
//! Invariant: two containers made of one `ContainerConfig`, on whatever engines, are equal here.

use std::collections::{BTreeMap, BTreeSet};

use windlass_model::container::{ContainerConfig, Device, Gpus, LogConfig, Ulimit};
use windlass_model::endpoint::NetworkMode;
use windlass_model::label::{Owner, without_own};
use windlass_model::mount::MountSource;
use windlass_model::name::{ContainerId, EngineName, NetworkId};
use windlass_model::observed::{ObservedContainer, State};

use super::process::{env_observed, exposed_ports, signal_name};
use super::{
    container_owner, endpoint, health, image_id, limits, list, mount, port, text, time,
    unless_filled,
};
use crate::docker::document::container::{
    Config, EndpointSettings, Inspect, MountPoint, NetworkSettings,
};
use crate::docker::document::host::{self, HostConfig};
use crate::docker::document::{Loose, Words};

/// What engines give to `/dev/shm` when nobody says otherwise.
const DEFAULT_SHM: u64 = 64 * 1024 * 1024;

/// The ids of other containers whose namespaces this one shares, whose names are wanted.
pub(crate) fn referenced_containers(document: &Inspect) -> Vec<String> {
    let Some(host) = &document.host_config else { return Vec::new() };
    let modes = [&host.network_mode, &host.pid_mode, &host.ipc_mode];
    let ids = modes.into_iter().filter_map(|mode| mode.as_deref()?.strip_prefix("container:"));
    let mut ids: Vec<String> = ids.filter(|id| id.len() == 64).map(str::to_owned).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// `names` holds the names of other containers, by id, as far as they are known.
pub(crate) fn container_observed(
    engine: &EngineName,
    document: Inspect,
    names: &BTreeMap<String, String>,
) -> ObservedContainer {
    let Inspect {
        id,
        name,
        image,
        restart_count,
        state,
        config,
        host_config,
        network_settings,
        mounts,
    } = document;
    let (config, state) = (config.unwrap_or_default(), state.unwrap_or_default());
    let labels = config.labels.clone().unwrap_or_default();
    let owner = container_owner(engine, &labels);
    let asked: Option<ContainerConfig> = owner.as_ref().and_then(Owner::spec);
    let reference = list::familiar(config.image.clone().unwrap_or_default());
    let networks = Networks::of(network_settings);
    let view = View { id: &id, names, asked: asked.as_ref() };
    let observed = view.config(config, host_config.unwrap_or_default(), networks.settings);
    let doing = list::state_of(&state.status.unwrap_or_default());
    let checks = matches!(doing, State::Running | State::Paused);
    ObservedContainer {
        name: name.unwrap_or_default().trim_start_matches('/').to_owned(),
        image_id: image_id(&image.unwrap_or_default()),
        image: reference,
        state: doing,
        health: health::state(state.health.as_ref()).filter(|_| checks),
        health_checked_at: health::last_check(state.health.as_ref()),
        health_output: health::last_failure(state.health),
        exit_code: state.exit_code.unwrap_or_default(),
        error: state.error.unwrap_or_default(),
        oom_killed: state.oom_killed.unwrap_or_default(),
        restart_count: restart_count.and_then(|n| n.try_into().ok()).unwrap_or_default(),
        started_at: time::moment(state.started_at),
        owner,
        anonymous_volumes: anonymous_volumes(&observed, mounts),
        config: observed,
        network_ids: networks.ids,
        addresses: networks.addresses,
        id: ContainerId::new(id),
    }
}

struct Networks {
    settings: BTreeMap<String, EndpointSettings>,
    ids: BTreeMap<String, NetworkId>,
    addresses: BTreeMap<String, String>,
}

impl Networks {
    fn of(settings: Option<NetworkSettings>) -> Self {
        let settings = settings.and_then(|settings| settings.networks).unwrap_or_default();
        let settings: BTreeMap<_, _> = settings
            .into_iter()
            .map(|(name, endpoint)| (name, endpoint.unwrap_or_default()))
            .collect();
        // A container that was never started may have no id here, and podman writes the name.
        let ids = settings
            .iter()
            .filter_map(|(name, endpoint)| {
                let id = endpoint.network_id.clone().filter(|id| id.len() == 64)?;
                Some((name.clone(), NetworkId::new(id)))
            })
            .collect();
        let addresses = settings.iter().filter_map(|(name, endpoint)| {
            let all = [&endpoint.ip_address, &endpoint.global_ipv6_address];
            let address = all.into_iter().flatten().find(|address| !address.is_empty())?;
            Some((name.clone(), address.clone()))
        });
        let addresses = addresses.collect();
        Self { settings, ids, addresses }
    }
}

/// The names of anonymous volumes, by target.
pub(crate) fn anonymous_volumes(
    config: &ContainerConfig,
    mounts: Option<Vec<MountPoint>>,
) -> BTreeMap<String, String> {
    let anonymous = |target: &str| {
        config.mounts.get(target).is_some_and(|mount| mount.source == MountSource::Anonymous)
    };
    mounts
        .into_iter()
        .flatten()
        .filter_map(|mount| Some((mount.destination?, text(mount.name)?)))
        .filter(|(target, _)| anonymous(target))
        .collect()
}

/// What is known besides the documents themselves.
struct View<'a> {
    id: &'a str,
    names: &'a BTreeMap<String, String>,
    asked: Option<&'a ContainerConfig>,
}

impl View<'_> {
    /// Whether a field was asked for; `None` where nobody knows what was asked.
    fn asked<T>(&self, field: impl FnOnce(&ContainerConfig) -> &Option<T>) -> Option<bool> {
        self.asked.map(|config| field(config).is_some())
    }

    fn config(
        &self,
        config: Config,
        host: HostConfig,
        networks: BTreeMap<String, EndpointSettings>,
    ) -> ContainerConfig {
        let asked = self.asked;
        let mode = host.network_mode.as_deref();
        let asked_endpoints = asked.map(|config| &config.endpoints);
        let (mode, endpoints) = endpoint::mode_observed(mode, networks, self.id, asked_endpoints);
        let mounts = mount::observed(host.mounts, host.binds, host.tmpfs, config.volumes);
        let published = port::published(host.port_bindings);
        let mut exposed = exposed_ports(config.exposed_ports);
        exposed.retain(|exposed| !published.iter().any(|port| port.exposed() == *exposed));
        let privileged = host.privileged.unwrap_or_default();
        let unconfined =
            privileged || is_host(host.pid_mode.as_ref()) || is_host(host.ipc_mode.as_ref());
        let own_names =
            self.own_names(config.hostname, config.domainname, &mode, host.uts_mode.as_ref());
        ContainerConfig {
            command: config.cmd.map(Words::into_vec),
            entrypoint: config.entrypoint.map(Words::into_vec).into(),
            env: env_observed(config.env),
            labels: without_own(&config.labels.unwrap_or_default()).into(),
            user: text(config.user).into(),
            group_add: host.group_add.into_iter().flatten().collect(),
            workdir: text(config.working_dir).into(),
            hostname: own_names.0,
            domainname: own_names.1.into(),
            tty: config.tty.unwrap_or_default(),
            stdin_open: config.open_stdin.unwrap_or_default(),
            stop_signal: text(config.stop_signal.map(Loose::into_text)).map(|n| signal_name(&n)),
            stop_timeout_s: self.stop_timeout(config.stop_timeout),
            healthcheck: config.healthcheck.and_then(health::observed).into(),
            exposed: exposed.into(),
            published: published.into(),
            publish_all: host.publish_all_ports.unwrap_or_default(),
            network_mode: self.named_mode(mode),
            endpoints,
            links: endpoint::links_observed(host.links).into(),
            dns: host.dns.unwrap_or_default().into(),
            dns_search: host.dns_search.unwrap_or_default().into(),
            dns_options: host.dns_options.unwrap_or_default().into(),
            extra_hosts: host.extra_hosts.into_iter().flatten().collect(),
            mounts: mounts.mounts.into(),
            tmpfs: self.tmpfs(mounts.tmpfs).into(),
            volumes_from: host.volumes_from.into_iter().flatten().collect(),
            shm_size_bytes: self.shm_size(host.shm_size),
            read_only: host.readonly_rootfs.unwrap_or_default(),
            restart: limits::restart_observed(host.restart_policy),
            limits: limits::observed(host.resources, asked.map(|config| &*config.limits)).into(),
            ulimits: host.ulimits.into_iter().flatten().filter_map(ulimit_observed).collect(),
            oom_score_adj: self.oom_score(host.oom_score_adj),
            // Dropped, and null, where the kernel has no such control.
            oom_kill_disable: host
                .oom_kill_disable
                .unwrap_or_else(|| asked.is_some_and(|config| config.oom_kill_disable)),
            privileged,
            cap_add: capabilities(host.cap_add).into(),
            cap_drop: capabilities(host.cap_drop).into(),
            devices: host.devices.into_iter().flatten().map(device_observed).collect(),
            gpus: self.gpus(host.device_requests).into(),
            security_opt: self.security_opt(host.security_opt, unconfined).into(),
            sysctls: host.sysctls.unwrap_or_default().into(),
            init: host.init,
            pid: self.named_text(text(host.pid_mode)).into(),
            ipc: self.named_text(self.ipc(host.ipc_mode)).into(),
            uts: text(host.uts_mode).into(),
            userns: text(host.userns_mode).into(),
            cgroupns: self.cgroupns(host.cgroupns_mode).into(),
            cgroup_parent: text(host.cgroup_parent).into(),
            runtime: self.runtime(host.runtime).into(),
            platform: asked.and_then(|config| config.platform.clone().into_inner()).into(),
            log: self.log(host.log_config).into(),
        }
    }

    /// The engine names a container after its id; and where it shares another's names (its host's
    /// or another container's) the engine writes those down, so what was asked for is what counts.
    fn own_names(
        &self,
        hostname: Option<String>,
        domainname: Option<String>,
        mode: &NetworkMode,
        uts: Option<&String>,
    ) -> (Option<String>, Option<String>) {
        let shared = is_host(uts)
            || match mode {
                NetworkMode::Host | NetworkMode::Container(_) => true,
                NetworkMode::Bridge | NetworkMode::Networks | NetworkMode::None => false,
            };
        if shared {
            let asked = self.asked;
            return (
                asked.and_then(|config| config.hostname.clone()),
                asked.and_then(|config| config.domainname.clone().into_inner()),
            );
        }
        let own = |name: &String| name.len() == 12 && self.id.starts_with(name.as_str());
        (text(hostname).filter(|name| !own(name)), text(domainname))
    }

    fn named_mode(&self, mode: NetworkMode) -> NetworkMode {
        match mode {
            NetworkMode::Container(id) => {
                NetworkMode::Container(self.names.get(&id).cloned().unwrap_or(id))
            }
            mode @ (NetworkMode::Bridge
            | NetworkMode::Networks
            | NetworkMode::Host
            | NetworkMode::None) => mode,
        }
    }

    /// `container:<id>` becomes `container:<name>`, where the name is known.
    fn named_text(&self, mode: Option<String>) -> Option<String> {
        let mode = mode?;
        let name = mode.strip_prefix("container:").and_then(|id| self.names.get(id));
        Some(name.map_or_else(|| mode.clone(), |name| format!("container:{name}")))
    }

    /// podman writes its own default down.
    fn stop_timeout(&self, seconds: Option<i64>) -> Option<u32> {
        let seconds = seconds.and_then(|seconds| seconds.try_into().ok());
        unless_filled(seconds, self.asked(|c| &c.stop_timeout_s), |_| false)
    }

    /// podman adds options to those that were asked for.
    fn tmpfs(&self, mut found: BTreeMap<String, String>) -> BTreeMap<String, String> {
        for (target, asked) in self.asked.iter().flat_map(|config| &config.tmpfs) {
            if let Some(options) = found.get_mut(target) {
                let has = |option: &str| options.split(',').any(|one| one == option);
                if asked.is_empty() || asked.split(',').all(has) {
                    options.clone_from(asked);
                }
            }
        }
        found
    }

    fn shm_size(&self, size: Option<i64>) -> Option<u64> {
        let size = size.and_then(|size| size.try_into().ok()).filter(|size| *size != 0);
        unless_filled(size, self.asked(|c| &c.shm_size_bytes), |size| *size == DEFAULT_SHM)
    }

    fn oom_score(&self, score: Option<i64>) -> Option<i32> {
        let score = score.and_then(|score| score.try_into().ok());
        unless_filled(score, self.asked(|c| &c.oom_score_adj), |score| *score == 0)
    }

    fn ipc(&self, mode: Option<String>) -> Option<String> {
        let engines = ["private", "shareable"];
        let is_default = |mode: &String| engines.contains(&mode.as_str());
        unless_filled(text(mode), self.asked(|c| &c.ipc), is_default)
    }

    fn cgroupns(&self, mode: Option<String>) -> Option<String> {
        unless_filled(text(mode), self.asked(|c| &c.cgroupns), |_| true)
    }

    fn runtime(&self, runtime: Option<String>) -> Option<String> {
        unless_filled(text(runtime), self.asked(|c| &c.runtime), |_| true)
    }

    fn log(&self, log: Option<host::LogConfig>) -> Option<LogConfig> {
        let host::LogConfig { driver, config } = log?;
        let mut log = LogConfig { driver: text(driver)?, options: config.unwrap_or_default() };
        // An engine adds the options of its own configuration; none can change after creation.
        if let Some(asked) = self.asked.and_then(|config| config.log.as_ref()) {
            log.options.retain(|key, _| asked.options.contains_key(key));
        }
        unless_filled(Some(log), self.asked(|c| &c.log), |log| {
            ["json-file", "journald", "k8s-file"].contains(&log.driver.as_str())
                && log.options.is_empty()
        })
    }

    fn gpus(&self, requests: Option<Vec<host::DeviceRequest>>) -> Option<Gpus> {
        let request = requests?.into_iter().next()?;
        let host::DeviceRequest { driver, count, device_ids, capabilities } = request;
        let capabilities = capabilities.into_iter().flatten().next().unwrap_or_default();
        let asked = self.asked.and_then(|config| config.gpus.as_ref());
        let implied = capabilities == ["gpu"] && asked.is_none_or(|g| g.capabilities.is_empty());
        let device_ids = device_ids.unwrap_or_default();
        let count = match asked {
            // With ids the engine is sent no count.
            Some(asked) if !device_ids.is_empty() => asked.count,
            Some(_) | None => count.unwrap_or_default(),
        };
        Some(Gpus {
            count,
            device_ids,
            capabilities: if implied { Vec::new() } else { capabilities },
            driver: driver.unwrap_or_default(),
        })
    }

    /// Engines switch labelling off for containers that share the host's namespaces, and say so.
    fn security_opt(&self, options: Option<Vec<String>>, unconfined: bool) -> BTreeSet<String> {
        let added = |option: &String| {
            let asked = self.asked.is_some_and(|config| config.security_opt.contains(option));
            unconfined && !asked && matches!(option.as_str(), "label=disable" | "label:disable")
        };
        options.into_iter().flatten().filter(|option| !added(option)).collect()
    }
}

fn is_host(mode: Option<&String>) -> bool {
    mode.is_some_and(|mode| mode == "host")
}

/// Newer engines write capabilities with their prefix.
fn capabilities(names: Option<Vec<String>>) -> BTreeSet<String> {
    let names = names.into_iter().flatten().map(|name| name.to_ascii_uppercase());
    names.map(|name| name.strip_prefix("CAP_").map(str::to_owned).unwrap_or(name)).collect()
}

fn device_observed(device: host::Device) -> Device {
    let host::Device { path_on_host, path_in_container, cgroup_permissions } = device;
    Device {
        host_path: path_on_host.unwrap_or_default(),
        path: path_in_container.unwrap_or_default(),
        permissions: cgroup_permissions.unwrap_or_default(),
    }
}

fn ulimit_observed(limit: host::Ulimit) -> Option<(String, Ulimit)> {
    let host::Ulimit { name, soft, hard } = limit;
    Some((name?, Ulimit { soft: soft.unwrap_or_default(), hard: hard.unwrap_or_default() }))
}
