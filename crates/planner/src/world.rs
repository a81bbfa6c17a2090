//! World: project and observed state, indexed for the rules.
//!
//! Invariant: only looks things up; a container belongs to an address by its label, and by its name
//! only if what its label says is not declared any more.

use crate::graph;
use crate::rule::readiness::stands_still;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use windlass_model::container::ContainerSpec;
use windlass_model::image::familiar_reference;
use windlass_model::label::Owner;
use windlass_model::name::{ContainerId, EngineName};
use windlass_model::observed::{
    ContainerSummary, Observed, ObservedContainer, ObservedEngine, ObservedImage, ObservedNetwork,
    ObservedVolume,
};
use windlass_model::project::Project;
use windlass_model::{Address, Kind};

/// What the rules look at.
pub(crate) struct World<'a> {
    pub(crate) project: &'a Project,
    pub(crate) observed: &'a Observed,
    engines: BTreeMap<&'a EngineName, EngineIndex<'a>>,
    pub(crate) order: Vec<&'a Address>,
    pub(crate) dependents: BTreeMap<&'a Address, BTreeSet<&'a Address>>,
    stopped: bool,
    /// Keys of the networks and volumes that the file declares, by their names on the engine.
    pub(crate) network_keys: HashMap<&'a str, &'a str>,
    pub(crate) volume_keys: HashMap<&'a str, &'a str>,
}

#[derive(Default)]
struct EngineIndex<'a> {
    state: Option<&'a ObservedEngine>,
    ours: BTreeMap<&'a Address, Vec<&'a ObservedContainer>>,
    /// Ours, with a label that is not an address of this version.
    unaddressed: Vec<&'a ObservedContainer>,
    by_name: HashMap<&'a str, &'a ContainerSummary>,
    images: HashMap<&'a str, &'a ObservedImage>,
    networks: HashMap<&'a str, Vec<&'a ObservedNetwork>>,
    /// Containers of others that hold ports of the host.
    publishers: Vec<&'a ContainerSummary>,
    /// Ours that are not declared, each with its address or one made of its name.
    orphans: Vec<(Address, &'a ObservedContainer)>,
}

impl<'a> EngineIndex<'a> {
    fn new(project: &'a Project, engine: &EngineName, state: &'a ObservedEngine) -> Self {
        let mut index = Self { state: Some(state), ..Self::default() };
        let here = project.containers.values().filter(|spec| spec.address.engine == *engine);
        let named: HashMap<&str, &Address> =
            here.map(|spec| (spec.name.as_str(), &spec.address)).collect();
        for container in state.details.values() {
            let Some(owner) = container.owner.as_ref().filter(|o| o.project == project.name) else {
                continue;
            };
            // What is not declared any more and has the name of what is, is replaced by it.
            let address = owner.address.as_ref();
            let declared = address.filter(|address| project.containers.contains_key(*address));
            match declared.or_else(|| named.get(container.name.as_str()).copied()).or(address) {
                Some(address) => index.ours.entry(address).or_default().push(container),
                None => index.unaddressed.push(container),
            }
        }
        index.orphans = index.find_orphans(project, engine);
        let foreign = |owner: Option<&Owner>| owner.is_none_or(|o| o.project != project.name);
        let publishes =
            |c: &&ContainerSummary| !c.published.is_empty() && foreign(c.owner.as_ref());
        index.publishers = state.containers.values().filter(publishes).collect();
        index.by_name = state.containers.values().map(|c| (c.name.as_str(), c)).collect();
        for image in state.images.values() {
            index.images.insert(image.id.as_str(), image);
            index.images.extend(image.references.iter().map(|r| (r.as_str(), image)));
        }
        for network in state.networks.values() {
            index.networks.entry(&network.name).or_default().push(network);
        }
        index
    }

    /// Containers of ours that belong to no declared address.
    fn find_orphans(
        &self,
        project: &Project,
        engine: &EngineName,
    ) -> Vec<(Address, &'a ObservedContainer)> {
        let undeclared = self.ours.iter().filter(|(a, _)| !project.containers.contains_key(**a));
        let with_address = undeclared.flat_map(|(address, containers)| {
            containers.iter().map(move |container| ((*address).clone(), *container))
        });
        let without = self.unaddressed.iter();
        let without = without.map(|c| (Address::container(engine, c.name.clone()), *c));
        with_address.chain(without).collect()
    }
}

impl<'a> World<'a> {
    pub(crate) fn new(project: &'a Project, observed: &'a Observed) -> Self {
        let engines: BTreeMap<_, _> = observed
            .engines
            .iter()
            .map(|(name, state)| (name, EngineIndex::new(project, name, state)))
            .collect();
        let order = graph::order(project);
        let mut declared = engines
            .values()
            .flat_map(|index: &EngineIndex<'a>| index.ours.iter())
            .filter(|(address, _)| project.containers.contains_key(*address))
            .flat_map(|(_, containers)| containers);
        let stopped = declared.any(|container| stands_still(container));
        let networks = project.networks.iter();
        let volumes = project.volumes.iter();
        Self {
            project,
            observed,
            engines,
            order,
            dependents: graph::dependents(project),
            stopped,
            network_keys: networks.map(|(key, spec)| (spec.name.as_str(), key.as_str())).collect(),
            volume_keys: volumes.map(|(key, spec)| (spec.name.as_str(), key.as_str())).collect(),
        }
    }

    pub(crate) fn engine_names(&self) -> impl Iterator<Item = &'a EngineName> {
        self.engines.keys().copied()
    }

