//! What a container should read like once an engine has merged a configuration with its image.
//!
//! Invariant: two configurations that an engine can't tell apart come out equal. The rules are the
//! engine's: its merge of image and container (`command`, `entrypoint`, `env`…) and its defaults.

use windlass_model::container::ContainerConfig;
use windlass_model::endpoint::NetworkMode;
use windlass_model::env::EnvValue;
use windlass_model::healthcheck::{HealthTest, Healthcheck};
use windlass_model::label::without_own;
use windlass_model::limits::Limits;
use windlass_model::mount::{Mount, MountSource};
use windlass_model::observed::ImageConfig;
use windlass_model::port::PublishedPort;

/// The engine's default for `shm_size`.
const DEFAULT_SHM_BYTES: u64 = 64 * 1024 * 1024;

/// What is known beside the configuration itself.
pub(crate) struct Background<'a> {
    /// Of the container's own image; `None` if the image is gone.
    pub(crate) image: Option<&'a ImageConfig>,
    /// What was asked for when the container was made.
    pub(crate) asked: Option<&'a ContainerConfig>,
    /// What the engine has.
    pub(crate) seen: &'a ContainerConfig,
}

/// `config` as an engine would report it.
pub(crate) fn expected(config: &ContainerConfig, background: &Background<'_>) -> ContainerConfig {
    let mut result = config.clone();
    from_image(&mut result, config, background);
    mounts(&mut result, background);
    engine_choices(&mut result, background);
    endpoints(&mut result, background.seen);
    result.limits = limits(&config.limits, background).into();
    canonical(result)
}

/// Where the file says nothing, what the engine chose stands; unless the file said something when
/// the container was made, because then saying nothing is a change.
fn free<T: Clone>(
    wanted: Option<&T>,
    background: &Background<'_>,
    field: impl Fn(&ContainerConfig) -> Option<&T>,
) -> Option<T> {
    let was_asked = background.asked.is_some_and(|asked| field(asked).is_some());
    match wanted {
        Some(value) => Some(value.clone()),
        None if was_asked => None,
        None => field(background.seen).cloned(),
    }
}

fn from_image(result: &mut ContainerConfig, config: &ContainerConfig, background: &Background<'_>) {
    let seen = background.seen;
    let Some(image) = background.image else {
        // Without the image nobody can say what came from it: what is seen stands.
        result.command = config.command.clone().or_else(|| seen.command.clone());
        result.entrypoint = config.entrypoint.as_ref().or(seen.entrypoint.as_ref()).cloned().into();
        result.user = config.user.as_ref().or(seen.user.as_ref()).cloned().into();
        result.workdir = config.workdir.as_ref().or(seen.workdir.as_ref()).cloned().into();
        result.healthcheck =
            config.healthcheck.as_ref().or(seen.healthcheck.as_ref()).cloned().into();
        result.stop_signal = config.stop_signal.clone().or_else(|| seen.stop_signal.clone());
        result.exposed.extend(seen.exposed.iter().copied());
        let mut env = seen.env.clone();
        env.extend(config.env.clone());
        result.env = env;
        let mut labels = seen.labels.clone();
        labels.extend(config.labels.clone());
        result.labels = labels;
        return;
    };
    // The image's command goes with the image's entrypoint only.
    if config.command.is_none() && config.entrypoint.is_none() {
        result.command.clone_from(&image.command);
    }
    if config.entrypoint.is_none() {
        result.entrypoint = image.entrypoint.clone().into();
    }
    let text = |value: &String| (!value.is_empty()).then(|| value.clone());
    result.user = config.user.clone().into_inner().or_else(|| text(&image.user)).into();
    result.workdir = config.workdir.clone().into_inner().or_else(|| text(&image.workdir)).into();
    result.stop_signal = config.stop_signal.clone().or_else(|| image.stop_signal.clone());
    result.exposed.extend(image.exposed.iter().copied());
    result.healthcheck =
        healthcheck(config.healthcheck.as_ref(), image.healthcheck.as_ref()).into();
    for (key, value) in &image.env {
        result.env.get_or_insert_with(key.clone(), || EnvValue::Plain(value.clone()));
    }
    for (key, value) in without_own(&image.labels) {
        result.labels.entry(key).or_insert(value);
    }
}

/// The engine fills each part of a check that the container leaves open with the image's.
fn healthcheck(wanted: Option<&Healthcheck>, image: Option<&Healthcheck>) -> Option<Healthcheck> {
    let (Some(wanted), Some(image)) = (wanted, image) else {
        return wanted.or(image).cloned();
    };
    if wanted.test == HealthTest::Disabled {
        return Some(Healthcheck::disabled());
    }
    let or = |a: u64, b: u64| if a == 0 { b } else { a };
    Some(Healthcheck {
        test: match &wanted.test {
            HealthTest::Inherit => image.test.clone(),
            test @ (HealthTest::Exec(_) | HealthTest::Shell(_) | HealthTest::Disabled) => {
                test.clone()
            }
        },
        interval_ns: or(wanted.interval_ns, image.interval_ns),
        timeout_ns: or(wanted.timeout_ns, image.timeout_ns),
        start_period_ns: or(wanted.start_period_ns, image.start_period_ns),
        start_interval_ns: or(wanted.start_interval_ns, image.start_interval_ns),
        retries: if wanted.retries == 0 { image.retries } else { wanted.retries },
    })
}

