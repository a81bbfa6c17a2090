//! Random projects, and random changes to them.
//!
//! Invariant: every field of `ContainerConfig` is made in `config.rs` without `..`, so that a new
//! field does not compile until it is generated too.

mod change;
mod config;

pub use change::change;

use crate::rng::Rng;
use std::collections::BTreeSet;
use windlass_model::Address;
use windlass_model::container::ContainerSpec;
use windlass_model::dependency::{Condition, Dependency, Reason};
use windlass_model::image::{
    BuildOptions, DockerfileSource, ImageSource, ImageSpec, ImageUse, PullPolicy,
};
use windlass_model::limits::RestartPolicy;
use windlass_model::name::{EngineName, ProjectName};
use windlass_model::network::{Ipam, IpamPool, NetworkConfig, NetworkSpec};
use windlass_model::observed::ImageConfig;
use windlass_model::project::Project;
use windlass_model::secret::{SecretMount, SecretSource, SecretSpec};
use windlass_model::update::{UpdateOrder, UpdateSpec};
use windlass_model::volume::{VolumeConfig, VolumeSpec};
use windlass_model::wait::{ExecPolicy, ExecSpec};

/// References of the images that a registry shall have.
pub const REGISTRY: [&str; 3] = ["app:1", "app:2", "db:1"];

/// What the images of `REGISTRY` give to their containers; the same at every call.
pub fn image_config(reference: &str) -> ImageConfig {
    let seed = reference.bytes().fold(7, |sum, byte| sum * 31 + u64::from(byte));
    config::image(&mut Rng::new(seed))
}

/// A project of up to six containers.
pub fn project(rng: &mut Rng, name: &str) -> Project {
    let mut project = Project::empty(ProjectName::new(name), "/project");
    let password =
        SecretSpec { name: "password".to_owned(), source: SecretSource::Env("PW".to_owned()) };
    project.secrets.insert(password.name.clone(), password);
    for key in ["front", "back", "side"].iter().take(amount(rng, 4)) {
        project.networks.insert((*key).to_owned(), network(rng, name, key));
    }
    for key in ["data", "cache"].iter().take(amount(rng, 3)) {
        project.volumes.insert((*key).to_owned(), volume(rng, name, key));
    }
    for key in ["base", "web", "tool"].iter().take(amount(rng, 4)) {
        let base = project.images.get("base").is_some_and(|base| !base.source.is_external());
        let image = image(rng, name, key, base);
        project.images.insert((*key).to_owned(), image);
    }
    for key in ["a", "b", "c", "d", "e", "f"].iter().take(1 + amount(rng, 6)) {
        let spec = container(rng, &project, key);
        project.containers.insert(spec.address.clone(), spec);
    }
    change::repair(&mut project);
    project
}

fn amount(rng: &mut Rng, end: u64) -> usize {
    usize::try_from(rng.below(end)).expect("invariant: a small number")
}

fn network(rng: &mut Rng, project: &str, key: &str) -> NetworkSpec {
    let third = third(key);
    let ipam = rng.maybe(3, |_| Ipam {
        driver: None,
        pools: vec![IpamPool {
            subnet: Some(format!("10.77.{third}.0/24")),
            gateway: Some(format!("10.77.{third}.1")),
            ..IpamPool::default()
        }],
        ..Ipam::default()
    });
    let config = NetworkConfig {
        driver: rng.maybe(3, |_| "bridge".to_owned()),
        driver_options: config::texts(rng, "com.example.option"),
        internal: rng.one_in(5),
        attachable: rng.one_in(5),
        ipv6: false,
        ipam,
        labels: config::texts(rng, "net"),
    };
    NetworkSpec { key: key.into(), name: format!("{project}.{key}"), external: false, config }
}

/// The third part of a network's addresses.
pub(crate) fn third(key: &str) -> u32 {
    key.bytes().map(u32::from).sum::<u32>() % 200
}

fn volume(rng: &mut Rng, project: &str, key: &str) -> VolumeSpec {
    let config = VolumeConfig {
        driver: rng.maybe(3, |_| "local".to_owned()),
        driver_options: config::texts(rng, "device"),
        labels: config::texts(rng, "vol"),
    };
    VolumeSpec {
        key: key.into(),
        name: format!("{project}.{key}"),
        external: false,
        config,
        owner: rng.maybe(3, config::owner),
    }
}

