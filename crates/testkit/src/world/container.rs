//! Containers of a fake engine: creation, inspection, removal, changes in place.
//!
//! Invariant: a name belongs to at most one container.

use super::{World, refuse, rfc3339};
use crate::normalise::merged;
use std::collections::{BTreeMap, BTreeSet};
use windlass_engine::Result;
use windlass_model::container::ContainerConfig;
use windlass_model::endpoint::{Endpoint, NetworkMode};
use windlass_model::fault::Fault;
use windlass_model::label::Owner;
use windlass_model::limits::{Limits, RestartPolicy};
use windlass_model::mount::MountSource;
use windlass_model::name::{ContainerId, ImageId, NetworkId};
use windlass_model::observed::{ContainerSummary, Health, ImageConfig, ObservedContainer, State};
use windlass_model::plan::CreateContainer;
use windlass_model::volume::VolumeConfig;

/// A container.
#[derive(Clone, Debug)]
pub(crate) struct FakeContainer {
    pub(crate) id: ContainerId,
    pub(crate) name: String,
    pub(crate) image: String,
    pub(crate) image_id: ImageId,
    /// The image's and its own, windlass's too.
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) config: ContainerConfig,
    /// By name; `None` while it was not found.
    pub(crate) networks: BTreeMap<String, Option<NetworkId>>,
    /// Names of anonymous volumes by target.
    pub(crate) anonymous: BTreeMap<String, String>,
    pub(crate) state: State,
    pub(crate) health: Option<Health>,
    pub(crate) health_output: Option<String>,
    pub(crate) exit_code: i64,
    pub(crate) error: String,
    pub(crate) oom_killed: bool,
    pub(crate) restart_count: u64,
    pub(crate) started_at: String,
    created_s: i64,
    /// How often it was started: what a process does later is void after the next start.
    pub(crate) run: u64,
    pub(crate) log: Vec<String>,
    pub(crate) uploads: Vec<Upload>,
    /// The commands that were run in it.
    pub(crate) commands: Vec<Vec<String>>,
}

/// A tar that was unpacked into a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    pub path: String,
    pub tar: Vec<u8>,
}

impl FakeContainer {
    pub(crate) fn volume_names(&self) -> BTreeSet<String> {
        let named = self.config.volume_names().map(str::to_owned);
        named.chain(self.anonymous.values().cloned()).collect()
    }

    fn summary(&self, owner: Option<Owner>) -> ContainerSummary {
        let bound = self.state.is_up();
        ContainerSummary {
            id: self.id.clone(),
            name: self.name.clone(),
            image: self.image.clone(),
            image_id: self.image_id.clone(),
            state: self.state,
            status: self.state.as_str().to_owned(),
            labels: self.labels.clone(),
            owner,
            published: self.config.published.iter().filter(|_| bound).copied().collect(),
            volumes: self.volume_names(),
            networks: self.networks.keys().cloned().collect(),
            created_s: self.created_s,
        }
    }

    fn observed(&self, owner: Option<Owner>) -> ObservedContainer {
        let ids = self.networks.iter();
        let ids = ids.filter_map(|(name, id)| Some((name.clone(), id.clone()?)));
        ObservedContainer {
            id: self.id.clone(),
            name: self.name.clone(),
            image_id: self.image_id.clone(),
            image: self.image.clone(),
            state: self.state,
            health: self.health,
            health_checked_at: None,
            health_output: self.health_output.clone(),
            exit_code: self.exit_code,
            error: self.error.clone(),
            oom_killed: self.oom_killed,
            restart_count: self.restart_count,
            started_at: self.started_at.clone(),
            owner,
            config: self.config.clone(),
            network_ids: ids.collect(),
            addresses: BTreeMap::new(),
            anonymous_volumes: self.anonymous.clone(),
        }
    }
}

impl World {
    /// What was unpacked into a container, by its name.
    pub fn uploads(&self, container: &str) -> Vec<Upload> {
        let id = self.find_container(container).ok();
        id.map(|id| self.containers[&id].uploads.clone()).unwrap_or_default()
    }

    pub(crate) fn unpack(&mut self, id: &ContainerId, upload: Upload) -> Result<()> {
        let container = self.container(id)?;
        let mount = container.config.mounts.get(&upload.path);
        if container.config.read_only && mount.is_none_or(|mount| mount.read_only) {
            return refuse(Fault::Other, "container rootfs is marked read-only");
        }
        container.uploads.push(upload);
        let names: Vec<String> = container.volume_names().into_iter().collect();
        self.filled.extend(names);
        Ok(())
    }

    /// Somebody else removes a container.
    pub fn remove_behind(&mut self, container: &str) {
        if let Ok(id) = self.find_container(container) {
            // It is there, and force takes it whatever its state.
            drop(self.remove_container(&id, true, false));
        }
    }

