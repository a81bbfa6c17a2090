//! What a container has of objects that no file declares: only `host_config` names them as the engine does.
//!
//! Invariant: what is written here is not written under the container's own keys, and the other way round.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use windlass::model::container::ContainerConfig;
use windlass::model::mount::Mount;
use windlass::model::project::Project;

use super::Entries;

/// Whether a volume is mounted that the project does not declare.
pub(super) fn is_volume(mount: &Mount, project: &Project) -> bool {
    let is_declared = |name| project.volumes.values().any(|volume| volume.name == name);
    mount.volume_name().is_some_and(|name| !is_declared(name))
}

/// Whether `container[:rest]` is not of the project.
pub(super) fn is_container(text: &str, project: &Project) -> bool {
    let name = text.split(':').next().unwrap_or_default();
    !project.containers.values().any(|container| container.name == name)
}

/// Whether no file declares the network. (Everybody knows the engine's own.)
pub(super) fn is_network(name: &str, project: &Project) -> bool {
    name != "bridge" && !project.networks.values().any(|network| network.name == *name)
}

pub(super) fn host_config(config: &ContainerConfig, project: &Project) -> Value {
    let mut out = Entries::default();
    let network = config.endpoints.keys().find(|name| is_network(name, project));
    out.some("network_mode", network.map(String::as_str));
    let of_endpoints = config.endpoints.values().flat_map(|endpoint| endpoint.links.iter());
    let links = config.links.iter().chain(of_endpoints);
    let links = links.filter(|link| is_container(link, project));
    let pair = |link: &String| link.split_once(':').map(|(name, alias)| json!([name, alias]));
    let links: BTreeSet<&String> = links.collect();
    out.list("links", links.into_iter().filter_map(pair));
    let others = config.volumes_from.iter().filter(|from| is_container(from, project));
    out.list("volumes_from", others.map(String::as_str));
    let mounts = config.mounts.iter().filter(|(_, mount)| is_volume(mount, project));
    out.list("mounts", mounts.map(|(target, mount)| volume(target, mount)));
    out.done()
}

/// The address in a network that only `host_config` names.
pub(super) fn create_options(config: &ContainerConfig, project: &Project) -> Value {
    let mut out = Entries::default();
    let mut endpoints = config.endpoints.iter().filter(|(name, _)| is_network(name, project));
    out.some("mac_address", endpoints.find_map(|(_, endpoint)| endpoint.mac_address.as_deref()));
    out.done()
}

fn volume(target: &str, mount: &Mount) -> Value {
    let Mount { source: _, read_only, propagation: _, no_copy, create_host_path: _ } = mount;
    let mut out = Entries::default();
    out.put("Type", "volume");
    out.some("Source", mount.volume_name());
    out.put("Target", target);
    out.flag("ReadOnly", *read_only);
    if *no_copy {
        out.put("VolumeOptions", json!({"NoCopy": true}));
    }
    out.done()
}
