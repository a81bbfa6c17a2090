//! Projects and observed states for the planner's tests, in few words.
//!
//! Invariant: what `Fixture::apply` says an engine has is what an engine would have after `up`.

#![expect(clippy::unwrap_used, reason = "a fixture that does not fit its test shall stop it")]

use std::collections::{BTreeMap, BTreeSet};
use windlass_model::container::{ContainerConfig, ContainerSpec};
use windlass_model::dependency::{Condition, Dependency, Reason};
use windlass_model::endpoint::{Endpoint, NetworkMode};
use windlass_model::image::{
    BuildOptions, DockerfileSource, ImageSource, ImageSpec, ImageUse, PullPolicy,
};
use windlass_model::label::{DIGEST, Owner, owner_labels};
use windlass_model::mount::Mount;
use windlass_model::network::{NetworkConfig, NetworkSpec};
use windlass_model::observed::{
    BuiltHealthcheck, ContainerSummary, Health, ImageConfig, Observed, ObservedBuild,
    ObservedContainer, ObservedEngine, ObservedImage, ObservedNetwork, ObservedVolume, State,
};
use windlass_model::plan::Plan;
use windlass_model::project::Project;
use windlass_model::request::Request;
use windlass_model::update::UpdateSpec;
use windlass_model::volume::{VolumeConfig, VolumeSpec};
use windlass_model::{
    Address, ContainerId, Digest, EngineName, ImageId, NetworkId, ProjectName, Shared,
};

pub(crate) struct Fixture {
    pub(crate) project: Project,
    pub(crate) observed: Observed,
}

pub(crate) fn engine() -> EngineName {
    EngineName::default()
}

pub(crate) fn container(name: &str) -> Address {
    Address::container(&engine(), name)
}

impl Fixture {
    /// A project `p` and an engine that has the image `busybox` and nothing else.
    pub(crate) fn new() -> Self {
        let mut fixture = Self {
            project: Project::empty(ProjectName::new("p"), "/p"),
            observed: Observed::default(),
        };
        fixture.observed.engines.insert(engine(), ObservedEngine::default());
        fixture.image("busybox:latest", "sha256:bb", BTreeMap::new());
        fixture
    }

    pub(crate) fn state(&mut self) -> &mut ObservedEngine {
        self.observed.engines.get_mut(&engine()).unwrap()
    }

    pub(crate) fn image(&mut self, reference: &str, id: &str, labels: BTreeMap<String, String>) {
        let image = ObservedImage {
            id: ImageId::new(id),
            references: [reference.to_owned()].into(),
            owner: Owner::read(&engine(), &labels),
            labels,
            size_bytes: 0,
            created_s: 0,
            layers: Vec::new(),
            config: Some(ImageConfig::default()),
        };
        self.state().images.insert(image.id.clone(), image);
    }

    /// Declares a container of `busybox`.
    pub(crate) fn container(mut self, name: &str, edit: impl FnOnce(&mut ContainerSpec)) -> Self {
        let address = container(name);
        let mut spec = ContainerSpec {
            address: address.clone(),
            key: name.into(),
            instance: None.into(),
            name: format!("p.{name}").into(),
            image: ImageUse::External("busybox".into()),
            pull: PullPolicy::Missing,
            config: Shared::default(),
            secrets: Vec::new().into(),
            depends_on: Vec::new(),
            wait: None.into(),
            update: UpdateSpec::default().into(),
            exec_commands: Vec::new().into(),
            start_delay_ms: 0,
            persistent: false,
            profiles: BTreeSet::new().into(),
            needs: BTreeSet::new().into(),
        };
        edit(&mut spec);
        self.project.containers.insert(address, spec);
        self
    }

    pub(crate) fn network(mut self, key: &str) -> Self {
        self.project.networks.insert(
            key.to_owned(),
            NetworkSpec {
                key: key.to_owned(),
                name: format!("p.{key}"),
                external: false,
                config: NetworkConfig::default(),
            },
        );
        self
    }

    pub(crate) fn volume(mut self, key: &str) -> Self {
        self.project.volumes.insert(
            key.to_owned(),
            VolumeSpec {
                key: key.to_owned(),
                name: format!("p.{key}"),
                external: false,
                config: VolumeConfig::default(),
                owner: None,
            },
        );
        self
    }

    /// Declares an image that is built on others of the project.
    pub(crate) fn build(mut self, key: &str, bases: &[&str]) -> Self {
        let spec = ImageSpec {
            key: key.to_owned(),
            reference: format!("p/{key}:latest"),
            tags: BTreeSet::new(),
            source: ImageSource::Dockerfile {
                dockerfile: DockerfileSource::Inline("FROM scratch".into()),
                context: None,
            },
            build: BuildOptions::default(),
            depends_on: BTreeSet::new(),
            push: false,
        };
        self.project.images.insert(key.to_owned(), spec);
        let build = ObservedBuild {
            digest: Digest::of([key]),
            bases: bases.iter().map(|base| ImageUse::Project((*base).to_owned())).collect(),
            healthcheck: BuiltHealthcheck::default(),
        };
        self.observed.builds.insert(key.to_owned(), build);
        self
    }

