//! From a container that is wanted to the body of its creation.
//!
//! Invariant: every field of `ContainerConfig` is named here, so that a new one cannot be forgotten.

use windlass_model::container::{ContainerConfig, Device, Gpus, LogConfig, Ulimit};
use windlass_model::endpoint::{Endpoints, NetworkMode};
use windlass_model::one_off;
use windlass_model::plan::CreateContainer;

use super::process::env_list;
use super::{endpoint, health, limits, mount, port, some_flag, some_list, some_map};
use crate::docker::document::container::{
    Config, CreateBody, EndpointSettings, HealthConfig, NetworkingConfig,
};
use crate::docker::document::host::{self, HostConfig};
use crate::docker::document::{Loose, Words};
use crate::docker::negotiate::ApiVersion;

/// From this version on a creation takes more than one endpoint, each with its own MAC address.
const MANY_ENDPOINTS: ApiVersion = ApiVersion { major: 1, minor: 44 };
/// From this version on a creation takes a platform.
const TAKES_PLATFORM: ApiVersion = ApiVersion { major: 1, minor: 41 };

/// Everything that a creation needs.
#[derive(Debug)]
pub(crate) struct Creation {
    pub(crate) body: CreateBody,
    pub(crate) platform: Option<String>,
    /// Endpoints that an old engine must be asked for one by one, by network.
    pub(crate) later: Vec<(String, EndpointSettings)>,
}

/// Makes the body; the error says what this engine cannot do.
pub(crate) fn create_body(create: &CreateContainer, api: ApiVersion) -> Result<Creation, String> {
    let config = &create.config;
    if config.platform.is_some() && api < TAKES_PLATFORM {
        return Err(format!("choosing a platform needs API {TAKES_PLATFORM}, not {api}"));
    }
    let health = config.healthcheck.as_ref().map(|check| health::document(check, api)).transpose();
    let mounts = mount::asked(&config.mounts, api)?;
    let network = Attachment::of(config, api)?;
    let (mut body, platform) = whole(config, health?, mounts);
    body.config.image = Some(create.image.to_string());
    let labels = create.labels.all();
    if !labels.contains_key(one_off::HOLDER) {
        // Whoever leaves it must not end its input for all who come after.
        body.config.stdin_once = None;
    }
    body.config.labels = some_map(&labels);
    body.config.mac_address = network.mac_address;
    body.host_config.network_mode = Some(network.mode);
    body.networking_config = network.first;
    Ok(Creation { body, platform, later: network.later })
}

/// All fields but those that need the engine's version, which come converted.
fn whole(
    ContainerConfig {
        command,
        entrypoint,
        env,
        labels: _, // `CreateContainer::labels` has them, too
        user,
        group_add,
        workdir,
        hostname,
        domainname,
        tty,
        stdin_open,
        stop_signal,
        stop_timeout_s,
        healthcheck: _, // `health`
        exposed,
        published,
        publish_all,
        network_mode: _, // `Attachment`
        endpoints: _,    // `Attachment`
        links,
        dns,
        dns_search,
        dns_options,
        extra_hosts,
        mounts: _, // `mounts`
        tmpfs,
        volumes_from,
        shm_size_bytes,
        read_only,
        restart,
        limits: wanted_limits,
        ulimits,
        oom_score_adj,
        oom_kill_disable,
        privileged,
        cap_add,
        cap_drop,
        devices,
        gpus,
        security_opt,
        sysctls,
        init,
        pid,
        ipc,
        uts,
        userns,
        cgroupns,
        cgroup_parent,
        runtime,
        platform,
        log,
    }: &ContainerConfig,
    health: Option<HealthConfig>,
    mounts: mount::Asked,
) -> (CreateBody, Option<String>) {
    let config = Config {
        hostname: hostname.clone(),
        domainname: domainname.clone().into_inner(),
        user: user.clone().into_inner(),
        tty: some_flag(*tty),
        open_stdin: some_flag(*stdin_open),
        // So that whoever pipes into the process can end its input.
        stdin_once: some_flag(*stdin_open && !*tty),
        env: env_list(env),
        cmd: command.clone().map(Words::Many),
        healthcheck: health,
        image: None,
        volumes: None,
        working_dir: workdir.clone().into_inner(),
        entrypoint: entrypoint.clone().into_inner().map(Words::Many),
        mac_address: None,
        labels: None,
        stop_signal: stop_signal.clone().map(Loose::Text),
        stop_timeout: stop_timeout_s.map(i64::from),
        exposed_ports: port::exposed_set(exposed, published),
    };
    let host_config = HostConfig {
        binds: mounts.binds,
        log_config: log.as_ref().map(log_document),
        network_mode: None,
        port_bindings: port::bindings(published),
        restart_policy: Some(limits::restart_policy(*restart)),
        volumes_from: some_list(volumes_from),
        cap_add: some_list(cap_add),
        cap_drop: some_list(cap_drop),
        cgroupns_mode: cgroupns.clone().into_inner(),
        dns: some_list(dns),
        dns_options: some_list(dns_options),
        dns_search: some_list(dns_search),
        extra_hosts: some_list(extra_hosts),
        group_add: some_list(group_add),
        ipc_mode: ipc.clone().into_inner(),
        links: some_list(links),
        oom_score_adj: oom_score_adj.map(i64::from),
        pid_mode: pid.clone().into_inner(),
        privileged: some_flag(*privileged),
        publish_all_ports: some_flag(*publish_all),
        readonly_rootfs: some_flag(*read_only),
        security_opt: some_list(security_opt),
        tmpfs: some_map(tmpfs),
        uts_mode: uts.clone().into_inner(),
        userns_mode: userns.clone().into_inner(),
        shm_size: shm_size_bytes.and_then(|size| size.try_into().ok()),
        sysctls: some_map(sysctls),
        runtime: runtime.clone().into_inner(),
        mounts: mounts.mounts,
        init: *init,
        cgroup_parent: cgroup_parent.clone().into_inner(),
        devices: (!devices.is_empty()).then(|| devices.iter().map(device_document).collect()),
        device_requests: gpus.as_ref().map(|gpus| vec![gpu_document(gpus)]),
        oom_kill_disable: some_flag(*oom_kill_disable),
        ulimits: (!ulimits.is_empty()).then(|| ulimits.iter().map(ulimit_document).collect()),
        resources: limits::resources(wanted_limits),
    };
    let networking_config = NetworkingConfig::default();
    (CreateBody { config, host_config, networking_config }, platform.clone().into_inner())
}

