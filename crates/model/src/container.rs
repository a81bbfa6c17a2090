//! Containers as declared: what the engine is asked for, and what windlass does around it.
//!
//! Invariant: `ContainerConfig` has the same meaning wanted, asked (on a label) and observed, so
//! that three of them can be compared field by field.

use crate::address::Address;
use crate::dependency::Dependency;
use crate::endpoint::{Endpoints, NetworkMode};
use crate::env::Env;
use crate::healthcheck::Healthcheck;
use crate::image::{ImageUse, PullPolicy};
use crate::limits::{Limits, RestartPolicy};
use crate::mount::Mount;
use crate::port::{ExposedPort, PublishedPort};
use crate::secret::SecretMount;
use crate::update::UpdateSpec;
use crate::wait::{ExecSpec, WaitSpec};
use crate::{Rare, Shared, Text};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A container as declared: one instance on one engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerSpec {
    pub address: Address,
    /// The key in the file, without an instance.
    pub key: Text,
    pub instance: Rare<Option<String>>,
    /// The container's name on the engine: `<project>.<container>[.<instance>]`.
    pub name: Text,
    pub image: ImageUse,
    pub pull: PullPolicy,
    pub config: Shared<ContainerConfig>,
    pub secrets: Rare<Vec<SecretMount>>,
    pub depends_on: Vec<Dependency>,
    /// What must hold, beside the health check, before dependents may start.
    pub wait: Rare<Option<WaitSpec>>,
    pub update: Rare<UpdateSpec>,
    pub exec_commands: Rare<Vec<ExecSpec>>,
    /// Slept after a start, before dependents start.
    pub start_delay_ms: u64,
    /// Started once, not started again after it exited, kept by `down --keep-persistent`.
    pub persistent: bool,
    /// Only part of a run that names one of them; empty is always.
    pub profiles: Rare<BTreeSet<String>>,
    /// Images, networks and volumes that it only names, in its command or its environment.
    pub needs: Rare<BTreeSet<Address>>,
}

/// Everything that an engine is told about a container, and that it can be asked about again.
///
/// `None`, `false` and empty mean "as the image or the engine has it". The image itself is not
/// here: it is compared by its id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ContainerConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<Vec<String>>,
    /// `Some` of an empty list clears the image's entrypoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entrypoint: Rare<Option<Vec<String>>>,
    #[serde(skip_serializing_if = "Env::is_empty")]
    pub env: Env,
    /// The file's labels; windlass's own are not among them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: Rare<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Rare<Option<String>>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub group_add: Rare<BTreeSet<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workdir: Rare<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hostname: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domainname: Rare<Option<String>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub tty: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub stdin_open: bool,
    /// By name, with `SIG`: `SIGTERM`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_signal: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_timeout_s: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub healthcheck: Rare<Option<Healthcheck>>,

    /// Beside those of `published`, which are exposed by being published.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub exposed: Rare<BTreeSet<ExposedPort>>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub published: Rare<BTreeSet<PublishedPort>>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub publish_all: bool,
    pub network_mode: NetworkMode,
    /// Only with `NetworkMode::Networks`.
    #[serde(skip_serializing_if = "Endpoints::is_empty")]
    pub endpoints: Endpoints,
    /// Legacy links on the default network: `container:alias`.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub links: Rare<BTreeSet<String>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dns: Rare<Vec<String>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dns_search: Rare<Vec<String>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dns_options: Rare<Vec<String>>,
    /// `host:address`.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub extra_hosts: Rare<BTreeSet<String>>,

    /// By target, an absolute path in the container.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub mounts: Rare<BTreeMap<String, Mount>>,
    /// tmpfs mounts by target; the value is their options, such as `size=64m,mode=1777`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tmpfs: Rare<BTreeMap<String, String>>,
    /// `container[:ro]`, by the container's name on the engine.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub volumes_from: Rare<BTreeSet<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shm_size_bytes: Option<u64>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub read_only: bool,

    pub restart: RestartPolicy,
    pub limits: Rare<Limits>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub ulimits: Rare<BTreeMap<String, Ulimit>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oom_score_adj: Option<i32>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub oom_kill_disable: bool,

    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub privileged: bool,
    /// Upper case, without `CAP_`.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub cap_add: Rare<BTreeSet<String>>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub cap_drop: Rare<BTreeSet<String>>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub devices: Rare<BTreeSet<Device>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gpus: Rare<Option<Gpus>>,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub security_opt: Rare<BTreeSet<String>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub sysctls: Rare<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub init: Option<bool>,
    /// `host` or `container:<name>`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pid: Rare<Option<String>>,
    /// `host`, `shareable`, `private`, `none` or `container:<name>`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ipc: Rare<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uts: Rare<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub userns: Rare<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cgroupns: Rare<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cgroup_parent: Rare<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runtime: Rare<Option<String>>,
    /// `os/arch[/variant]`. Not compared: the image's id says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform: Rare<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Rare<Option<LogConfig>>,
}

