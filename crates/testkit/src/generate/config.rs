//! Random configurations of containers and images.
//!
//! Invariant: what is made can be created and started: ports and addresses are derived from the
//! container's place, so that no two containers want the same.

use super::{amount, third};
use crate::rng::Rng;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};
use windlass_model::SortedSet;
use windlass_model::container::{ContainerConfig, Device, Gpus, LogConfig, Ulimit};
use windlass_model::endpoint::{Endpoint, Endpoints, NetworkMode};
use windlass_model::env::{Env, EnvValue};
use windlass_model::healthcheck::{HealthTest, Healthcheck};
use windlass_model::limits::{Limits, RestartPolicy};
use windlass_model::mount::Mount;
use windlass_model::observed::ImageConfig;
use windlass_model::port::{ExposedPort, Protocol, PublishedPort};
use windlass_model::project::Project;
use windlass_model::secret::Sensitive;
use windlass_model::volume::VolumeOwner;

/// A configuration for the container of this key, of which the first letter is its place.
pub(crate) fn container(rng: &mut Rng, project: &Project, key: &str) -> ContainerConfig {
    let place = key.bytes().next().map_or(0, |byte| u16::from(byte - b'a'));
    let (network_mode, endpoints) = networks(rng, project, place);
    let host = network_mode == NetworkMode::Host;
    ContainerConfig {
        command: Some(words(rng, "run")),
        entrypoint: rng.maybe(4, |rng| words(rng, "/entry")).into(),
        env: env(rng),
        labels: texts(rng, "own").into(),
        user: rng.maybe(4, |rng| format!("{}", rng.below(3))).into(),
        group_add: names(rng, "group").into(),
        workdir: rng.maybe(4, |rng| format!("/work{}", rng.below(2))).into(),
        hostname: if host { None } else { rng.maybe(4, |rng| format!("host{}", rng.below(2))) },
        domainname: rng.maybe(6, |_| "example.test".to_owned()).into(),
        tty: rng.one_in(6),
        stdin_open: rng.one_in(6),
        stop_signal: rng.maybe(5, |rng| (*rng.pick(&["SIGINT", "SIGTERM"])).to_owned()),
        stop_timeout_s: rng.maybe(5, |_| 3),
        healthcheck: rng.maybe(2, healthcheck).into(),
        exposed: ports(rng).into(),
        published: if host { BTreeSet::new().into() } else { published(rng, place).into() },
        publish_all: rng.one_in(9),
        network_mode,
        endpoints,
        links: BTreeSet::new().into(),
        dns: list(rng, "10.0.0.").into(),
        dns_search: list(rng, "search.test").into(),
        dns_options: list(rng, "ndots:").into(),
        extra_hosts: rng.maybe(5, |_| "other:10.9.9.9".to_owned()).into_iter().collect(),
        mounts: mounts(rng, project).into(),
        tmpfs: rng.maybe(5, |_| ("/tmp".to_owned(), "size=64m".to_owned())).into_iter().collect(),
        volumes_from: BTreeSet::new().into(),
        shm_size_bytes: rng.maybe(6, |_| 128 * 1024 * 1024),
        read_only: rng.one_in(8),
        restart: *rng.pick(&[
            RestartPolicy::No,
            RestartPolicy::Always,
            RestartPolicy::UnlessStopped,
            RestartPolicy::OnFailure(3),
        ]),
        limits: limits(rng).into(),
        ulimits: rng
            .maybe(5, |_| ("nofile".to_owned(), Ulimit { soft: 1024, hard: 2048 }))
            .into_iter()
            .collect(),
        oom_score_adj: rng.maybe(7, |_| 100),
        oom_kill_disable: rng.one_in(12),
        privileged: rng.one_in(12),
        cap_add: rng.maybe(5, |_| "NET_ADMIN".to_owned()).into_iter().collect(),
        cap_drop: rng.maybe(5, |_| "MKNOD".to_owned()).into_iter().collect(),
        devices: rng.maybe(7, |_| device()).into_iter().collect(),
        gpus: rng.maybe(15, |_| gpus()).into(),
        security_opt: rng.maybe(6, |_| "no-new-privileges".to_owned()).into_iter().collect(),
        sysctls: rng
            .maybe(7, |_| ("net.core.somaxconn".to_owned(), "512".to_owned()))
            .into_iter()
            .collect(),
        init: rng.maybe(5, |rng| rng.one_in(2)),
        pid: rng.maybe(10, |_| "host".to_owned()).into(),
        ipc: rng.maybe(8, |rng| (*rng.pick(&["host", "shareable", "private"])).to_owned()).into(),
        uts: rng.maybe(12, |_| "host".to_owned()).into(),
        userns: rng.maybe(12, |_| "host".to_owned()).into(),
        cgroupns: rng.maybe(10, |_| "private".to_owned()).into(),
        cgroup_parent: rng.maybe(12, |_| "/windlass".to_owned()).into(),
        runtime: rng.maybe(12, |_| "runc".to_owned()).into(),
        platform: rng.maybe(8, |_| "linux/amd64".to_owned()).into(),
        log: rng.maybe(5, log).into(),
    }
}

