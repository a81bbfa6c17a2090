//! Volumes of a fake engine.
//!
//! Invariant: creating a volume that is there gives back the old one, unchanged.

use super::{World, refuse, rfc3339};
use std::collections::BTreeMap;
use windlass_engine::Result;
use windlass_model::fault::Fault;
use windlass_model::label::{Owner, without_own};
use windlass_model::observed::ObservedVolume;
use windlass_model::plan::CreateVolume;
use windlass_model::volume::VolumeConfig;

impl World {
    pub(crate) fn create_volume(&mut self, create: &CreateVolume) -> ObservedVolume {
        self.ensure_volume(&create.name, &create.config, &create.labels)
    }

    pub(crate) fn ensure_volume(
        &mut self,
        name: &str,
        config: &VolumeConfig,
        labels: &BTreeMap<String, String>,
    ) -> ObservedVolume {
        if let Some(volume) = self.volumes.get(name) {
            return volume.clone();
        }
        let mut config = config.clone();
        config.driver.get_or_insert_with(|| "local".to_owned());
        config.labels = without_own(labels);
        let volume = ObservedVolume {
            name: name.to_owned(),
            owner: Owner::read(&self.name, labels),
            config,
            created: rfc3339(self.tick()),
        };
        self.volumes.insert(name.to_owned(), volume.clone());
        self.emit("volume", "create", name, &[]);
        volume
    }

    pub(crate) fn remove_volume(&mut self, name: &str) -> Result<()> {
        if !self.volumes.contains_key(name) {
            return refuse(Fault::NotFound, format!("get {name}: no such volume"));
        }
        let by = self.volume_users(name);
        if !by.is_empty() {
            return refuse(Fault::InUse { by }, format!("remove {name}: volume is in use"));
        }
        self.volumes.remove(name);
        self.filled.remove(name);
        self.emit("volume", "destroy", name, &[]);
        Ok(())
    }

    /// Ids of the containers, running or not, that mount it.
    pub(crate) fn volume_users(&self, name: &str) -> Vec<String> {
        self.containers
            .values()
            .filter(|container| container.volume_names().contains(name))
            .map(|container| container.id.0.clone())
            .collect()
    }
}
