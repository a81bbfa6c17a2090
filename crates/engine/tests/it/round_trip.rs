//! What is created reads back equal to what was asked for: with it a second run is empty.

use std::collections::{BTreeMap, BTreeSet};

use windlass_engine::Engine as _;
use windlass_model::container::{ContainerConfig, Device, Gpus, LogConfig, Ulimit};
use windlass_model::endpoint::{Endpoint, NetworkMode};
use windlass_model::env::EnvValue;
use windlass_model::healthcheck::{HealthTest, Healthcheck};
use windlass_model::limits::{Limits, RestartPolicy};
use windlass_model::mount::Mount;
use windlass_model::network::NetworkConfig;
use windlass_model::observed::State;
use windlass_model::plan::{CreateNetwork, CreateVolume};
use windlass_model::port::{ExposedPort, Protocol, PublishedPort};
use windlass_model::volume::VolumeConfig;

use crate::lab::{Lab, run, shell};

fn set(words: &[&str]) -> BTreeSet<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn list(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn text(text: &str) -> String {
    text.to_owned()
}

/// A container that sleeps, with something changed.
fn with(change: impl FnOnce(&mut ContainerConfig)) -> ContainerConfig {
    let mut config = shell("sleep 60");
    change(&mut config);
    config
}

/// What becomes of a case beyond its creation.
#[derive(PartialEq)]
enum Then {
    Start,
    /// This machine cannot start it.
    Leave,
}

/// Tells only of the fields that are not the same.
fn same(seen: &ContainerConfig, wanted: &ContainerConfig, what: &str) {
    let fields = |config| {
        let text = serde_json::to_string(config).unwrap();
        serde_json::from_str::<BTreeMap<String, serde_json::Value>>(&text).unwrap()
    };
    let (found, asked) = (fields(seen), fields(wanted));
    let keys: BTreeSet<&String> = found.keys().chain(asked.keys()).collect();
    let other: Vec<String> = keys
        .into_iter()
        .filter(|key| found.get(*key) != asked.get(*key))
        .map(|key| format!("{key}: {:?}, not {:?}", found.get(key), asked.get(key)))
        .collect();
    assert!(seen == wanted && other.is_empty(), "{what}: {other:#?}");
}

async fn check(lab: &Lab, what: &str, config: ContainerConfig, then: &Then) {
    let id = match lab.created(what, config.clone()).await {
        Ok(id) => id,
        Err(error) => panic!("{what}: {error}"),
    };
    let seen = lab.engine.inspect_container(id.as_str()).await.unwrap();
    same(&seen.config, &config, &format!("{what}, created"));
    assert_eq!(seen.state, State::Created);
    assert_eq!(seen.name, lab.named(what));
    assert!(!seen.was_started());
    if *then == Then::Start {
        if let Err(error) = lab.engine.start_container(&id).await {
            panic!("{what}: {error}");
        }
        let seen = lab.engine.inspect_container(id.as_str()).await.unwrap();
        same(&seen.config, &config, &format!("{what}, running"));
        assert_eq!(seen.state, State::Running, "{what}");
        assert!(seen.was_started());
    }
    lab.engine.remove_container(&id, true, true).await.unwrap();
}

fn process() -> Vec<(&'static str, ContainerConfig)> {
    vec![
        ("plain", with(|_| ())),
        (
            "entrypoint",
            with(|c| {
                c.entrypoint = Some(list(&["sleep"])).into();
                c.command = Some(list(&["60"]));
            }),
        ),
        ("no-entrypoint", with(|c| c.entrypoint = Some(Vec::new()).into())),
        (
            "env",
            with(|c| {
                for (name, value) in [("A", "1"), ("B", "x=y"), ("C", ""), ("D", "é\n$HOME \"q\"")]
                {
                    c.env.insert(name.to_owned(), EnvValue::from(value));
                }
            }),
        ),
        ("labels", with(|c| c.labels = map(&[("a", "1"), ("org.x/y", "\u{1b}]0;t\u{7}")]).into())),
        (
            "user",
            with(|c| {
                c.user = Some(text("1000:1000")).into();
                c.group_add = set(&["0", "12"]).into();
            }),
        ),
        ("workdir", with(|c| c.workdir = Some(text("/made/for/this")).into())),
        (
            "names",
            with(|c| {
                c.hostname = Some(text("web"));
                c.domainname = Some(text("example.test")).into();
            }),
        ),
        (
            "tty",
            with(|c| {
                c.tty = true;
                c.stdin_open = true;
            }),
        ),
        ("stdin", with(|c| c.stdin_open = true)),
        (
            "stop",
            with(|c| {
                c.stop_signal = Some(text("SIGUSR1"));
                c.stop_timeout_s = Some(7);
            }),
        ),
    ]
}

fn health() -> Vec<(&'static str, ContainerConfig)> {
    let check =
        |test| Healthcheck { interval_ns: 60_000_000_000, retries: 7, ..Healthcheck::of(test) };
    vec![
        (
            "health-shell",
            with(|c| c.healthcheck = Some(check(HealthTest::Shell("true".into()))).into()),
        ),
        (
            "health-exec",
            with(|c| {
                c.healthcheck = Some(check(HealthTest::Exec(list(&["true", "a b"])))).into();
            }),
        ),
        ("health-none", with(|c| c.healthcheck = Some(Healthcheck::disabled()).into())),
        (
            "health-long",
            with(|c| {
                c.healthcheck = Some(Healthcheck {
                    timeout_ns: 2_000_000_000,
                    start_period_ns: 3_000_000_000,
                    ..check(HealthTest::Shell("true".into()))
                })
                .into();
            }),
        ),
    ]
}

fn network() -> Vec<(&'static str, ContainerConfig)> {
    let port = |target, host_ip: Option<&str>, published| PublishedPort {
        target,
        protocol: Protocol::Tcp,
        host_ip: host_ip.map(|ip| ip.parse().unwrap()),
        published,
    };
    vec![
        (
            "exposed",
            with(|c| {
                c.exposed =
                    [80, 81].map(|target| ExposedPort { target, protocol: Protocol::Udp }).into();
            }),
        ),
        (
            "published",
            with(|c| {
                c.exposed = [ExposedPort { target: 9, protocol: Protocol::Tcp }].into();
                c.published = [
                    port(80, Some("127.0.0.1"), None),
                    port(80, Some("127.0.0.2"), None),
                    port(81, None, None),
                    port(82, Some("0.0.0.0"), None),
                    port(83, Some("127.0.0.1"), Some(39_381)),
                ]
                .into();
            }),
        ),
        (
            "publish-all",
            with(|c| {
                c.publish_all = true;
                c.exposed = [ExposedPort { target: 80, protocol: Protocol::Tcp }].into();
            }),
        ),
        ("host", with(|c| c.network_mode = NetworkMode::Host)),
        ("none", with(|c| c.network_mode = NetworkMode::None)),
        (
            "dns",
            with(|c| {
                c.dns = list(&["127.0.0.9", "127.0.0.8"]).into();
                c.dns_search = list(&["b.test", "a.test"]).into();
                c.dns_options = list(&["timeout:1"]).into();
                c.extra_hosts = set(&["db:10.0.0.9", "six:::1"]).into();
            }),
        ),
    ]
}

fn host() -> Vec<(&'static str, ContainerConfig)> {
    let limits = |limits| move |c: &mut ContainerConfig| c.limits = limits;
    vec![
        ("tmpfs", with(|c| c.tmpfs = map(&[("/run", ""), ("/t", "size=1m,mode=1777")]).into())),
        ("shm", with(|c| c.shm_size_bytes = Some(1 << 20))),
        ("shm-default", with(|c| c.shm_size_bytes = Some(64 << 20))),
        ("read-only", with(|c| c.read_only = true)),
        ("restart-always", with(|c| c.restart = RestartPolicy::Always)),
        ("restart-unless", with(|c| c.restart = RestartPolicy::UnlessStopped)),
        ("restart-failure", with(|c| c.restart = RestartPolicy::OnFailure(3))),
        (
            "memory",
            with(limits(Limits { memory_bytes: Some(32 << 20), ..Limits::default() }.into())),
        ),
        (
            "swap",
            with(limits(
                Limits {
                    memory_bytes: Some(32 << 20),
                    memory_swap_bytes: Some(64 << 20),
                    memory_reservation_bytes: Some(16 << 20),
                    ..Limits::default()
                }
                .into(),
            )),
        ),
        (
            "cpus",
            with(limits(
                Limits {
                    nano_cpus: Some(500_000_000),
                    cpu_shares: Some(100),
                    cpuset_cpus: Some(text("0")),
                    cpuset_mems: Some(text("0")),
                    ..Limits::default()
                }
                .into(),
            )),
        ),
        (
            "quota",
            with(limits(
                Limits {
                    cpu_period_us: Some(100_000),
                    cpu_quota_us: Some(50_000),
                    pids: Some(50),
                    ..Limits::default()
                }
                .into(),
            )),
        ),
    ]
}

fn rights() -> Vec<(&'static str, ContainerConfig)> {
    vec![
        (
            "ulimits",
            with(|c| {
                c.ulimits =
                    BTreeMap::from([("nofile".into(), Ulimit { soft: 100, hard: 200 })]).into();
            }),
        ),
        ("oom", with(|c| c.oom_score_adj = Some(100))),
        ("oom-zero", with(|c| c.oom_score_adj = Some(0))),
        (
            "capabilities",
            with(|c| {
                c.cap_add = set(&["NET_ADMIN", "SYS_PTRACE"]).into();
                c.cap_drop = set(&["ALL"]).into();
            }),
        ),
        (
            "devices",
            with(|c| {
                c.devices = [Device {
                    host_path: "/dev/null".into(),
                    path: "/dev/nothing".into(),
                    permissions: "rwm".into(),
                }]
                .into();
            }),
        ),
        ("security", with(|c| c.security_opt = set(&["no-new-privileges"]).into())),
        (
            "sysctls",
            with(|c| c.sysctls = map(&[("net.ipv4.ip_unprivileged_port_start", "0")]).into()),
        ),
        ("init", with(|c| c.init = Some(true))),
        ("init-not", with(|c| c.init = Some(false))),
        ("pid-host", with(|c| c.pid = Some(text("host")).into())),
        ("ipc-host", with(|c| c.ipc = Some(text("host")).into())),
        ("ipc-private", with(|c| c.ipc = Some(text("private")).into())),
        ("uts-host", with(|c| c.uts = Some(text("host")).into())),
        ("userns-host", with(|c| c.userns = Some(text("host")).into())),
        ("cgroupns", with(|c| c.cgroupns = Some(text("host")).into())),
        ("runtime", with(|c| c.runtime = Some(text("runc")).into())),
        (
            "log",
            with(|c| {
                c.log = Some(LogConfig {
                    driver: "json-file".into(),
                    options: map(&[("max-size", "1m")]),
                })
                .into();
            }),
        ),
        (
            "log-plain",
            with(|c| {
                c.log =
                    Some(LogConfig { driver: "json-file".into(), options: BTreeMap::new() }).into();
            }),
        ),
        ("platform", with(|c| c.platform = Some(text("linux/amd64")).into())),
    ]
}

#[test]
fn every_field_of_a_process() {
    run(|lab| async move {
        for (what, config) in process().into_iter().chain(health()) {
            check(&lab, what, config, &Then::Start).await;
        }
    });
}

#[test]
fn every_field_of_the_network() {
    run(|lab| async move {
        for (what, config) in network() {
            check(&lab, what, config, &Then::Start).await;
        }
    });
}

#[test]
fn every_field_of_the_host() {
    run(|lab| async move {
        for (what, config) in host().into_iter().chain(rights()) {
            check(&lab, what, config, &Then::Start).await;
        }
        let gpus = Gpus {
            count: -1,
            device_ids: Vec::new(),
            capabilities: Vec::new(),
            driver: String::new(),
        };
        let named = Gpus {
            count: 0,
            device_ids: list(&["0"]),
            capabilities: list(&["gpu", "compute"]),
            driver: "nvidia".into(),
        };
        for (what, gpus) in [("gpus", gpus), ("gpus-named", named)] {
            check(&lab, what, with(|c| c.gpus = Some(gpus).into()), &Then::Leave).await;
        }
        check(&lab, "privileged", with(|c| c.privileged = true), &Then::Leave).await;
        check(
            &lab,
            "slice",
            with(|c| c.cgroup_parent = Some(text("/wlengine")).into()),
            &Then::Leave,
        )
        .await;
        check(
            &lab,
            "oom-off",
            with(|c| {
                c.oom_kill_disable = true;
                c.limits.memory_bytes = Some(32 << 20);
            }),
            &Then::Leave,
        )
        .await;
        check(&lab, "weight", with(|c| c.limits.blkio_weight = Some(300)), &Then::Leave).await;
    });
}

#[test]
fn mounts() {
    run(|lab| async move {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_str().unwrap().to_owned();
        let volume = lab.named("data");
        let create = CreateVolume {
            name: volume.clone(),
            config: VolumeConfig::default(),
            labels: BTreeMap::new(),
            owner: None,
        };
        lab.engine.create_volume(&create).await.unwrap();
        let made = format!("{path}/made");
        let no_copy = Mount { no_copy: true, ..Mount::volume(&volume) };
        let wanted = Mount { create_host_path: true, ..Mount::bind(&made) };
        let table = [
            ("volume", Mount::volume(&volume)),
            ("volume-ro", Mount::volume(&volume).read_only(true)),
            ("no-copy", no_copy),
            ("bind", Mount::bind(&path)),
            ("bind-ro", Mount::bind(&path).read_only(true)),
            ("makes", wanted.clone()),
            ("makes-ro", wanted.read_only(true)),
            ("anonymous", Mount::anonymous()),
        ];
        for (what, mount) in table {
            let config = with(|c| {
                c.mounts.insert("/mnt/a".to_owned(), mount);
                c.mounts.insert("/mnt/b".to_owned(), Mount::anonymous());
            });
            check(&lab, what, config, &Then::Start).await;
        }
        assert!(std::path::Path::new(&made).is_dir());
        let spread = Mount { propagation: Some(text("rslave")), ..Mount::bind(&path) };
        let config = with(|c| {
            c.mounts.insert("/mnt/a".to_owned(), spread);
        });
        check(&lab, "propagation", config, &Then::Leave).await;

        let config = with(|c| {
            c.mounts.insert("/mnt/b".to_owned(), Mount::anonymous());
        });
        let id = lab.created("names", config).await.unwrap();
        let seen = lab.engine.inspect_container(id.as_str()).await.unwrap();
        let anonymous = seen.anonymous_volumes["/mnt/b"].clone();
        assert!(lab.engine.inspect_volume(&anonymous).await.is_ok());
        lab.engine.remove_container(&id, true, true).await.unwrap();
        assert!(lab.engine.inspect_volume(&anonymous).await.unwrap_err().is_not_found());
    });
}

#[test]
fn other_containers() {
    run(|lab| async move {
        let _other = lab.started("other", "sleep 60").await;
        let other = lab.named("other");
        let shared = format!("container:{other}");
        let table = [
            ("net-of", with(|c| c.network_mode = NetworkMode::Container(other.clone()))),
            ("pid-of", with(|c| c.pid = Some(shared.clone()).into())),
            ("links", with(|c| c.links = set(&[&format!("{other}:db")]).into())),
            ("volumes-from", with(|c| c.volumes_from = set(&[&format!("{other}:ro")]).into())),
        ];
        for (what, config) in table {
            check(&lab, what, config, &Then::Start).await;
        }
        let shareable = with(|c| c.ipc = Some(text("shareable")).into());
        let id = lab.created("ipc", shareable).await.unwrap();
        lab.engine.start_container(&id).await.unwrap();
        let config = with(|c| c.ipc = Some(format!("container:{}", lab.named("ipc"))).into());
        check(&lab, "ipc-of", config, &Then::Start).await;
    });
}

#[test]
fn endpoints() {
    run(|lab| async move {
        let names: Vec<String> =
            ["a", "b", "c"].iter().map(|what| lab.named(&format!("net-{what}"))).collect();
        for (index, name) in names.iter().enumerate() {
            let pool = windlass_model::network::IpamPool {
                subnet: Some(format!("10.231.{}.0/28", 16 * index)),
                ..Default::default()
            };
            let ipam = windlass_model::network::Ipam { pools: vec![pool], ..Default::default() };
            let config = NetworkConfig { ipam: Some(ipam), ..NetworkConfig::default() };
            let create = CreateNetwork { name: name.clone(), config, labels: BTreeMap::new() };
            lab.engine.create_network(&create).await.unwrap();
        }
        let attached = |endpoints: &[(usize, Endpoint)]| {
            with(|c| {
                c.network_mode = NetworkMode::Networks;
                let endpoints = endpoints.iter().cloned();
                c.endpoints = endpoints.map(|(index, e)| (names[index].clone(), e)).collect();
            })
        };
        let plain = Endpoint::default();
        let aliased = Endpoint {
            aliases: set(&["db", "db.internal"]).into_iter().collect(),
            ..plain.clone()
        };
        let fixed = Endpoint { ipv4: Some(text("10.231.16.5")).into(), ..aliased.clone() };
        let mac = Endpoint { mac_address: Some(text("02:42:0A:E7:20:07")).into(), ..plain.clone() };
        let table = [
            ("one", attached(&[(0, plain.clone())])),
            ("aliased", attached(&[(0, aliased.clone())])),
            ("three", attached(&[(0, aliased), (1, fixed), (2, plain.clone())])),
            ("mac", attached(&[(0, plain.clone()), (2, mac)])),
        ];
        for (what, config) in table {
            check(&lab, what, config, &Then::Start).await;
        }
        let config = with(|c| {
            c.network_mode = NetworkMode::Networks;
            c.endpoints.insert("bridge".to_owned(), plain.clone());
            c.endpoints.insert(names[0].clone(), plain.clone());
        });
        check(&lab, "default-too", config, &Then::Start).await;

        let id = lab.created("ids", attached(&[(0, plain.clone()), (1, plain)])).await.unwrap();
        lab.engine.start_container(&id).await.unwrap();
        let seen = lab.engine.inspect_container(id.as_str()).await.unwrap();
        for name in &names[..2] {
            let network = lab.engine.inspect_network(name).await.unwrap();
            assert_eq!(seen.network_ids[name], network.id);
        }
    });
}
