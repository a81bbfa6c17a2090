//! What an engine reports of a container: its configuration merged with its image's, and the
//! engine's own choices.
//!
//! Invariant: the rules are the engine's (`daemon/commit.go`, `merge`), not the planner's: a test
//! compares the two.

use windlass_model::container::{ContainerConfig, LogConfig};
use windlass_model::endpoint::NetworkMode;
use windlass_model::env::EnvValue;
use windlass_model::healthcheck::{HealthTest, Healthcheck};
use windlass_model::label::without_own;
use windlass_model::mount::{Mount, MountSource};
use windlass_model::observed::ImageConfig;
use windlass_model::port::PublishedPort;

/// The configuration of a container with this id as the engine keeps it.
pub(crate) fn merged(asked: &ContainerConfig, image: &ImageConfig, id: &str) -> ContainerConfig {
    let mut config = asked.clone();
    merge_command(&mut config, asked, image);
    for (key, value) in &image.env {
        config.env.get_or_insert_with(key.clone(), || EnvValue::Plain(value.clone()));
    }
    for value in config.env.values_mut() {
        // An engine does not know what was meant to be secret.
        if let Some(text) = value.reveal() {
            *value = EnvValue::Plain(text.to_owned());
        }
    }
    for (key, value) in without_own(&image.labels) {
        config.labels.entry(key).or_insert(value);
    }
    let or_image = |own: Option<String>, image: &str| {
        own.or_else(|| Some(image.to_owned())).filter(|text| !text.is_empty())
    };
    config.user = or_image(config.user.into_inner(), &image.user).into();
    config.workdir = or_image(config.workdir.into_inner(), &image.workdir).into();
    config.stop_signal = config.stop_signal.or_else(|| image.stop_signal.clone());
    config.healthcheck =
        merge_healthcheck(config.healthcheck.into_inner(), image.healthcheck.as_ref()).into();
    config.exposed.extend(image.exposed.iter().copied());
    config.exposed.extend(asked.published.iter().map(PublishedPort::exposed));
    for target in &image.volumes {
        if !config.tmpfs.contains_key(target) {
            config.mounts.entry(target.clone()).or_insert_with(Mount::anonymous);
        }
    }
    choose(&mut config, id);
    config
}

fn merge_command(config: &mut ContainerConfig, asked: &ContainerConfig, image: &ImageConfig) {
    let none = |list: &Option<Vec<String>>| list.as_ref().is_none_or(Vec::is_empty);
    if asked.entrypoint.is_none() {
        if none(&asked.command) {
            config.command.clone_from(&image.command);
        }
        config.entrypoint = image.entrypoint.clone().into();
    }
    config.entrypoint = config.entrypoint.take().filter(|list| !list.is_empty()).into();
    config.command = config.command.take().filter(|list| !list.is_empty());
}

fn merge_healthcheck(own: Option<Healthcheck>, image: Option<&Healthcheck>) -> Option<Healthcheck> {
    let Some(mut check) = own else { return image.cloned() };
    if check.test == HealthTest::Disabled {
        return Some(check);
    }
    let Some(image) = image else { return Some(check) };
    let fill = |own: &mut u64, image: u64| {
        if *own == 0 {
            *own = image;
        }
    };
    fill(&mut check.interval_ns, image.interval_ns);
    fill(&mut check.timeout_ns, image.timeout_ns);
    fill(&mut check.start_period_ns, image.start_period_ns);
    fill(&mut check.start_interval_ns, image.start_interval_ns);
    if check.retries == 0 {
        check.retries = image.retries;
    }
    if check.test == HealthTest::Inherit {
        check.test = image.test.clone();
    }
    Some(check)
}

/// What the engine chooses where nothing was asked.
fn choose(config: &mut ContainerConfig, id: &str) {
    let or = |slot: &mut Option<String>, value: &str| {
        slot.get_or_insert_with(|| value.to_owned());
    };
    or(&mut config.hostname, &id[..12]);
    or(&mut config.ipc, "private");
    or(&mut config.cgroupns, "host");
    or(&mut config.runtime, "runc");
    config.shm_size_bytes.get_or_insert(64 * 1024 * 1024);
    config.log.get_or_insert_with(|| LogConfig {
        driver: "json-file".to_owned(),
        options: std::collections::BTreeMap::new(),
    });
    if let (Some(memory), None) = (config.limits.memory_bytes, config.limits.memory_swap_bytes) {
        config.limits.memory_swap_bytes = i64::try_from(memory.saturating_mul(2)).ok();
    }
    for mount in config.mounts.values_mut() {
        // None of this can be asked of a container afterwards.
        mount.no_copy = false;
        mount.create_host_path = false;
        if matches!(mount.source, MountSource::Bind(_)) && mount.propagation.is_none() {
            mount.propagation = Some("rprivate".to_owned());
        }
    }
    if config.network_mode != NetworkMode::Networks {
        config.endpoints.clear();
    }
    config.platform = None.into();
}
