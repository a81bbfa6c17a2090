//! Small projects, written in a few words.
//!
//! Invariant: what a builder makes is a project that `config` could have made: every reference
//! resolves, and names are derived as format.md says.

use std::collections::BTreeSet;
use windlass_model::Address;
use windlass_model::container::{ContainerConfig, ContainerSpec};
use windlass_model::dependency::{Condition, Dependency, Reason};
use windlass_model::endpoint::{Endpoint, NetworkMode};
use windlass_model::healthcheck::{HealthTest, Healthcheck};
use windlass_model::image::{
    BuildOptions, DockerfileSource, ImageSource, ImageSpec, ImageUse, PullPolicy,
};
use windlass_model::mount::Mount;
use windlass_model::name::{EngineName, ProjectName};
use windlass_model::network::{NetworkConfig, NetworkSpec};
use windlass_model::port::{Protocol, PublishedPort};
use windlass_model::project::Project;
use windlass_model::update::UpdateSpec;
use windlass_model::volume::{VolumeConfig, VolumeSpec};

/// Builds a project on the default engine.
#[derive(Clone, Debug)]
pub struct ProjectBuilder {
    project: Project,
}

impl ProjectBuilder {
    pub fn new(name: &str) -> Self {
        Self { project: Project::empty(ProjectName::new(name), "/project") }
    }

    #[must_use]
    pub fn network(mut self, key: &str) -> Self {
        let name = format!("{}.{key}", self.project.name);
        let spec = NetworkSpec {
            key: key.to_owned(),
            name,
            external: false,
            config: NetworkConfig::default(),
        };
        self.project.networks.insert(key.to_owned(), spec);
        self
    }

    #[must_use]
    pub fn volume(mut self, key: &str) -> Self {
        let name = format!("{}.{key}", self.project.name);
        let spec = VolumeSpec {
            key: key.to_owned(),
            name,
            external: false,
            config: VolumeConfig::default(),
            owner: None,
        };
        self.project.volumes.insert(key.to_owned(), spec);
        self
    }

    /// An image that is built of an inline Dockerfile.
    #[must_use]
    pub fn built_image(mut self, key: &str, dockerfile: &str) -> Self {
        let source = ImageSource::Dockerfile {
            dockerfile: DockerfileSource::Inline(dockerfile.to_owned()),
            context: None,
        };
        let reference = format!("{}/{key}:latest", self.project.name);
        self.project.images.insert(key.to_owned(), image(key, reference, source));
        self
    }

    /// An image that is pulled.
    #[must_use]
    pub fn external_image(mut self, key: &str, reference: &str, pull: PullPolicy) -> Self {
        let source = ImageSource::External { pull };
        self.project.images.insert(key.to_owned(), image(key, reference.to_owned(), source));
        self
    }

    #[must_use]
    pub fn container(mut self, container: ContainerBuilder) -> Self {
        let spec = container.finish(&self.project.name);
        self.project.containers.insert(spec.address.clone(), spec);
        self
    }

    /// What a builder has no word for.
    #[must_use]
    pub fn edit(mut self, edit: impl FnOnce(&mut Project)) -> Self {
        edit(&mut self.project);
        self
    }

    pub fn finish(self) -> Project {
        self.project
    }
}

fn image(key: &str, reference: String, source: ImageSource) -> ImageSpec {
    ImageSpec {
        key: key.to_owned(),
        reference,
        tags: BTreeSet::new(),
        source,
        build: BuildOptions::default(),
        depends_on: BTreeSet::new(),
        push: false,
    }
}

/// Builds a container: by default of the external image `app:1`, with the command `run`.
#[derive(Clone, Debug)]
pub struct ContainerBuilder {
    key: String,
    instance: Option<String>,
    image: ImageUse,
    config: ContainerConfig,
    /// Keys, made into names when the project's name is known.
    networks: Vec<String>,
    volumes: Vec<(String, String)>,
    depends_on: Vec<(String, Condition)>,
    edits: Vec<fn(&mut ContainerSpec)>,
}

