//! Random changes to a project.
//!
//! Invariant: the changed project is one that can come up, as the first one was.

use super::{condition, config, container};
use crate::rng::Rng;
use std::collections::BTreeSet;
use windlass_model::Address;
use windlass_model::container::ContainerSpec;
use windlass_model::dependency::Condition;
use windlass_model::endpoint::Endpoint;
use windlass_model::image::{DockerfileSource, ImageSource};
use windlass_model::mount::{Mount, MountSource};
use windlass_model::project::Project;
use windlass_model::secret::SECRETS_DIR;
use windlass_model::update::UpdateOrder;

/// The project as somebody may write it next: some things changed, added, taken away. Volumes stay
/// as they are, because a change to one has no plan.
pub fn change(rng: &mut Rng, project: &Project) -> Project {
    let mut changed = project.clone();
    for _ in 0..=rng.below(4) {
        match rng.below(9) {
            0 => take_away(rng, &mut changed),
            1 => add(rng, &mut changed),
            2 => rebuild(rng, &mut changed),
            3 => change_network(rng, &mut changed),
            4 => change_dependencies(rng, &mut changed),
            5 => change_endpoint(rng, &mut changed),
            _ => change_config(rng, &mut changed),
        }
    }
    repair(&mut changed);
    changed
}

/// Takes out what can't come up, or would not stay as it is.
pub(super) fn repair(project: &mut Project) {
    let addresses: BTreeSet<Address> = project.containers.keys().cloned().collect();
    let mut awaited = BTreeSet::new();
    for spec in project.containers.values_mut() {
        spec.depends_on.retain(|dependency| addresses.contains(&dependency.on));
        let completed = spec.depends_on.iter().filter(|d| d.condition == Condition::Completed);
        awaited.extend(completed.map(|dependency| dependency.on.clone()));
    }
    for spec in project.containers.values_mut() {
        // What ends and nobody waits for would be started again by every run.
        if completes(spec) && !awaited.contains(&spec.address) {
            spec.config.command = Some(vec!["run".to_owned()]);
        }
        // As files are lowered: an engine puts no secret into a read-only root.
        if spec.config.read_only && !spec.secrets.is_empty() {
            spec.config.mounts.insert(SECRETS_DIR.to_owned(), Mount::anonymous());
        }
        if !can_start_first(spec) {
            spec.update.order = UpdateOrder::StopFirst;
        }
    }
}

pub(super) fn completes(spec: &ContainerSpec) -> bool {
    spec.config.command.as_ref().is_some_and(|words| words[0] == "exit")
}

fn can_start_first(spec: &ContainerSpec) -> bool {
    let config = &spec.config;
    let writable = config
        .mounts
        .values()
        .any(|mount| !mount.read_only && matches!(mount.source, MountSource::Volume(_)));
    let fixed = config.endpoints.values().any(|e| e.ipv4.is_some() || e.mac_address.is_some());
    config.published.is_empty() && !writable && !fixed
}

fn some_container<'a>(rng: &mut Rng, project: &'a mut Project) -> Option<&'a mut ContainerSpec> {
    let addresses: Vec<Address> = project.containers.keys().cloned().collect();
    if addresses.is_empty() {
        return None;
    }
    project.containers.get_mut(rng.pick(&addresses))
}

fn take_away(rng: &mut Rng, project: &mut Project) {
    if let Some(address) = some_container(rng, project).map(|spec| spec.address.clone())
        && project.containers.len() > 1
    {
        project.containers.remove(&address);
    }
}

fn add(rng: &mut Rng, project: &mut Project) {
    let free = ["g", "h", "i", "j"]
        .into_iter()
        .find(|key| project.containers.values().all(|spec| spec.key != *key));
    if let Some(key) = free {
        let spec = container(rng, project, key);
        project.containers.insert(spec.address.clone(), spec);
    }
}

fn rebuild(rng: &mut Rng, project: &mut Project) {
    for image in project.images.values_mut() {
        if let ImageSource::Dockerfile { dockerfile: DockerfileSource::Inline(text), .. } =
            &mut image.source
            && rng.one_in(2)
        {
            text.push_str("ENV MORE=1\n");
        }
    }
}

fn change_network(rng: &mut Rng, project: &mut Project) {
    for network in project.networks.values_mut() {
        if rng.one_in(2) {
            network.config.attachable = !network.config.attachable;
        }
    }
}

/// Another alias, a network more, or one less: what an engine can change in place.
fn change_endpoint(rng: &mut Rng, project: &mut Project) {
    let networks: Vec<String> = project.networks.values().map(|spec| spec.name.clone()).collect();
    for spec in project.containers.values_mut() {
        let endpoints = &mut spec.config.endpoints;
        if endpoints.is_empty() || networks.is_empty() || !rng.one_in(2) {
            continue;
        }
        let network = rng.pick(&networks);
        if endpoints.len() > 1 && endpoints.contains_key(network) && rng.one_in(2) {
            endpoints.remove(network);
        } else {
            let endpoint = endpoints.get_or_insert_with(network.clone(), Endpoint::default);
            endpoint.aliases.insert("other".to_owned());
        }
    }
}

fn change_dependencies(rng: &mut Rng, project: &mut Project) {
    let specs: Vec<ContainerSpec> = project.containers.values().cloned().collect();
    let Some(spec) = some_container(rng, project) else { return };
    for dependency in &mut spec.depends_on {
        if let Some(other) = specs.iter().find(|other| other.address == dependency.on) {
            dependency.condition = condition(rng, other);
        }
    }
}

/// A few fields of one container; what it does as a process stays, because others wait for that.
fn change_config(rng: &mut Rng, project: &mut Project) {
    let addresses: Vec<Address> = project.containers.keys().cloned().collect();
    let address = rng.pick(&addresses).clone();
    let key = project.containers[&address].key.clone();
    let fresh = config::container(rng, project, &key);
    let Some(spec) = project.containers.get_mut(&address) else { return };
    let old = std::mem::replace(&mut spec.config, fresh.into());
    spec.config.healthcheck.clone_from(&old.healthcheck);
    if completes_command(old.command.as_ref()) {
        spec.config.command.clone_from(&old.command);
        spec.config.entrypoint = None.into();
    }
    if rng.one_in(2) {
        // Only what an engine can change in place.
        let fresh = std::mem::replace(&mut spec.config, old);
        spec.config.limits = fresh.limits.clone();
        spec.config.restart = fresh.restart;
    }
}

fn completes_command(command: Option<&Vec<String>>) -> bool {
    command.is_some_and(|words| words[0] == "exit")
}
