//! The map itself: settings and sections.
//!
//! Invariant: an equal map gives an equal project, whatever the process's environment or directory is.

use std::path::PathBuf;

use serde_json::Value;
use windlass_model::project::Project;

use super::container::Container;
use super::engine::Engine;
use super::host_path::HostPath;
use super::invalid_map::InvalidMap;
use super::network::Network;
use super::part::Part;
use super::tree::{self, Tree};
use super::volume::Volume;
use crate::diagnostic::Diagnostic;
use crate::load::{Dialect, LoadOptions, Loaded, load_tree};

/// A container map that is built in code. It means what the same map means in a file of docker-map, except that text is
/// only text: it has no tags, no variables and no templates.
///
/// Names are as in a map: those of one kind are unique, so a later call with the same name takes the place of an
/// earlier one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContainerMap {
    name: String,
    directory: PathBuf,
    part: Part,
}

impl ContainerMap {
    /// A map without containers. Names of what it makes start with its name.
    pub fn new(name: impl Into<String>) -> Self {
        let name = name.into();
        let part = Part::default().with("name", name.as_str());
        Self { name, directory: "/".into(), part }
    }

    /// Where relative paths start, absolute; `/` if it is not set.
    #[must_use]
    pub fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = directory.into();
        self
    }

    /// What is put before the names of images.
    #[must_use]
    pub fn repository(self, prefix: impl Into<String>) -> Self {
        self.set("repository", prefix.into())
    }

    /// The tag of images that name none; `latest` if it is not set.
    #[must_use]
    pub fn default_tag(self, tag: impl Into<String>) -> Self {
        self.set("default_tag", tag.into())
    }

    #[must_use]
    pub fn default_domain(self, domain: impl Into<String>) -> Self {
        self.set("default_domain", domain.into())
    }

    /// Whether containers get a hostname that is made of their name, which they do if nothing is said.
    #[must_use]
    pub fn set_hostname(self, set: bool) -> Self {
        self.set("set_hostname", set)
    }

    /// Whether attached volumes are called after their container, too.
    #[must_use]
    pub fn use_attached_parent_name(self, uses: bool) -> Self {
        self.set("use_attached_parent_name", uses)
    }

    /// Where relative paths of the host start.
    #[must_use]
    pub fn host_root(self, path: impl Into<String>) -> Self {
        self.set("host_root", path.into())
    }

    /// Adds an engine that containers are on if they name none. docker-map calls these the map's clients.
    #[must_use]
    pub fn default_engine(mut self, name: impl Into<String>) -> Self {
        self.part = self.part.with_item("default_engines", name.into());
        self
    }

    #[must_use]
    pub fn engine(self, name: impl Into<String>, engine: impl Into<Engine>) -> Self {
        self.entry("engines", name.into(), engine.into())
    }

    #[must_use]
    pub fn volume(self, alias: impl Into<String>, volume: impl Into<Volume>) -> Self {
        self.entry("volumes", alias.into(), volume.into())
    }

    /// Where an alias is on the host: a path, or one for each instance.
    #[must_use]
    pub fn host(self, alias: impl Into<String>, path: impl Into<HostPath>) -> Self {
        self.entry("host", alias.into(), path.into())
    }

    #[must_use]
    pub fn network(self, name: impl Into<String>, network: Network) -> Self {
        self.entry("networks", name.into(), network)
    }

    /// Containers, and instances as `container.instance`, that are meant together.
    #[must_use]
    pub fn group<T: Into<String>>(
        self,
        name: impl Into<String>,
        members: impl IntoIterator<Item = T>,
    ) -> Self {
        let members: Vec<String> = members.into_iter().map(Into::into).collect();
        self.entry("groups", name.into(), members)
    }

    #[must_use]
    pub fn container(self, name: impl Into<String>, container: Container) -> Self {
        self.entry("containers", name.into(), container)
    }

    /// Any section or setting that a file of the native format may have.
    #[must_use]
    pub fn set(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.part = self.part.with(key, value);
        self
    }

    fn entry(mut self, section: &str, name: String, value: impl Into<Value>) -> Self {
        self.part = self.part.with_entry(section, name, value);
        self
    }

    /// The project with its findings, warnings too, as [`load`](crate::load()) gives them for files. The findings have
    /// paths and no places.
    pub fn load(&self) -> Loaded {
        let options = LoadOptions {
            dialect: Dialect::DockerMap,
            cwd: self.directory.clone(),
            ..LoadOptions::default()
        };
        let Tree { root, sources } =
            Tree::new(&self.name, &self.directory, &self.part.clone().into());
        let mut loaded = load_tree(&options, sources, root);
        loaded.diagnostics = tree::without_places(loaded.diagnostics, &loaded.sources);
        if !self.directory.is_absolute() {
            let message = format!("\"{}\" is no absolute path", self.directory.display());
            loaded.diagnostics.push(Diagnostic::error("bad-value", message).in_path("directory"));
            loaded.project = None;
        }
        loaded
    }

    /// The project.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the map, if anything is.
    pub fn project(&self) -> Result<Project, InvalidMap> {
        let Loaded { project, diagnostics, .. } = self.load();
        project.ok_or(InvalidMap { diagnostics })
    }
}