    /// By id or name.
    pub(crate) fn find_container(&self, key: &str) -> Result<ContainerId> {
        self.containers
            .values()
            .find(|container| container.id.as_str() == key || container.name == key)
            .map(|container| container.id.clone())
            .map_or_else(|| refuse(Fault::NotFound, format!("No such container: {key}")), Ok)
    }

    pub(crate) fn container(&mut self, id: &ContainerId) -> Result<&mut FakeContainer> {
        self.containers
            .get_mut(id)
            .map_or_else(|| refuse(Fault::NotFound, format!("No such container: {id}")), Ok)
    }

    pub(crate) fn summaries(&self) -> Vec<ContainerSummary> {
        self.containers
            .values()
            .map(|container| container.summary(Owner::read(&self.name, &container.labels)))
            .collect()
    }

    pub(crate) fn inspect_container(&self, key: &str) -> Result<ObservedContainer> {
        let id = self.find_container(key)?;
        let container = &self.containers[&id];
        Ok(container.observed(Owner::read(&self.name, &container.labels)))
    }

    pub(crate) fn create_container(&mut self, create: &CreateContainer) -> Result<ContainerId> {
        self.check_name(&create.name)?;
        let (image_id, image) = self.image_of(&create.image)?;
        self.check_config(&create.config)?;
        let id = ContainerId::new(self.rng.hex_id());
        let mut config = merged(&create.config, &image, id.as_str());
        if config.command.is_none() && config.entrypoint.is_none() {
            return refuse(Fault::Invalid, "No command specified");
        }
        let anonymous = self.prepare_mounts(&mut config);
        let mut labels = image.labels.clone();
        labels.extend(create.labels.all());
        config.labels = windlass_model::label::without_own(&labels).into();
        let networks = self.attachments(&config);
        let created_s = self.tick() / 1_000_000_000;
        let container = FakeContainer {
            id: id.clone(),
            name: create.name.to_string(),
            image: create.image.to_string(),
            image_id,
            labels,
            config,
            networks,
            anonymous,
            state: State::Created,
            health: None,
            health_output: None,
            exit_code: 0,
            error: String::new(),
            oom_killed: false,
            restart_count: 0,
            started_at: String::new(),
            created_s,
            run: 0,
            log: Vec::new(),
            commands: Vec::new(),
            uploads: Vec::new(),
        };
        self.containers.insert(id.clone(), container);
        self.emit("container", "create", id.as_str(), &[]);
        Ok(id)
    }

    fn check_name(&self, name: &str) -> Result<()> {
        let Ok(holder) = self.find_container(name) else { return Ok(()) };
        let message =
            format!("Conflict. The container name \"/{name}\" is already in use by container");
        refuse(Fault::NameConflict { holder: Some(holder.0) }, message)
    }

    /// A container without an image is possible: it has an empty root file system.
    fn image_of(&self, reference: &str) -> Result<(ImageId, ImageConfig)> {
        if reference.is_empty() {
            return Ok((ImageId::new(""), ImageConfig::default()));
        }
        match self.find_image(reference) {
            Ok(id) => Ok((id.clone(), self.images[&id].config.clone())),
            Err(_) => refuse(Fault::ImageMissing, format!("No such image: {reference}")),
        }
    }

    fn check_config(&self, config: &ContainerConfig) -> Result<()> {
        for mount in config.mounts.values() {
            if let MountSource::Bind(path) = &mount.source
                && self.missing_paths.contains(path)
                && !mount.create_host_path
            {
                let message = format!("bind source path does not exist: {path}");
                return refuse(Fault::MountSourceMissing, message);
            }
        }
        for text in config.volumes_from.iter().chain(&config.links) {
            let name = text.split(':').next().unwrap_or(text);
            self.find_container(name)?;
        }
        Ok(())
    }

    /// Makes the volumes that are missing; the names of anonymous ones by target.
    fn prepare_mounts(&mut self, config: &mut ContainerConfig) -> BTreeMap<String, String> {
        let mut anonymous = BTreeMap::new();
        for (target, mount) in config.mounts.clone() {
            match mount.source {
                MountSource::Volume(name) => {
                    self.ensure_volume(&name, &VolumeConfig::default(), &BTreeMap::new());
                }
                MountSource::Anonymous => {
                    let name = self.rng.hex_id();
                    self.ensure_volume(&name, &VolumeConfig::default(), &BTreeMap::new());
                    anonymous.insert(target, name);
                }
                MountSource::Bind(_) => {}
            }
        }
        for text in config.volumes_from.clone() {
            let (name, mode) = text.split_once(':').unwrap_or((&text, "rw"));
            let Ok(source) = self.find_container(name) else { continue };
            let source = &self.containers[&source];
            for (target, mount) in &source.config.mounts {
                let read_only = mount.read_only || mode == "ro";
                let mount = mount.clone().read_only(read_only);
                if config.mounts.contains_key(target) {
                    continue;
                }
                config.mounts.insert(target.clone(), mount);
                if let Some(name) = source.anonymous.get(target) {
                    anonymous.insert(target.clone(), name.clone());
                }
            }
        }
        anonymous
    }