/// What an image gives.
pub(crate) fn image(rng: &mut Rng) -> ImageConfig {
    ImageConfig {
        command: Some(vec!["serve".to_owned()]),
        entrypoint: rng.maybe(3, |_| vec!["/bin/entry".to_owned()]),
        env: [("PATH".to_owned(), "/bin".to_owned()), ("A".to_owned(), "image".to_owned())].into(),
        labels: texts(rng, "image"),
        user: rng.maybe(3, |_| "daemon".to_owned()).unwrap_or_default(),
        workdir: rng.maybe(2, |_| "/srv".to_owned()).unwrap_or_default(),
        exposed: ports(rng),
        volumes: rng.maybe(2, |_| "/var/lib/app".to_owned()).into_iter().collect(),
        healthcheck: rng.maybe(2, |_| Healthcheck::of(HealthTest::Shell("probe".to_owned()))),
        stop_signal: rng.maybe(3, |_| "SIGQUIT".to_owned()),
        platform: "linux/amd64".to_owned(),
    }
}

/// Up to two texts under keys that begin so.
pub(crate) fn texts(rng: &mut Rng, prefix: &str) -> BTreeMap<String, String> {
    (0..rng.below(3).saturating_sub(1))
        .map(|n| (format!("{prefix}.{n}"), format!("v{}", rng.below(3))))
        .collect()
}

pub(crate) fn owner(rng: &mut Rng) -> VolumeOwner {
    VolumeOwner { uid: 1000, gid: 1000, mode: *rng.pick(&[0o755, 0o700]) }
}

fn words(rng: &mut Rng, first: &str) -> Vec<String> {
    let mut words = vec![first.to_owned()];
    words.extend((0..rng.below(3)).map(|n| format!("--flag{n}={}", rng.below(4))));
    words
}

fn list(rng: &mut Rng, prefix: &str) -> Vec<String> {
    let end = if rng.one_in(5) { 2 } else { 0 };
    (1..=end).map(|n| format!("{prefix}{n}")).collect()
}

fn names(rng: &mut Rng, prefix: &str) -> BTreeSet<String> {
    rng.maybe(6, |rng| format!("{prefix}{}", rng.below(2))).into_iter().collect()
}

fn env(rng: &mut Rng) -> Env {
    let mut env = Env::new();
    for name in ["A", "B", "C"].iter().take(amount(rng, 4)) {
        let value = format!("value {}", rng.below(3));
        let value = if rng.one_in(5) {
            EnvValue::Sensitive(Sensitive::new(value))
        } else {
            EnvValue::Plain(value)
        };
        env.insert((*name).to_owned(), value);
    }
    env
}

fn healthcheck(rng: &mut Rng) -> Healthcheck {
    let test = match rng.below(5) {
        0 => HealthTest::Disabled,
        1 => HealthTest::Shell("true".to_owned()),
        _ => HealthTest::Exec(vec!["probe".to_owned(), format!("{}", rng.below(2))]),
    };
    if test == HealthTest::Disabled {
        return Healthcheck::disabled();
    }
    Healthcheck {
        interval_ns: rng.below(3) * 1_000_000_000,
        timeout_ns: rng.below(3) * 1_000_000_000,
        start_period_ns: rng.below(2) * 1_000_000_000,
        start_interval_ns: 0,
        retries: u32::from(rng.one_in(2)),
        ..Healthcheck::of(test)
    }
}