/// `ulimits.<name>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ulimit {
    pub soft: i64,
    pub hard: i64,
}

/// A device of the engine's host.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Device {
    pub host_path: String,
    pub path: String,
    /// Any of `r`, `w`, `m`, in that order.
    pub permissions: String,
}

/// A request for GPUs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gpus {
    /// -1 is all.
    pub count: i64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub device_ids: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub capabilities: Vec<String>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub driver: String,
}

/// The log driver and its options.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogConfig {
    pub driver: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub options: BTreeMap<String, String>,
}

impl ContainerConfig {
    /// The volumes that are mounted, by their names on the engine.
    pub fn volume_names(&self) -> impl Iterator<Item = &str> {
        self.mounts.values().filter_map(Mount::volume_name)
    }

    /// The innermost mount above a path in the container, by its target; none for tmpfs mounts.
    pub fn mount_above(&self, path: &str) -> Option<(&str, &Mount)> {
        let above = self.mounts.iter().filter(|(target, _)| is_above(target, path));
        above.max_by_key(|(target, _)| target.len()).map(|(target, mount)| (&**target, mount))
    }

    /// The innermost tmpfs mount above a path in the container.
    pub fn tmpfs_above(&self, path: &str) -> Option<&str> {
        let targets = self.tmpfs.keys().map(String::as_str);
        targets.filter(|target| is_above(target, path)).max_by_key(|target| target.len())
    }

    /// Names of containers whose namespace, volumes or links this one needs at its start: whoever
    /// recreates one of them must recreate this one too.
    pub fn bound_containers(&self) -> BTreeSet<&str> {
        let heads = self.volumes_from.iter().chain(&self.links).map(|text| before_colon(text));
        self.shared_namespaces().into_iter().chain(heads).collect()
    }

    /// Names of the containers whose network, processes or memory it shares.
    pub fn shared_namespaces(&self) -> BTreeSet<&str> {
        let namespaces = [&self.pid, &self.ipc]
            .into_iter()
            .filter_map(|mode| mode.as_deref()?.strip_prefix("container:"));
        let network = match &self.network_mode {
            NetworkMode::Container(name) => Some(name.as_str()),
            NetworkMode::Bridge | NetworkMode::Networks | NetworkMode::Host | NetworkMode::None => {
                None
            }
        };
        namespaces.chain(network).collect()
    }
}

/// Whether a path is below a directory.
fn is_above(directory: &str, path: &str) -> bool {
    path.strip_prefix(directory.trim_end_matches('/')).is_some_and(|rest| rest.starts_with('/'))
}

/// `p.c` of `p.c:ro`.
fn before_colon(text: &str) -> &str {
    text.split_once(':').map_or(text, |(head, _)| head)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_config_is_short_on_a_label() {
        let text = serde_json::to_string(&ContainerConfig::default()).unwrap();
        assert_eq!(text, r#"{"network_mode":"bridge","restart":"no","limits":{}}"#);
        let read: ContainerConfig = serde_json::from_str(&text).unwrap();
        assert_eq!(read, ContainerConfig::default());
    }

    #[test]
    fn bound_containers() {
        let config = ContainerConfig {
            pid: Some("container:p.a".to_owned()).into(),
            ipc: Some("host".to_owned()).into(),
            network_mode: NetworkMode::Container("p.b".into()),
            volumes_from: ["p.c:ro".to_owned(), "p.d".to_owned()].into(),
            links: ["p.e:e".to_owned()].into(),
            ..ContainerConfig::default()
        };
        let bound: Vec<_> = config.bound_containers().into_iter().collect();
        assert_eq!(bound, ["p.a", "p.b", "p.c", "p.d", "p.e"]);
    }
}