    pub(crate) fn state(&self, engine: &EngineName) -> Option<&'a ObservedEngine> {
        self.engines.get(engine)?.state
    }

    pub(crate) fn spec(&self, address: &Address) -> Option<&'a ContainerSpec> {
        self.project.containers.get(address)
    }

    /// Whether something of the project stands still that should run.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped
    }

    pub(crate) fn is_ours(&self, owner: Option<&Owner>) -> bool {
        owner.is_some_and(|owner| owner.project == self.project.name)
    }

    /// Every container of ours with this address: the current one, and what replacements left.
    pub(crate) fn containers_at(&self, address: &Address) -> &[&'a ObservedContainer] {
        self.engines
            .get(&address.engine)
            .and_then(|index| index.ours.get(address))
            .map_or(&[], Vec::as_slice)
    }

    /// Containers of ours that are not declared, each with its address or one made of its name.
    pub(crate) fn orphans(&self, engine: &EngineName) -> &[(Address, &'a ObservedContainer)] {
        self.engines.get(engine).map_or(&[], |index| index.orphans.as_slice())
    }

    /// Volumes of ours that are not declared, each with its address or one made of its name.
    pub(crate) fn orphan_volumes(
        &self,
        engine: &EngineName,
    ) -> impl Iterator<Item = (Address, &'a ObservedVolume)> {
        let declared: BTreeSet<&str> =
            self.project.volumes.values().map(|spec| spec.name.as_str()).collect();
        let volumes = self.state(engine).into_iter().flat_map(|state| state.volumes.values());
        volumes.filter_map(move |volume| {
            let owner = volume.owner.as_ref().filter(|owner| self.is_ours(Some(*owner)))?;
            let name = || Address::volume(engine, volume.name.clone());
            let address = owner.address.clone().unwrap_or_else(name);
            (!declared.contains(volume.name.as_str())).then_some((address, volume))
        })
    }

    pub(crate) fn container_named(
        &self,
        engine: &EngineName,
        name: &str,
    ) -> Option<&'a ContainerSummary> {
        self.engines.get(engine)?.by_name.get(name).copied()
    }

    pub(crate) fn container_by_id(
        &self,
        engine: &EngineName,
        id: &str,
    ) -> Option<&'a ContainerSummary> {
        self.state(engine)?.containers.get(&ContainerId::new(id))
    }

    /// Containers of others that hold ports of the host.
    pub(crate) fn publishers(&self, engine: &EngineName) -> &[&'a ContainerSummary] {
        self.engines.get(engine).map_or(&[], |index| index.publishers.as_slice())
    }

    /// The image that a reference in any form names.
    pub(crate) fn image(&self, engine: &EngineName, reference: &str) -> Option<&'a ObservedImage> {
        let images = &self.engines.get(engine)?.images;
        images
            .get(familiar_reference(reference).as_str())
            .or_else(|| images.get(reference))
            .copied()
    }

    pub(crate) fn networks_named(&self, engine: &EngineName, name: &str) -> &[&'a ObservedNetwork] {
        self.engines
            .get(engine)
            .and_then(|index| index.networks.get(name))
            .map_or(&[], Vec::as_slice)
    }

    pub(crate) fn volume(&self, engine: &EngineName, name: &str) -> Option<&'a ObservedVolume> {
        self.state(engine)?.volumes.get(name)
    }

    /// Networks of the project that containers on an engine use.
    pub(crate) fn networks_used(&self, containers: &BTreeSet<&Address>) -> BTreeSet<Address> {
        let specs = containers.iter().filter_map(|address| self.spec(address));
        let joined = specs
            .clone()
            .flat_map(|spec| spec.config.endpoints.keys().map(move |name| (spec, name)))
            .filter_map(|(spec, name)| {
                let key = self.network_keys.get(name.as_str())?;
                Some(Address::new(spec.address.engine.clone(), Kind::Network, *key))
            });
        joined.chain(self.named(specs, Kind::Network)).collect()
    }

    /// Volumes of the project that containers use.
    pub(crate) fn volumes_used(&self, containers: &BTreeSet<&Address>) -> BTreeSet<Address> {
        let specs = containers.iter().filter_map(|address| self.spec(address));
        let mounted = specs
            .clone()
            .flat_map(|spec| spec.config.volume_names().map(move |name| (spec, name)))
            .filter_map(|(spec, name)| {
                let key = self.volume_keys.get(name)?;
                Some(Address::new(spec.address.engine.clone(), Kind::Volume, *key))
            });
        mounted.chain(self.named(specs, Kind::Volume)).collect()
    }

    /// What containers only name.
    fn named<'s>(
        &self,
        specs: impl Iterator<Item = &'s ContainerSpec>,
        kind: Kind,
    ) -> impl Iterator<Item = Address> {
        let declared = move |address: &Address| match kind {
            Kind::Network => self.project.networks.contains_key(address.name.as_str()),
            Kind::Volume => self.project.volumes.contains_key(address.name.as_str()),
            Kind::Container | Kind::Image => false,
        };
        let needs = specs.flat_map(|spec| &spec.needs);
        needs.filter(move |address| address.kind == kind && declared(address)).cloned()
    }
}

/// Who an object of another owner belongs to, in words.
pub(crate) fn owner_text(
    owner: Option<&Owner>,
    labels: Option<&BTreeMap<String, String>>,
) -> String {
    if let Some(owner) = owner {
        return format!("project {} of windlass", owner.project);
    }
    let compose = labels.and_then(|labels| labels.get("com.docker.compose.project"));
    compose.map_or_else(
        || "something other than windlass".to_owned(),
        |project| format!("project {project} of Docker Compose"),
    )
}