/// Paths that the image declares as volumes become anonymous ones.
fn mounts(result: &mut ContainerConfig, background: &Background<'_>) {
    let volumes = background.image.map(|image| image.volumes.clone()).unwrap_or_default();
    for target in volumes {
        if !result.tmpfs.contains_key(&target) {
            result.mounts.entry(target).or_insert_with(Mount::anonymous);
        }
    }
    // What other containers share is mounted too, and can't be told from what we asked for.
    if !result.volumes_from.is_empty() || background.image.is_none() {
        for (target, mount) in &background.seen.mounts {
            let asked = background.asked.is_some_and(|asked| asked.mounts.contains_key(target));
            if !asked {
                result.mounts.entry(target.clone()).or_insert_with(|| mount.clone());
            }
        }
    }
}

fn engine_choices(result: &mut ContainerConfig, background: &Background<'_>) {
    result.hostname = free(result.hostname.as_ref(), background, |c| c.hostname.as_ref());
    result.ipc = free(result.ipc.as_ref(), background, |c| c.ipc.as_ref()).into();
    result.cgroupns = free(result.cgroupns.as_ref(), background, |c| c.cgroupns.as_ref()).into();
    result.runtime = free(result.runtime.as_ref(), background, |c| c.runtime.as_ref()).into();
    result.log = free(result.log.as_ref(), background, |c| c.log.as_ref()).into();
    result.cgroup_parent =
        free(result.cgroup_parent.as_ref(), background, |c| c.cgroup_parent.as_ref()).into();
    if result.privileged && background.seen.security_opt.contains("label=disable") {
        result.security_opt.insert("label=disable".to_owned());
    }
    // An engine without a swap limit, or a device cgroup, reports its own words here.
    result.platform.clone_from(&background.seen.platform);
}

/// The engine gives each endpoint a hardware address of its own choice, and on networks of users the
/// hostname as an alias.
fn endpoints(result: &mut ContainerConfig, seen: &ContainerConfig) {
    for (name, endpoint) in &mut result.endpoints {
        let Some(found) = seen.endpoints.get(name) else { continue };
        if endpoint.mac_address.is_none() {
            endpoint.mac_address.clone_from(&found.mac_address);
        }
        let own = seen.hostname.iter().filter(|hostname| found.aliases.contains(*hostname));
        endpoint.aliases.extend(own.cloned());
    }
}

/// Swap follows memory where the file does not say it: an engine sets twice the memory, and -1
/// where the kernel has no swap limit.
fn limits(wanted: &Limits, background: &Background<'_>) -> Limits {
    let asked_swap = background.asked.is_some_and(|asked| asked.limits.memory_swap_bytes.is_some());
    let seen = &background.seen.limits;
    let mut limits = wanted.clone();
    if limits.memory_swap_bytes.is_none() && !asked_swap {
        let doubled = default_swap(wanted.memory_bytes);
        let follows =
            limits.memory_bytes != seen.memory_bytes && seen.memory_swap_bytes != Some(-1);
        limits.memory_swap_bytes = if follows { doubled } else { seen.memory_swap_bytes };
    }
    limits
}

/// What an engine sets for memory and swap together where only memory is given.
pub(crate) fn default_swap(memory_bytes: Option<u64>) -> Option<i64> {
    memory_bytes.map(|bytes| i64::try_from(bytes.saturating_mul(2)).unwrap_or(i64::MAX))
}

/// One form for what has several.
pub(crate) fn canonical(mut config: ContainerConfig) -> ContainerConfig {
    let without_empty =
        |list: Option<Vec<String>>| list.filter(|l| l.iter().any(|s| !s.is_empty()));
    config.command = without_empty(config.command);
    config.entrypoint = without_empty(config.entrypoint.into_inner()).into();
    config.stop_signal = config.stop_signal.filter(|signal| signal != "SIGTERM");
    config.init = config.init.filter(|init| *init);
    config.oom_score_adj = config.oom_score_adj.filter(|score| *score != 0);
    config.shm_size_bytes = config.shm_size_bytes.filter(|size| *size != DEFAULT_SHM_BYTES);
    config.user = config.user.into_inner().filter(|user| !user.is_empty()).into();
    config.workdir = config.workdir.into_inner().filter(|dir| dir != "/" && !dir.is_empty()).into();
    config.domainname = config.domainname.into_inner().filter(|name| !name.is_empty()).into();
    config.healthcheck = config.healthcheck.into_inner().filter(Healthcheck::is_active).into();
    let published: Vec<_> = config.published.iter().map(PublishedPort::exposed).collect();
    config.exposed.extend(published);
    for mount in config.mounts.values_mut() {
        if is_anonymous(mount) {
            mount.source = MountSource::Anonymous;
        }
        mount.no_copy = false;
        mount.create_host_path = false;
        mount.propagation = mount.propagation.take().filter(|p| p != "rprivate" && !p.is_empty());
    }
    if config.network_mode != NetworkMode::Networks {
        config.endpoints.clear();
    }
    config
}

/// Whether a mount is of an anonymous volume: one that the engine named, with 64 hex digits. A
/// successor mounts it by that name.
pub(crate) fn is_anonymous(mount: &Mount) -> bool {
    match &mount.source {
        MountSource::Anonymous => true,
        MountSource::Volume(name) => {
            name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
        }
        MountSource::Bind(_) => false,
    }
}