fn log_document(log: &LogConfig) -> host::LogConfig {
    let LogConfig { driver, options } = log;
    host::LogConfig { driver: Some(driver.clone()), config: Some(options.clone()) }
}

fn device_document(device: &Device) -> host::Device {
    let Device { host_path, path, permissions } = device;
    host::Device {
        path_on_host: Some(host_path.clone()),
        path_in_container: Some(path.clone()),
        cgroup_permissions: Some(permissions.clone()),
    }
}

fn gpu_document(gpus: &Gpus) -> host::DeviceRequest {
    let Gpus { count, device_ids, capabilities, driver } = gpus;
    let capabilities =
        if capabilities.is_empty() { vec!["gpu".to_owned()] } else { capabilities.clone() };
    host::DeviceRequest {
        driver: Some(driver.clone()),
        // An engine refuses a count beside ids.
        count: Some(if device_ids.is_empty() { *count } else { 0 }),
        device_ids: some_list(device_ids),
        capabilities: Some(vec![capabilities]),
    }
}

fn ulimit_document((name, limit): (&String, &Ulimit)) -> host::Ulimit {
    let Ulimit { soft, hard } = limit;
    host::Ulimit { name: Some(name.clone()), soft: Some(*soft), hard: Some(*hard) }
}

/// How the container is attached at its creation, and later.
struct Attachment {
    mode: String,
    mac_address: Option<String>,
    first: NetworkingConfig,
    later: Vec<(String, EndpointSettings)>,
}

impl Attachment {
    fn of(config: &ContainerConfig, api: ApiVersion) -> Result<Self, String> {
        let mode = match &config.network_mode {
            NetworkMode::Bridge => "default".to_owned(),
            NetworkMode::Host => "host".to_owned(),
            NetworkMode::None => "none".to_owned(),
            NetworkMode::Container(name) => format!("container:{name}"),
            NetworkMode::Networks => return Self::networks(&config.endpoints, api),
        };
        let (first, later) = (NetworkingConfig::default(), Vec::new());
        Ok(Self { mode, mac_address: None, first, later })
    }

    fn networks(endpoints: &Endpoints, api: ApiVersion) -> Result<Self, String> {
        // An old engine takes one MAC address, at creation; and one endpoint, which should not be
        // that of the default network, whose endpoints can hold less.
        let rank = |name: &String| {
            let endpoint = &endpoints[name];
            (endpoint.mac_address.is_none(), name == "bridge")
        };
        let Some(name) = endpoints.keys().min_by_key(|name| rank(name)) else {
            let (first, later) = (NetworkingConfig::default(), Vec::new());
            return Ok(Self { mode: "none".to_owned(), mac_address: None, first, later });
        };
        let mut all: Vec<(String, EndpointSettings)> = endpoints
            .iter()
            .map(|(name, endpoint)| (name.clone(), endpoint::to_settings(endpoint)))
            .collect();
        let mut first = NetworkingConfig::default();
        if api >= MANY_ENDPOINTS {
            first.endpoints_config.extend(all);
            return Ok(Self { mode: name.clone(), mac_address: None, first, later: Vec::new() });
        }
        let index = all.iter().position(|(other, _)| other == name).unwrap_or_default();
        let (mode, mut settings) = all.remove(index);
        let mac_address = settings.mac_address.take();
        if let Some((network, _)) = all.iter().find(|(_, later)| later.mac_address.is_some()) {
            return Err(format!(
                "a second MAC address (in network {network}) needs API {MANY_ENDPOINTS}, not {api}"
            ));
        }
        first.endpoints_config.insert(mode.clone(), settings);
        Ok(Self { mode, mac_address, first, later: all })
    }
}
