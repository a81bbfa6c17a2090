//! What must hold of an engine whatever a run did to it, and whatever was done to the run.
//!
//! Invariant: a check only looks, and says everything that is wrong. It looks at a snapshot, so
//! that it holds a real engine to the same rules as the fake one.

use crate::engine::FakeEngine;
use crate::snapshot::Snapshot;
use std::collections::{BTreeMap, BTreeSet};
use windlass_model::dependency::Condition;
use windlass_model::label::{self, Owner};
use windlass_model::lock;
use windlass_model::name::ProjectName;
use windlass_model::observed::{Health, ObservedContainer, State};
use windlass_model::passing_name::PassingName;
use windlass_model::project::Project;
use windlass_model::update::UpdateOrder;
use windlass_model::{Address, ContainerId};

/// What a run may not change, taken before it.
#[derive(Clone, Debug)]
pub struct Before {
    project: ProjectName,
    /// Containers of which two may run during a replacement.
    start_first: BTreeSet<Address>,
    foreign: Vec<ObservedContainer>,
    /// What serves, of the containers that shall go on serving.
    serving: BTreeSet<Address>,
    then: Snapshot,
}

/// What happened beside the run, and excuses what would be wrong without it.
#[derive(Clone, Debug, Default)]
pub struct Excuses {
    /// Volumes that may be gone, by name.
    pub volumes: BTreeSet<String>,
    /// The engine ended and came back: what runs is as the restart policies have it.
    pub restarted: bool,
}

impl Before {
    /// `project` is what the run shall bring about.
    pub fn take(then: Snapshot, project: &Project) -> Self {
        let start_first = project
            .containers
            .values()
            .filter(|spec| spec.update.order == UpdateOrder::StartFirst)
            .map(|spec| spec.address.clone())
            .collect();
        let name = project.name.clone();
        let foreign = then.containers.iter();
        let lock = lock::name(&name);
        let foreign = foreign.filter(|c| !is_of(c.owner.as_ref(), &name) && c.name != lock);
        let foreign = foreign.cloned().collect();
        let serving = serving(&then, project);
        Self { project: name, start_first, foreign, serving, then }
    }

    /// What is wrong now: foreign objects and volumes are as they were, and nothing is double.
    pub fn check(&self, now: &Snapshot, excuses: &Excuses) -> Vec<String> {
        let mut faults = Vec::new();
        for before in &self.foreign {
            match now.containers.iter().find(|container| container.id == before.id) {
                Some(seen) if is_same(seen, before, excuses.restarted) => {}
                Some(_) => faults.push(format!("foreign container {} was changed", before.name)),
                None => faults.push(format!("foreign container {} is gone", before.name)),
            }
        }
        let networks = self.then.networks.iter();
        for before in networks.filter(|network| !is_of(network.owner.as_ref(), &self.project)) {
            if !now.networks.contains(before) {
                faults.push(format!("foreign network {} is gone or changed", before.name));
            }
        }
        for before in self.then.volumes.iter().filter(|volume| !is_anonymous(&self.then, volume)) {
            match now.volumes.iter().find(|volume| volume.name == before.name) {
                Some(seen) if seen == before => {}
                Some(_) | None if excuses.volumes.contains(&before.name) => {}
                Some(_) => faults.push(format!("volume {} was made anew", before.name)),
                None => faults.push(format!("volume {} is gone", before.name)),
            }
        }
        let images = self.then.images.iter();
        for before in images.filter(|image| !image.labels.contains_key(label::PROJECT)) {
            if now.images.iter().all(|image| image.id != before.id) {
                faults.push(format!("foreign image {} is gone", before.id.short()));
            }
        }
        if !excuses.restarted {
            faults.extend(self.running_twice(now));
        }
        faults.extend(networks_twice(now, &self.project));
        faults
    }

    /// What served before and does not any more, neither itself nor a successor.
    pub fn unserved(&self, now: &Snapshot) -> Vec<String> {
        let serves = |address: &&Address| {
            now.containers.iter().any(|container| {
                let owner = container.owner.as_ref();
                owner.and_then(|owner| owner.address.as_ref()) == Some(*address) && is_up(container)
            })
        };
        let unserved = self.serving.iter().filter(|address| !serves(address));
        unserved.map(|address| format!("{address} served before and does not any more")).collect()
    }

    /// Whether somebody has the lock now who did not have it before.
    pub fn locked_anew(&self, now: &Snapshot, project: &ProjectName) -> bool {
        let held = locked(now, project);
        held.is_some() && held != locked(&self.then, project)
    }

    /// Addresses with more than one container that runs.
    fn running_twice(&self, now: &Snapshot) -> Vec<String> {
        let mut running: BTreeMap<&Address, u32> = BTreeMap::new();
        for container in now.containers.iter().filter(|c| c.state == State::Running) {
            let owner = container.owner.as_ref().filter(|owner| owner.project == self.project);
            if let Some(address) = owner.and_then(|owner| owner.address.as_ref()) {
                *running.entry(address).or_default() += 1;
            }
        }
        let most = |address: &Address| if self.start_first.contains(address) { 2 } else { 1 };
        let double = running.into_iter().filter(|(address, count)| *count > most(address));
        double.map(|(address, count)| format!("{count} of {address} run at once")).collect()
    }
}

/// Networks of ours that share a name.
fn networks_twice(now: &Snapshot, project: &ProjectName) -> Vec<String> {
    let mut networks: BTreeMap<&str, u32> = BTreeMap::new();
    for network in now.networks.iter().filter(|n| is_of(n.owner.as_ref(), project)) {
        *networks.entry(&network.name).or_default() += 1;
    }
    let double = networks.into_iter().filter(|(_, count)| *count > 1);
    double.map(|(name, count)| format!("{count} networks are called {name}")).collect()
}

