//! Containers: creation, listing and inspection.
//!
//! Invariant: what is `None` is not sent, so the engine decides about it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::host::HostConfig;
use super::{Empty, Loose, Words};

/// What runs in a container; also what an image gives to it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Config {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hostname: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) domainname: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tty: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) open_stdin: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stdin_once: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) env: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cmd: Option<Words>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) healthcheck: Option<HealthConfig>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) image: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) volumes: Option<BTreeMap<String, Option<Empty>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) working_dir: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) entrypoint: Option<Words>,
    /// Only before API 1.44, where a container has one address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mac_address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) labels: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stop_signal: Option<Loose>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stop_timeout: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) exposed_ports: Option<BTreeMap<String, Option<Empty>>>,
}

/// Durations are in nanoseconds.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct HealthConfig {
    pub(crate) test: Option<Vec<String>>,
    pub(crate) interval: Option<i64>,
    pub(crate) timeout: Option<i64>,
    pub(crate) start_period: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) start_interval: Option<i64>,
    pub(crate) retries: Option<i64>,
}

/// The body of a creation.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreateBody {
    #[serde(flatten)]
    pub(crate) config: Config,
    pub(crate) host_config: HostConfig,
    pub(crate) networking_config: NetworkingConfig,
}

#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct NetworkingConfig {
    pub(crate) endpoints_config: BTreeMap<String, EndpointSettings>,
}

/// One container's attachment to one network.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct EndpointSettings {
    #[serde(rename = "IPAMConfig", skip_serializing_if = "Option::is_none")]
    pub(crate) ipam_config: Option<EndpointIpam>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) links: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) aliases: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mac_address: Option<String>,
    #[serde(rename = "NetworkID", skip_serializing)]
    pub(crate) network_id: Option<String>,
    #[serde(rename = "IPAddress", skip_serializing)]
    pub(crate) ip_address: Option<String>,
    #[serde(rename = "GlobalIPv6Address", skip_serializing)]
    pub(crate) global_ipv6_address: Option<String>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct EndpointIpam {
    #[serde(rename = "IPv4Address", skip_serializing_if = "Option::is_none")]
    pub(crate) ipv4: Option<String>,
    #[serde(rename = "IPv6Address", skip_serializing_if = "Option::is_none")]
    pub(crate) ipv6: Option<String>,
    #[serde(rename = "LinkLocalIPs", skip_serializing_if = "Option::is_none")]
    pub(crate) link_local_ips: Option<Vec<String>>,
}

/// The body of a connection to a network.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ConnectBody<'a> {
    pub(crate) container: &'a str,
    pub(crate) endpoint_config: EndpointSettings,
}

/// A container in full.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Inspect {
    pub(crate) id: String,
    pub(crate) name: Option<String>,
    pub(crate) image: Option<String>,
    pub(crate) restart_count: Option<i64>,
    pub(crate) state: Option<State>,
    pub(crate) config: Option<Config>,
    pub(crate) host_config: Option<HostConfig>,
    pub(crate) network_settings: Option<NetworkSettings>,
    pub(crate) mounts: Option<Vec<MountPoint>>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct State {
    pub(crate) status: Option<String>,
    pub(crate) error: Option<String>,
    pub(crate) exit_code: Option<i64>,
    #[serde(rename = "OOMKilled")]
    pub(crate) oom_killed: Option<bool>,
    pub(crate) started_at: Option<String>,
    pub(crate) health: Option<HealthState>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct HealthState {
    pub(crate) status: Option<String>,
    pub(crate) log: Option<Vec<HealthResult>>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct HealthResult {
    pub(crate) start: Option<String>,
    pub(crate) exit_code: Option<i64>,
    pub(crate) output: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct NetworkSettings {
    pub(crate) networks: Option<BTreeMap<String, Option<EndpointSettings>>>,
}

/// A mount as it is, whoever asked for it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct MountPoint {
    #[serde(rename = "Type")]
    pub(crate) kind: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) destination: Option<String>,
}

/// A container as lists have it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Summary {
    pub(crate) id: String,
    pub(crate) names: Option<Vec<String>>,
    pub(crate) image: Option<String>,
    #[serde(rename = "ImageID")]
    pub(crate) image_id: Option<String>,
    pub(crate) created: Option<i64>,
    pub(crate) state: Option<String>,
    pub(crate) status: Option<String>,
    pub(crate) ports: Option<Vec<SummaryPort>>,
    pub(crate) labels: Option<BTreeMap<String, String>>,
    pub(crate) network_settings: Option<NetworkSettings>,
    pub(crate) mounts: Option<Vec<MountPoint>>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct SummaryPort {
    #[serde(rename = "IP")]
    pub(crate) ip: Option<String>,
    pub(crate) private_port: Option<u16>,
    pub(crate) public_port: Option<u16>,
    #[serde(rename = "Type")]
    pub(crate) protocol: Option<String>,
}

/// The processes of a container.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Top {
    pub(crate) titles: Option<Vec<String>>,
    pub(crate) processes: Option<Vec<Vec<String>>>,
}

/// How a container ended.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Waited {
    pub(crate) status_code: i64,
}

/// A command in a container.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ExecBody<'a> {
    pub(crate) attach_stdin: bool,
    pub(crate) attach_stdout: bool,
    pub(crate) attach_stderr: bool,
    pub(crate) tty: bool,
    pub(crate) privileged: bool,
    pub(crate) cmd: &'a [String],
    pub(crate) env: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) working_dir: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) detach_keys: Option<&'a str>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ExecStart {
    pub(crate) detach: bool,
    pub(crate) tty: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct ExecInspect {
    pub(crate) running: Option<bool>,
    pub(crate) exit_code: Option<i64>,
    pub(crate) process_config: Option<ExecProcess>,
}

/// These keys are small, unlike those around them.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ExecProcess {
    pub(crate) entrypoint: Option<String>,
    pub(crate) arguments: Option<Vec<String>>,
    pub(crate) user: Option<String>,
}

/// The only part of a container that matters for its execs.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ExecIds {
    #[serde(rename = "ExecIDs")]
    pub(crate) exec_ids: Option<Vec<String>>,
}
