//! Networks of a fake engine.
//!
//! Invariant: names are not unique, as on every engine before API 1.44.

use super::{World, refuse, rfc3339};
use windlass_engine::Result;
use windlass_model::fault::Fault;
use windlass_model::label::{Owner, without_own};
use windlass_model::name::NetworkId;
use windlass_model::network::NetworkConfig;
use windlass_model::observed::ObservedNetwork;
use windlass_model::plan::CreateNetwork;

impl World {
    pub(crate) fn insert_network(
        &mut self,
        name: &str,
        config: NetworkConfig,
        owner: Option<Owner>,
    ) -> NetworkId {
        let id = NetworkId::new(self.rng.hex_id());
        let created = rfc3339(self.tick());
        let network =
            ObservedNetwork { id: id.clone(), name: name.to_owned(), owner, config, created };
        self.networks.insert(id.clone(), network);
        self.emit("network", "create", id.as_str(), &[("name", name)]);
        id
    }

    pub(crate) fn create_network(&mut self, create: &CreateNetwork) -> Result<NetworkId> {
        if self.info.api >= (1, 44) && self.networks.values().any(|n| n.name == create.name) {
            let message = format!("network with name {} already exists", create.name);
            return refuse(Fault::NameConflict { holder: None }, message);
        }
        let mut config = create.config.clone();
        config.driver.get_or_insert_with(|| "bridge".to_owned());
        config.labels = without_own(&create.labels);
        let owner = Owner::read(&self.name, &create.labels);
        Ok(self.insert_network(&create.name, config, owner))
    }

    /// By id or, if it is unique, by name.
    pub(crate) fn find_network(&self, key: &str) -> Result<NetworkId> {
        let id = NetworkId::new(key);
        if self.networks.contains_key(&id) {
            return Ok(id);
        }
        let mut named = self.networks.values().filter(|network| network.name == key);
        match (named.next(), named.next()) {
            (Some(network), None) => Ok(network.id.clone()),
            (Some(_), Some(_)) => {
                refuse(Fault::Invalid, format!("network {key} is ambiguous (2 matches found)"))
            }
            (None, _) => refuse(Fault::NotFound, format!("network {key} not found")),
        }
    }

    pub(crate) fn remove_network(&mut self, id: &NetworkId) -> Result<()> {
        let id = self.find_network(id.as_str())?;
        let by: Vec<String> = self
            .containers
            .values()
            .filter(|c| c.state.is_up() && c.networks.values().flatten().any(|used| *used == id))
            .map(|container| container.id.0.clone())
            .collect();
        if !by.is_empty() {
            let message = format!("network id {} has active endpoints", id.short());
            return refuse(Fault::InUse { by }, message);
        }
        self.networks.remove(&id);
        self.emit("network", "destroy", id.as_str(), &[]);
        Ok(())
    }
}