fn ports(rng: &mut Rng) -> BTreeSet<ExposedPort> {
    let protocol = *rng.pick(&[Protocol::Tcp, Protocol::Udp]);
    rng.maybe(3, |_| ExposedPort { target: 9000, protocol }).into_iter().collect()
}

fn published(rng: &mut Rng, place: u16) -> BTreeSet<PublishedPort> {
    (0..rng.below(3).saturating_sub(1))
        .map(|_| PublishedPort {
            target: 80,
            protocol: Protocol::Tcp,
            host_ip: rng.maybe(2, |_| IpAddr::V4(Ipv4Addr::LOCALHOST)),
            published: rng.maybe(2, |_| 18_000 + place),
        })
        .collect()
}

fn networks(rng: &mut Rng, project: &Project, place: u16) -> (NetworkMode, Endpoints) {
    let chosen: Vec<_> = project.networks.values().filter(|_| rng.one_in(2)).collect();
    if chosen.is_empty() {
        let modes =
            [NetworkMode::Bridge, NetworkMode::Bridge, NetworkMode::Host, NetworkMode::None];
        return (rng.pick(&modes).clone(), Endpoints::new());
    }
    let mut endpoints = Endpoints::new();
    for network in chosen {
        let third = third(&network.key);
        let fixed = network.config.ipam.is_some() && rng.one_in(3);
        let endpoint = Endpoint {
            aliases: rng.maybe(3, |rng| format!("alias{}", rng.below(2))).into_iter().collect(),
            ipv4: fixed.then(|| format!("10.77.{third}.{}", 10 + place)).into(),
            ipv6: None.into(),
            link_local_ips: SortedSet::default().into(),
            links: SortedSet::default().into(),
            mac_address: rng.maybe(8, |_| format!("02:42:0a:4d:00:{:02x}", 16 + place)).into(),
        };
        endpoints.insert(network.name.clone(), endpoint);
    }
    (NetworkMode::Networks, endpoints)
}

fn mounts(rng: &mut Rng, project: &Project) -> BTreeMap<String, Mount> {
    let mut mounts = BTreeMap::new();
    for volume in project.volumes.values() {
        if rng.one_in(2) {
            let mount = Mount::volume(&volume.name).read_only(rng.one_in(3));
            mounts.insert(format!("/{}", volume.key), mount);
        }
    }
    if rng.one_in(4) {
        let mut mount = Mount::bind("/etc/hosts").read_only(true);
        mount.propagation = rng.maybe(3, |_| "rslave".to_owned());
        mounts.insert("/etc/other-hosts".to_owned(), mount);
    }
    if rng.one_in(6) {
        mounts.insert("/scratch".to_owned(), Mount::anonymous());
    }
    mounts
}

fn limits(rng: &mut Rng) -> Limits {
    let memory_bytes = rng.maybe(3, |rng| (64 + 64 * rng.below(2)) * 1024 * 1024);
    Limits {
        memory_bytes,
        memory_swap_bytes: memory_bytes.and_then(|_| rng.maybe(4, |_| -1)),
        memory_reservation_bytes: rng.maybe(8, |_| 32 * 1024 * 1024),
        nano_cpus: rng.maybe(4, |rng| 500_000_000 * (1 + rng.below(2))),
        cpu_shares: rng.maybe(6, |rng| 512 * (1 + rng.below(2))),
        cpu_period_us: None,
        cpu_quota_us: None,
        cpuset_cpus: rng.maybe(6, |rng| (*rng.pick(&["0", "0-1"])).to_owned()),
        cpuset_mems: rng.maybe(10, |_| "0".to_owned()),
        pids: rng.maybe(4, |rng| 100 * (1 + i64::from(rng.one_in(2)))),
        blkio_weight: rng.maybe(10, |_| 300),
    }
}

fn device() -> Device {
    Device {
        host_path: "/dev/null".to_owned(),
        path: "/dev/nothing".to_owned(),
        permissions: "rwm".to_owned(),
    }
}

fn gpus() -> Gpus {
    Gpus {
        count: -1,
        device_ids: Vec::new(),
        capabilities: vec!["gpu".to_owned()],
        driver: String::new(),
    }
}

fn log(rng: &mut Rng) -> LogConfig {
    LogConfig {
        driver: (*rng.pick(&["json-file", "local"])).to_owned(),
        options: rng.maybe(2, |_| ("max-size".to_owned(), "1m".to_owned())).into_iter().collect(),
    }
}