impl ContainerBuilder {
    pub fn new(key: &str) -> Self {
        let config =
            ContainerConfig { command: Some(vec!["run".to_owned()]), ..ContainerConfig::default() };
        Self {
            key: key.to_owned(),
            instance: None,
            image: ImageUse::External("app:1".into()),
            config,
            networks: Vec::new(),
            volumes: Vec::new(),
            depends_on: Vec::new(),
            edits: Vec::new(),
        }
    }

    #[must_use]
    pub fn instance(mut self, instance: &str) -> Self {
        self.instance = Some(instance.to_owned());
        self
    }

    /// An image of the project, by its key.
    #[must_use]
    pub fn image(mut self, key: &str) -> Self {
        self.image = ImageUse::Project(key.to_owned());
        self
    }

    #[must_use]
    pub fn command(mut self, words: &[&str]) -> Self {
        self.config.command = Some(words.iter().map(|word| (*word).to_owned()).collect());
        self
    }

    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.config.env.insert(name.to_owned(), value.into());
        self
    }

    #[must_use]
    pub fn network(mut self, key: &str) -> Self {
        self.networks.push(key.to_owned());
        self
    }

    #[must_use]
    pub fn volume(mut self, key: &str, target: &str) -> Self {
        self.volumes.push((key.to_owned(), target.to_owned()));
        self
    }

    #[must_use]
    pub fn publish(mut self, published: u16, target: u16) -> Self {
        self.config.published.insert(PublishedPort {
            target,
            protocol: Protocol::Tcp,
            host_ip: None,
            published: Some(published),
        });
        self
    }

    #[must_use]
    pub fn checked(mut self) -> Self {
        self.config.healthcheck =
            Some(Healthcheck::of(HealthTest::Shell("true".to_owned()))).into();
        self
    }

    /// A container of the project, by the name of its address.
    #[must_use]
    pub fn depends_on(mut self, name: &str, condition: Condition) -> Self {
        self.depends_on.push((name.to_owned(), condition));
        self
    }

    #[must_use]
    pub fn config(mut self, edit: impl FnOnce(&mut ContainerConfig)) -> Self {
        edit(&mut self.config);
        self
    }

    /// What a builder has no word for.
    #[must_use]
    pub fn edit(mut self, edit: fn(&mut ContainerSpec)) -> Self {
        self.edits.push(edit);
        self
    }

    fn finish(self, project: &ProjectName) -> ContainerSpec {
        let engine = EngineName::default();
        let name = match &self.instance {
            Some(instance) => format!("{}.{instance}", self.key),
            None => self.key.clone(),
        };
        let mut config = self.config;
        for key in self.networks {
            config.network_mode = NetworkMode::Networks;
            config.endpoints.insert(format!("{project}.{key}"), Endpoint::default());
        }
        for (key, target) in self.volumes {
            config.mounts.insert(target, Mount::volume(format!("{project}.{key}")));
        }
        let depends_on = self
            .depends_on
            .into_iter()
            .map(|(name, condition)| Dependency {
                on: Address::container(&engine, name),
                condition,
                reason: Reason::DependsOn,
            })
            .collect();
        let mut spec = ContainerSpec {
            address: Address::container(&engine, &name),
            key: self.key.into(),
            instance: self.instance.into(),
            name: format!("{project}.{name}").into(),
            image: self.image,
            pull: PullPolicy::Missing,
            config: config.into(),
            secrets: Vec::new().into(),
            depends_on,
            wait: None.into(),
            update: UpdateSpec::default().into(),
            exec_commands: Vec::new().into(),
            start_delay_ms: 0,
            persistent: false,
            profiles: BTreeSet::new().into(),
            needs: BTreeSet::new().into(),
        };
        for edit in self.edits {
            edit(&mut spec);
        }
        spec
    }
}
