//! The state of a fake engine.
//!
//! Invariant: every change of state goes through here, under one mutex, and takes one tick of the
//! engine's own clock, so that no two objects have the same moment of creation.

mod container;
mod image;
mod lifecycle;
mod network;
mod volume;

pub(crate) use container::FakeContainer;
pub use container::Upload;
pub(crate) use image::FakeImage;
pub(crate) use lifecycle::Later;

use crate::behaviour::Behaviour;
use crate::calls::Call;
use crate::rng::Rng;
use std::collections::{BTreeMap, BTreeSet};
use windlass_engine::stream::EngineEvent;
use windlass_engine::{EngineError, Result};
use windlass_model::engine::EngineInfo;
use windlass_model::fault::Fault;
use windlass_model::name::{ContainerId, EngineName, ImageId, NetworkId};
use windlass_model::observed::{ImageConfig, ObservedNetwork, ObservedVolume};

/// Everything that an engine knows.
#[derive(Clone)]
pub struct World {
    pub(crate) name: EngineName,
    pub(crate) info: EngineInfo,
    pub(crate) rng: Rng,
    pub(crate) ticks: u64,
    pub(crate) containers: BTreeMap<ContainerId, FakeContainer>,
    pub(crate) images: BTreeMap<ImageId, FakeImage>,
    /// What a pull finds, by familiar reference.
    pub(crate) registry: BTreeMap<String, ImageConfig>,
    pub(crate) networks: BTreeMap<NetworkId, ObservedNetwork>,
    pub(crate) volumes: BTreeMap<String, ObservedVolume>,
    /// Those that something was unpacked into.
    pub(crate) filled: BTreeSet<String>,
    pub(crate) behaviours: BTreeMap<String, Behaviour>,
    /// Paths of the host that are not there.
    pub(crate) missing_paths: BTreeSet<String>,
    pub(crate) calls: Vec<Call>,
    pub(crate) mutations: u64,
    pub(crate) events: Vec<EngineEvent>,
    /// Events that subscribers have not been given yet.
    pub(crate) fresh: Vec<EngineEvent>,
    /// What processes will do by themselves.
    pub(crate) later: Vec<Later>,
    /// Containers that were up when the engine ended.
    fallen: BTreeSet<ContainerId>,
}

impl World {
    pub(crate) fn new(name: EngineName, seed: u64) -> Self {
        let mut world = Self {
            name,
            info: EngineInfo { api: (1, 41), version: "20.10.24".to_owned(), is_podman: false },
            rng: Rng::new(seed),
            ticks: 0,
            containers: BTreeMap::new(),
            images: BTreeMap::new(),
            registry: BTreeMap::new(),
            networks: BTreeMap::new(),
            volumes: BTreeMap::new(),
            filled: BTreeSet::new(),
            behaviours: BTreeMap::new(),
            missing_paths: BTreeSet::new(),
            calls: Vec::new(),
            mutations: 0,
            events: Vec::new(),
            fresh: Vec::new(),
            later: Vec::new(),
            fallen: BTreeSet::new(),
        };
        for name in ["bridge", "host", "none"] {
            world.insert_network(name, windlass_model::network::NetworkConfig::default(), None);
        }
        world
    }

    /// The same, without its calls and events.
    pub(crate) fn bare(&mut self) -> Self {
        let calls = std::mem::take(&mut self.calls);
        let events = std::mem::take(&mut self.events);
        let bare = self.clone();
        self.calls = calls;
        self.events = events;
        bare
    }

    /// Nanoseconds since the epoch, by the engine's clock; every look takes a millisecond.
    pub(crate) fn tick(&mut self) -> i64 {
        self.ticks += 1;
        let ticks = i64::try_from(self.ticks).expect("invariant: a test is short");
        1_704_067_200_000_000_000 + ticks * 1_000_000
    }

    pub(crate) fn emit(&mut self, kind: &str, action: &str, id: &str, more: &[(&str, &str)]) {
        let mut attributes: BTreeMap<String, String> =
            more.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        if let Some(container) = self.containers.get(&ContainerId::new(id)) {
            attributes.extend(container.labels.clone());
            attributes.insert("name".to_owned(), container.name.clone());
            attributes.insert("image".to_owned(), container.image.clone());
        }
        let event = EngineEvent {
            kind: kind.to_owned(),
            action: action.to_owned(),
            id: id.to_owned(),
            attributes,
            time_ns: self.tick(),
        };
        self.events.push(event.clone());
        self.fresh.push(event);
    }
}

/// RFC 3339, as engines write it. The clock of a test stays within one month.
pub(crate) fn rfc3339(time_ns: i64) -> String {
    let since = time_ns - 1_704_067_200_000_000_000;
    let (s, ns) = (since / 1_000_000_000, since % 1_000_000_000);
    let (day, hour, minute, second) = (1 + s / 86_400, s / 3_600 % 24, s / 60 % 60, s % 60);
    format!("2024-01-{day:02}T{hour:02}:{minute:02}:{second:02}.{ns:09}Z")
}

pub(crate) fn refuse<T>(fault: Fault, message: impl Into<String>) -> Result<T> {
    Err(EngineError::new(fault, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_never_stands_still() {
        let mut world = World::new(EngineName::default(), 1);
        let (one, two) = (world.tick(), world.tick());
        assert!(one < two && rfc3339(one) < rfc3339(two));
        assert_eq!(rfc3339(1_704_067_200_000_000_000), "2024-01-01T00:00:00.000000000Z");
    }
}