    fn attachments(&self, config: &ContainerConfig) -> BTreeMap<String, Option<NetworkId>> {
        let names: Vec<&str> = match &config.network_mode {
            NetworkMode::Bridge => vec!["bridge"],
            NetworkMode::Host => vec!["host"],
            NetworkMode::None => vec!["none"],
            NetworkMode::Container(_) => Vec::new(),
            NetworkMode::Networks => config.endpoints.keys().map(String::as_str).collect(),
        };
        names.into_iter().map(|name| (name.to_owned(), self.find_network(name).ok())).collect()
    }

    pub(crate) fn remove_container(
        &mut self,
        id: &ContainerId,
        force: bool,
        anonymous_volumes: bool,
    ) -> Result<()> {
        let container = self.container(id)?;
        if container.state.is_up() {
            if !force {
                let message = format!("You cannot remove a running container {id}");
                return refuse(Fault::WrongState, message);
            }
            self.exit(id, 137, false);
        }
        let Some(container) = self.containers.remove(id) else { return Ok(()) };
        if anonymous_volumes {
            for name in container.anonymous.values() {
                if self.volume_users(name).is_empty() {
                    self.volumes.remove(name);
                }
            }
        }
        self.emit("container", "destroy", id.as_str(), &[("name", &container.name)]);
        Ok(())
    }

    pub(crate) fn rename_container(&mut self, id: &ContainerId, name: &str) -> Result<()> {
        let old = self.container(id)?.name.clone();
        if old == name {
            let message = "Renaming a container with the same name as its current name";
            return refuse(Fault::Invalid, message);
        }
        self.check_name(name)?;
        name.clone_into(&mut self.container(id)?.name);
        self.emit("container", "rename", id.as_str(), &[("oldName", &old)]);
        Ok(())
    }

    /// A limit that is not given stays as it is: an engine can't tell nothing from no limit.
    pub(crate) fn update_container(
        &mut self,
        id: &ContainerId,
        wanted: &Limits,
        restart: RestartPolicy,
    ) -> Result<()> {
        let container = self.container(id)?;
        let limits = &mut *container.config.limits;
        let old = limits.clone();
        *limits = Limits {
            memory_bytes: wanted.memory_bytes.or(old.memory_bytes),
            memory_swap_bytes: wanted.memory_swap_bytes.or(old.memory_swap_bytes),
            memory_reservation_bytes: wanted
                .memory_reservation_bytes
                .or(old.memory_reservation_bytes),
            nano_cpus: wanted.nano_cpus.or(old.nano_cpus),
            cpu_shares: wanted.cpu_shares.or(old.cpu_shares),
            cpu_period_us: wanted.cpu_period_us.or(old.cpu_period_us),
            cpu_quota_us: wanted.cpu_quota_us.or(old.cpu_quota_us),
            cpuset_cpus: wanted.cpuset_cpus.clone().or(old.cpuset_cpus),
            cpuset_mems: wanted.cpuset_mems.clone().or(old.cpuset_mems),
            pids: wanted.pids.or(old.pids),
            blkio_weight: wanted.blkio_weight.or(old.blkio_weight),
        };
        if let (Some(memory), None) = (wanted.memory_bytes, wanted.memory_swap_bytes) {
            limits.memory_swap_bytes = i64::try_from(memory.saturating_mul(2)).ok();
        }
        container.config.restart = restart;
        self.emit("container", "update", id.as_str(), &[]);
        Ok(())
    }

    pub(crate) fn connect_network(
        &mut self,
        network: &str,
        id: &ContainerId,
        endpoint: &Endpoint,
    ) -> Result<()> {
        let network = self.find_network(network)?;
        let name = self.networks[&network].name.clone();
        let container = self.container(id)?;
        if container.state.is_up() && container.networks.contains_key(&name) {
            let message = format!("endpoint with name {} already exists", container.name);
            return refuse(Fault::WrongState, message);
        }
        container.networks.insert(name.clone(), Some(network.clone()));
        container.config.endpoints.insert(name, endpoint.clone());
        self.emit("network", "connect", network.as_str(), &[("container", id.as_str())]);
        Ok(())
    }

    pub(crate) fn disconnect_network(&mut self, network: &str, id: &ContainerId) -> Result<()> {
        let found = self.find_network(network).ok();
        let container = self.container(id)?;
        let name = container
            .networks
            .iter()
            .find(|(name, id)| *name == network || (id.is_some() && **id == found))
            .map(|(name, _)| name.clone());
        let Some(name) = name else {
            let message = format!("container {id} is not connected to network {network}");
            return refuse(Fault::Other, message);
        };
        container.networks.remove(&name);
        container.config.endpoints.remove(&name);
        self.emit("network", "disconnect", network, &[("container", id.as_str())]);
        Ok(())
    }

    /// Sets the start's moment.
    pub(crate) fn now_text(&mut self) -> String {
        rfc3339(self.tick())
    }
}