/// Where `base` is built, others may build on it.
fn image(rng: &mut Rng, project: &str, key: &str, base: bool) -> ImageSpec {
    let external = rng.one_in(3);
    let source = if external {
        ImageSource::External { pull: PullPolicy::Missing }
    } else {
        let base = if base && rng.one_in(2) {
            format!("registry.test/{project}/base:latest")
        } else {
            "scratch".to_owned()
        };
        let text = format!("FROM {base}\nCOPY {key} /\nENV V={}\n", rng.below(3));
        ImageSource::Dockerfile { dockerfile: DockerfileSource::Inline(text), context: None }
    };
    let reference = if external {
        (*rng.pick(&REGISTRY)).to_owned()
    } else {
        format!("registry.test/{project}/{key}:latest")
    };
    ImageSpec {
        key: key.to_owned(),
        reference,
        tags: BTreeSet::new(),
        source,
        build: BuildOptions { labels: config::texts(rng, "built"), ..BuildOptions::default() },
        depends_on: BTreeSet::new(),
        push: !external && rng.one_in(2),
    }
}

fn container(rng: &mut Rng, project: &Project, key: &str) -> ContainerSpec {
    let engine = EngineName::default();
    let images: Vec<ImageUse> = project
        .images
        .keys()
        .map(|key| ImageUse::Project(key.clone()))
        .chain(REGISTRY.iter().map(|reference| ImageUse::External((*reference).into())))
        .collect();
    let image = rng.pick(&images).clone();
    let instance = rng.maybe(5, |_| "one".to_owned());
    let name = instance.as_ref().map_or_else(|| key.to_owned(), |i| format!("{key}.{i}"));
    let depends_on = dependencies(rng, project);
    let mut config = config::container(rng, project, key);
    let completes = rng.one_in(6);
    if completes {
        config.command = Some(vec!["exit".to_owned(), "0".to_owned()]);
        config.entrypoint = None.into();
        config.healthcheck = None.into();
        config.restart = RestartPolicy::No;
    }
    ContainerSpec {
        address: Address::container(&engine, &name),
        key: key.into(),
        instance: instance.into(),
        name: format!("{}.{name}", project.name).into(),
        image,
        pull: PullPolicy::Missing,
        config: config.into(),
        secrets: secrets(rng).into(),
        depends_on,
        wait: None.into(),
        update: UpdateSpec {
            order: if rng.one_in(4) { UpdateOrder::StartFirst } else { UpdateOrder::StopFirst },
            healthy_within_ms: rng.maybe(3, |_| 5_000),
            rollback: !rng.one_in(3),
            stable_for_ms: None,
        }
        .into(),
        exec_commands: exec_commands(rng, completes).into(),
        start_delay_ms: if rng.one_in(6) { 20 } else { 0 },
        persistent: rng.one_in(8),
        profiles: BTreeSet::new().into(),
        needs: BTreeSet::new().into(),
    }
}

fn exec_commands(rng: &mut Rng, completes: bool) -> Vec<ExecSpec> {
    if completes || !rng.one_in(5) {
        return Vec::new();
    }
    vec![ExecSpec {
        argv: vec!["echo".to_owned(), "there".to_owned()],
        user: None,
        workdir: None,
        env: std::collections::BTreeMap::new(),
        policy: *rng.pick(&[ExecPolicy::Initial, ExecPolicy::Restart]),
    }]
}

fn secrets(rng: &mut Rng) -> Vec<SecretMount> {
    rng.maybe(4, |rng| SecretMount {
        secret: "password".to_owned(),
        target: "/run/secrets/password".to_owned(),
        uid: 0,
        gid: 0,
        mode: *rng.pick(&[0o400, 0o440]),
    })
    .into_iter()
    .collect()
}

/// On containers that are declared already, with a condition that they can meet.
fn dependencies(rng: &mut Rng, project: &Project) -> Vec<Dependency> {
    let mut dependencies = Vec::new();
    for other in project.containers.values() {
        if !rng.one_in(3) {
            continue;
        }
        dependencies.push(Dependency {
            on: other.address.clone(),
            condition: condition(rng, other),
            reason: Reason::DependsOn,
        });
    }
    dependencies
}

/// A condition that this container can meet.
pub(crate) fn condition(rng: &mut Rng, of: &ContainerSpec) -> Condition {
    let completes = of.config.command.as_ref().is_some_and(|words| words[0] == "exit");
    let checked = of.config.healthcheck.as_ref().is_some_and(|check| {
        matches!(check.test, windlass_model::healthcheck::HealthTest::Exec(_))
    });
    match (completes, checked) {
        (true, _) => Condition::Completed,
        (false, true) => *rng.pick(&[Condition::Started, Condition::Healthy]),
        (false, false) => Condition::Started,
    }
}