    /// Puts everything that is declared on the engine, running and healthy.
    pub(crate) fn apply(mut self) -> Self {
        for key in self.project.images.keys().cloned().collect::<Vec<_>>() {
            self.apply_image(&key);
        }
        for spec in self.project.networks.values().cloned().collect::<Vec<_>>() {
            let labels = owner_labels(
                &self.project.name,
                &Address::network(&engine(), &spec.key),
                Some(&spec.config),
                None,
            );
            let network = ObservedNetwork {
                id: NetworkId::new(format!("id-{}", spec.name)),
                name: spec.name,
                owner: Owner::read(&engine(), &labels),
                config: spec.config,
                created: String::new(),
            };
            self.state().networks.insert(network.id.clone(), network);
        }
        for spec in self.project.volumes.values().cloned().collect::<Vec<_>>() {
            let labels = owner_labels(
                &self.project.name,
                &Address::volume(&engine(), &spec.key),
                Some(&spec.config),
                None,
            );
            let volume = ObservedVolume {
                name: spec.name.clone(),
                owner: Owner::read(&engine(), &labels),
                config: spec.config,
                created: "then".into(),
            };
            self.state().volumes.insert(spec.name, volume);
        }
        for spec in self.project.containers.values().cloned().collect::<Vec<_>>() {
            self.put(&spec, &spec.name, |_| {});
        }
        self
    }

    fn apply_image(&mut self, key: &str) {
        let build = self.observed.builds[key].clone();
        let ids: Vec<ImageId> =
            build.bases.iter().map(|base| ImageId::new(format!("sha256:image-{base}"))).collect();
        let address = Address::image(&engine(), key);
        let mut labels = owner_labels(&self.project.name, &address, None::<&()>, None);
        labels.insert(DIGEST.to_owned(), build.digest_with(ids.iter()).0);
        self.image(&format!("p/{key}:latest"), &format!("sha256:image-{key}"), labels);
    }

    /// Puts a container on the engine as `up` would have, then edits it.
    pub(crate) fn put(
        &mut self,
        spec: &ContainerSpec,
        name: &str,
        edit: impl FnOnce(&mut ObservedContainer),
    ) {
        let labels = owner_labels(&self.project.name, &spec.address, Some(&*spec.config), None);
        let image_id = match &spec.image {
            ImageUse::External(_) => ImageId::new("sha256:bb"),
            ImageUse::Project(key) => ImageId::new(format!("sha256:image-{key}")),
        };
        let healthy = spec.config.healthcheck.as_ref().map(|_| Health::Healthy);
        let mut container = ObservedContainer {
            id: ContainerId::new(format!("id-{name}")),
            name: name.to_owned(),
            image_id,
            image: "busybox:latest".into(),
            state: State::Running,
            health: healthy,
            health_checked_at: None,
            health_output: None,
            exit_code: 0,
            error: String::new(),
            oom_killed: false,
            restart_count: 0,
            started_at: "2026-01-01T00:00:00Z".into(),
            owner: Owner::read(&engine(), &labels),
            config: ContainerConfig::clone(&spec.config),
            network_ids: spec
                .config
                .endpoints
                .keys()
                .map(|name| (name.clone(), NetworkId::new(format!("id-{name}"))))
                .collect(),
            addresses: BTreeMap::new(),
            anonymous_volumes: BTreeMap::new(),
        };
        edit(&mut container);
        let summary = ContainerSummary {
            id: container.id.clone(),
            name: container.name.clone(),
            image: container.image.clone(),
            image_id: container.image_id.clone(),
            state: container.state,
            status: String::new(),
            labels,
            owner: container.owner.clone(),
            published: container.config.published.clone().into_inner(),
            volumes: container.config.volume_names().map(str::to_owned).collect(),
            networks: container.config.endpoints.keys().cloned().collect(),
            created_s: 0,
        };
        self.state().containers.insert(container.id.clone(), summary);
        self.state().details.insert(container.id.clone(), container);
    }

    /// Edits what the engine has.
    pub(crate) fn seen(mut self, name: &str, edit: impl FnOnce(&mut ObservedContainer)) -> Self {
        let id = ContainerId::new(format!("id-p.{name}"));
        let container = self.state().details.get_mut(&id).unwrap();
        edit(container);
        let (state, name) = (container.state, container.name.clone());
        let summary = self.state().containers.get_mut(&id).unwrap();
        (summary.state, summary.name) = (state, name);
        self
    }

    /// Edits what the file says.
    pub(crate) fn file(mut self, name: &str, edit: impl FnOnce(&mut ContainerSpec)) -> Self {
        edit(self.project.containers.get_mut(&container(name)).unwrap());
        self
    }

    /// A plan that nothing stands in the way of.
    pub(crate) fn plan_itself(&self, request: &Request) -> Plan {
        windlass_planner::plan(&self.project, &self.observed, request).unwrap()
    }

    pub(crate) fn plan(&self, request: &Request) -> String {
        match windlass_planner::plan(&self.project, &self.observed, request) {
            Ok(plan) => plan.to_string(),
            Err(blocked) => {
                let blockers = blocked.blockers.iter();
                let lines = blockers.map(|b| format!("! {}: {:?}", b.address, b.reason));
                lines.collect::<Vec<_>>().join("\n")
            }
        }
    }
}

pub(crate) fn depends(on: &str, condition: Condition) -> Dependency {
    Dependency { on: container(on), condition, reason: Reason::DependsOn }
}

pub(crate) fn joins(spec: &mut ContainerSpec, network: &str) {
    spec.config.network_mode = NetworkMode::Networks;
    spec.config.endpoints.insert(format!("p.{network}"), Endpoint::default());
}

pub(crate) fn mounts(spec: &mut ContainerSpec, volume: &str) {
    spec.config.mounts.insert(format!("/{volume}"), Mount::volume(format!("p.{volume}")));
}