/// Commands and secrets of running containers that they never got, although the run that started them
/// ended well.
pub fn commands_missing(engine: &FakeEngine, project: &Project) -> Vec<String> {
    let mut missing = Vec::new();
    engine.with(|world| {
        for spec in project.containers.values() {
            let mut containers = world.containers.values();
            let called = containers.find(|container| container.name == spec.name);
            let Some(container) = called.filter(|container| container.state.is_up()) else {
                continue;
            };
            if !spec.secrets.is_empty() && container.uploads.is_empty() {
                missing.push(format!("{} runs without its secrets", spec.name));
            }
            let ran = &container.commands;
            let not_run = spec.exec_commands.iter().filter(|exec| !ran.contains(&exec.argv));
            missing.extend(
                not_run.map(|exec| format!("{:?} was not run in {}", exec.argv, spec.name)),
            );
        }
    });
    missing
}

/// After a run that converged: one container per address, under its own name, and nothing else.
pub fn settled(now: &Snapshot, project: &ProjectName) -> Vec<String> {
    let mut addresses: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut faults = Vec::new();
    for summary in &now.summaries {
        let Some(owner) = summary.owner.as_ref().filter(|owner| owner.project == *project) else {
            continue;
        };
        let name = summary.name.clone();
        match &owner.address {
            Some(address) => addresses.entry(address.to_string()).or_default().push(name),
            None => faults.push(format!("{name} was left behind")),
        }
    }
    for (address, names) in addresses {
        if names.len() > 1 {
            faults.push(format!("{address} has {}", names.join(", ")));
        }
        let is_passing = |name: &&String| PassingName::split(name).is_some();
        let passing = names.iter().filter(is_passing);
        faults.extend(passing.map(|name| format!("{name} was left under this name")));
    }
    faults
}

/// The lock of a project, if somebody has it.
pub fn locked(now: &Snapshot, project: &ProjectName) -> Option<ContainerId> {
    let name = lock::name(project);
    now.summaries.iter().find(|summary| summary.name == name).map(|summary| summary.id.clone())
}

/// Containers and networks of a project that are there: none after it was taken down.
pub fn left(now: &Snapshot, project: &ProjectName) -> Vec<String> {
    let containers = now.summaries.iter().filter(|c| is_of(c.owner.as_ref(), project));
    let networks = now.networks.iter().filter(|n| is_of(n.owner.as_ref(), project));
    containers.map(|c| c.name.clone()).chain(networks.map(|n| n.name.clone())).collect()
}

/// Places where a secret's value can be read: labels of objects and arguments.
pub fn shown(now: &Snapshot, canary: &str) -> Vec<String> {
    let mut places = Vec::new();
    let holds =
        |mut texts: Box<dyn Iterator<Item = &String> + '_>| texts.any(|text| text.contains(canary));
    for summary in &now.summaries {
        if holds(Box::new(summary.labels.values())) {
            places.push(format!("a secret can be read on container {}", summary.name));
        }
    }
    for container in &now.containers {
        let config = &container.config;
        let words = config.command.iter().chain(&config.entrypoint).flatten();
        if holds(Box::new(words)) {
            places.push(format!("a secret is an argument of container {}", container.name));
        }
    }
    for image in &now.images {
        if holds(Box::new(image.labels.values())) {
            places.push(format!("a secret can be read on image {}", image.id.short()));
        }
    }
    places
}

/// Calls in which a secret's value can be read.
pub fn told(engine: &FakeEngine, canary: &str) -> Vec<String> {
    let calls = engine.calls();
    let told = calls.iter().filter(|call| call.object.contains(canary));
    told.map(|call| format!("a secret is in a call of {}", call.method)).collect()
}

/// The containers of a project that serve, and shall go on doing so: those that end by themselves,
/// those that are not declared any more, those of which the file wants no way back, and persistent
/// ones, which nobody starts again, may go.
fn serving(now: &Snapshot, project: &Project) -> BTreeSet<Address> {
    let specs = project.containers.values();
    let awaited: BTreeSet<&Address> = specs
        .clone()
        .flat_map(|spec| &spec.depends_on)
        .filter(|dependency| dependency.condition == Condition::Completed)
        .map(|dependency| &dependency.on)
        .collect();
    specs
        .filter(|spec| spec.update.rollback && !spec.persistent)
        .filter(|spec| !awaited.contains(&spec.address))
        .map(|spec| &spec.address)
        .filter(|address| {
            now.containers.iter().any(|container| {
                let owner = container.owner.as_ref().filter(|o| o.project == project.name);
                owner.and_then(|owner| owner.address.as_ref()) == Some(*address) && is_up(container)
            })
        })
        .cloned()
        .collect()
}

fn is_up(container: &ObservedContainer) -> bool {
    container.state == State::Running && container.health != Some(Health::Unhealthy)
}

fn is_of(owner: Option<&Owner>, project: &ProjectName) -> bool {
    owner.is_some_and(|owner| owner.project == *project)
}

/// Whether a foreign container is as it was; after a restart of the engine, but for what runs.
fn is_same(now: &ObservedContainer, before: &ObservedContainer, restarted: bool) -> bool {
    if !restarted {
        return now == before;
    }
    now.name == before.name && now.config == before.config && now.network_ids == before.network_ids
}

fn is_anonymous(now: &Snapshot, volume: &windlass_model::observed::ObservedVolume) -> bool {
    now.containers.iter().any(|c| c.anonymous_volumes.values().any(|name| *name == volume.name))
}
