//! What must hold of an engine whatever a run did to it.
//!
//! Invariant: a check only looks, and says everything that is wrong.

use crate::engine::FakeEngine;
use std::collections::{BTreeMap, BTreeSet};
use windlass_model::Address;
use windlass_model::name::{ImageId, ProjectName};
use windlass_model::observed::{ObservedContainer, ObservedNetwork, ObservedVolume, State};
use windlass_model::project::Project;
use windlass_model::update::UpdateOrder;

/// What a run may not change, taken before it.
#[derive(Clone, Debug)]
pub struct Before {
    project: ProjectName,
    /// Containers of which two may run during a replacement.
    start_first: BTreeSet<Address>,
    containers: Vec<ObservedContainer>,
    networks: Vec<ObservedNetwork>,
    /// All volumes: also our own are never removed without consent.
    volumes: BTreeMap<String, ObservedVolume>,
    foreign_images: BTreeSet<ImageId>,
}

impl Before {
    pub fn take(engine: &FakeEngine, project: &Project) -> Self {
        let start_first = project
            .containers
            .values()
            .filter(|spec| spec.update.order == UpdateOrder::StartFirst)
            .map(|spec| spec.address.clone())
            .collect();
        let project = project.name.clone();
        engine.with(|world| {
            let foreign = |owner: Option<&windlass_model::label::Owner>| {
                owner.is_none_or(|owner| owner.project != project)
            };
            let containers: Vec<_> = world.containers.keys().map(|id| id.0.clone()).collect();
            let containers = containers
                .iter()
                .filter_map(|id| world.inspect_container(id).ok())
                .filter(|container| foreign(container.owner.as_ref()))
                .collect();
            let networks = world.networks.values();
            let networks = networks.filter(|n| foreign(n.owner.as_ref())).cloned().collect();
            let volumes = world.volumes.iter();
            let volumes = volumes
                .filter(|(name, _)| !world.is_anonymous(name))
                .map(|(name, volume)| (name.clone(), volume.clone()))
                .collect();
            let foreign_images = world
                .images
                .values()
                .filter(|image| !image.config.labels.contains_key(windlass_model::label::PROJECT))
                .map(|image| image.id.clone())
                .collect();
            Self { project, start_first, containers, networks, volumes, foreign_images }
        })
    }

    /// What is wrong now. `consent`: volumes that may be gone.
    pub fn check(&self, engine: &FakeEngine, consent: &BTreeSet<String>) -> Vec<String> {
        let mut faults = Vec::new();
        engine.with(|world| {
            for before in &self.containers {
                match world.inspect_container(before.id.as_str()) {
                    Ok(now) if now == *before => {}
                    Ok(_) => faults.push(format!("foreign container {} was changed", before.name)),
                    Err(_) => faults.push(format!("foreign container {} is gone", before.name)),
                }
            }
            for before in &self.networks {
                if world.networks.get(&before.id) != Some(before) {
                    faults.push(format!("foreign network {} is gone or changed", before.name));
                }
            }
            for (name, before) in &self.volumes {
                let may_go = consent.contains(name);
                match world.volumes.get(name) {
                    Some(now) if now == before => {}
                    Some(_) | None if may_go => {}
                    Some(_) => faults.push(format!("volume {name} was made anew")),
                    None => faults.push(format!("volume {name} is gone")),
                }
            }
            for id in &self.foreign_images {
                if !world.images.contains_key(id) {
                    faults.push(format!("foreign image {} is gone", id.short()));
                }
            }
        });
        faults.extend(duplicates(engine, &self.project, &self.start_first));
        faults
    }
}

/// Addresses with more than one container that runs, and networks of ours that share a name.
fn duplicates(
    engine: &FakeEngine,
    project: &ProjectName,
    start_first: &BTreeSet<Address>,
) -> Vec<String> {
    let mut containers: BTreeMap<Address, u32> = BTreeMap::new();
    let mut networks: BTreeMap<String, u32> = BTreeMap::new();
    engine.with(|world| {
        for container in world.summaries() {
            let Some(owner) = container.owner.filter(|owner| owner.project == *project) else {
                continue;
            };
            if let (Some(address), State::Running) = (owner.address, container.state) {
                *containers.entry(address).or_default() += 1;
            }
        }
        for network in world.networks.values() {
            if network.owner.as_ref().is_some_and(|owner| owner.project == *project) {
                *networks.entry(network.name.clone()).or_default() += 1;
            }
        }
    });
    let most = |address: &Address| if start_first.contains(address) { 2 } else { 1 };
    let containers = containers.into_iter().filter(|(address, count)| *count > most(address));
    let containers = containers.map(|(address, n)| format!("{n} of {address} run at once"));
    let networks = networks.into_iter().filter(|(_, count)| *count > 1);
    containers.chain(networks.map(|(name, n)| format!("{n} networks are called {name}"))).collect()
}

/// After a run that converged: one container per address, under its own name.
pub fn settled(engine: &FakeEngine, project: &ProjectName) -> Vec<String> {
    let mut addresses: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut faults = Vec::new();
    engine.with(|world| {
        for container in world.summaries() {
            let Some(owner) = container.owner.filter(|owner| owner.project == *project) else {
                continue;
            };
            match owner.address {
                Some(address) => {
                    addresses.entry(address.to_string()).or_default().push(container.name);
                }
                None => faults.push(format!("{} was left behind", container.name)),
            }
        }
    });
    for (address, names) in addresses {
        if names.len() > 1 {
            faults.push(format!("{address} has {}", names.join(", ")));
        }
    }
    faults
}

/// Places where a secret's value can be read: labels of objects, arguments, the log of calls.
pub fn shown(engine: &FakeEngine, canary: &str) -> Vec<String> {
    engine.with(|world| {
        let mut places = Vec::new();
        for container in world.containers.values() {
            let labels = container.labels.values();
            let words = container.config.command.iter().chain(&container.config.entrypoint);
            if labels.chain(words.flatten()).any(|text| text.contains(canary)) {
                places.push(format!("a secret can be read on container {}", container.name));
            }
        }
        for image in world.images.values() {
            if image.config.labels.values().any(|text| text.contains(canary)) {
                places.push(format!("a secret can be read on image {}", image.id.short()));
            }
        }
        for call in &world.calls {
            if call.object.contains(canary) {
                places.push(format!("a secret is in a call of {}", call.method));
            }
        }
        places
    })
}

/// Containers and networks of a project that are there: none after it was taken down.
pub fn left(engine: &FakeEngine, project: &ProjectName) -> Vec<String> {
    engine.with(|world| {
        let ours = |owner: Option<&windlass_model::label::Owner>| {
            owner.is_some_and(|owner| owner.project == *project)
        };
        let containers = world.summaries();
        let containers = containers.into_iter().filter(|c| ours(c.owner.as_ref()));
        let networks = world.networks.values().filter(|n| ours(n.owner.as_ref()));
        containers.map(|c| c.name).chain(networks.map(|n| n.name.clone())).collect()
    })
}
