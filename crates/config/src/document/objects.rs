//! Everything that is neither image nor container.
//!
//! Invariant: paths are absolute, defaults of single objects are filled in, names are still keys.

use std::collections::BTreeSet;

use std::collections::BTreeMap;
use std::sync::Arc;

use windlass_model::ProjectName;
use windlass_model::engine::EngineSpec;
use windlass_model::network::NetworkConfig;
use windlass_model::secret::SecretSource;
use windlass_model::task_action::TaskAction;
use windlass_model::volume::VolumeConfig;

use super::Container;
use crate::read::Spanned;
use crate::source::Span;
use crate::yaml::Node;

/// Settings of the whole project.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Put before images that name no registry.
    pub repository: Option<String>,
    pub default_tag: Option<String>,
    pub default_domain: Option<String>,
    pub set_hostname: bool,
    /// Two containers may publish one port of the host: whoever starts them sees to it that only one of them runs.
    pub shared_ports: bool,
    pub use_attached_parent_name: bool,
    /// Where containers run that name no engine.
    pub default_engines: Vec<Spanned<String>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            repository: None,
            default_tag: None,
            default_domain: None,
            set_hostname: true,
            shared_ports: false,
            use_attached_parent_name: false,
            default_engines: Vec::new(),
        }
    }
}

#[derive(Debug, Clone)]
pub struct Volume {
    pub span: Span,
    /// Where containers mount it if they don't say otherwise.
    pub path: Option<String>,
    /// The name on the engine, if the file gives one.
    pub name: Option<String>,
    pub external: bool,
    pub config: VolumeConfig,
    pub user: Option<Spanned<String>>,
    pub permissions: Option<Spanned<String>>,
}

impl Volume {
    /// What an engine calls it: its own name; what is there already is not prefixed.
    pub fn engine_name(&self, project: &ProjectName, key: &str) -> String {
        engine_name(self.name.as_ref(), self.external, project, key)
    }
}

impl Network {
    /// As [`Volume::engine_name`].
    pub fn engine_name(&self, project: &ProjectName, key: &str) -> String {
        engine_name(self.name.as_ref(), self.external, project, key)
    }
}

fn engine_name(name: Option<&String>, external: bool, project: &ProjectName, key: &str) -> String {
    match name {
        Some(name) => name.clone(),
        None if external => key.to_owned(),
        None => format!("{project}.{key}"),
    }
}

/// `host.<alias>`, absolute.
#[derive(Debug, Clone)]
pub struct HostPath {
    pub span: Span,
    pub path: Option<String>,
    pub instances: BTreeMap<String, String>,
}

#[derive(Debug, Clone)]
pub struct Network {
    pub span: Span,
    pub name: Option<String>,
    pub external: bool,
    pub config: NetworkConfig,
}

#[derive(Debug, Clone)]
pub struct Secret {
    pub span: Span,
    /// Where its source is written.
    pub place: Span,
    pub source: Option<SecretSource>,
}

#[derive(Debug, Clone)]
pub struct Group {
    pub span: Span,
    pub members: Vec<Spanned<String>>,
}

#[derive(Debug, Clone)]
pub struct Engine {
    pub span: Span,
    /// Keys of secrets that its registries name.
    pub secrets: Vec<Spanned<String>>,
    pub spec: EngineSpec,
}

#[derive(Debug, Clone)]
pub struct Task {
    pub name: String,
    pub span: Span,
    pub description: Option<String>,
    pub label: Option<String>,
    pub action: TaskAction,
    pub place: TaskPlace,
    pub engine: Option<Spanned<String>>,
    /// Keys of what it is of, as they are written.
    pub overrides: Option<Arc<Node>>,
    pub bash: Option<String>,
    pub needs: Vec<Spanned<String>>,
    /// What the task sets of a container.
    pub container: Container,
    /// The keys of it that are written.
    pub written: BTreeSet<&'static str>,
    /// Variables that the caller should have, and has not.
    pub missing: BTreeSet<String>,
}

/// What a task is of, as words.
#[derive(Debug, Clone)]
pub enum TaskPlace {
    Image(Spanned<String>),
    Container(Spanned<String>),
    Nothing,
}
