//! What an image says of its containers, compared with what it will say.
//!
//! Invariant: labels of our own are not compared: they say nothing that anybody asked for.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use windlass_model::label;

use super::BaseImage;

/// One thing that is otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigChange {
    /// `entrypoint`, `env NAME`.
    pub name: String,
    /// `null`: it said nothing.
    pub was: Value,
    pub becomes: Value,
}

impl ConfigChange {
    /// All of them, by name.
    pub fn between(was: &BaseImage, becomes: &BaseImage) -> Vec<Self> {
        let (old, new) = (said(was), said(becomes));
        let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        let of = |all: &BTreeMap<String, Value>, name| all.get(name).cloned().unwrap_or_default();
        let changes = names.into_iter().map(|name| Self {
            name: name.clone(),
            was: of(&old, name),
            becomes: of(&new, name),
        });
        changes.filter(|one| one.was != one.becomes).collect()
    }
}

/// All that it says, by the key of an image of resources.
fn said(image: &BaseImage) -> BTreeMap<String, Value> {
    let config = &image.config;
    let mut all = BTreeMap::from([
        ("user".to_owned(), json!(config.user)),
        ("workdir".to_owned(), json!(config.working_dir)),
        ("entrypoint".to_owned(), json!(config.entrypoint)),
        ("command".to_owned(), json!(config.cmd)),
        ("healthcheck".to_owned(), json!(config.healthcheck)),
        ("stop_signal".to_owned(), json!(config.stop_signal)),
        ("maintainer".to_owned(), json!(image.author)),
    ]);
    for one in &config.env {
        let (name, value) = one.split_once('=').unwrap_or((one, ""));
        all.insert(format!("env {name}"), value.into());
    }
    let own = |name: &&String| !name.starts_with(label::PREFIX);
    for name in config.labels.keys().filter(own) {
        all.insert(format!("label {name}"), json!(config.labels[name]));
    }
    all.extend(config.exposed_ports.keys().map(|port| (format!("port {port}"), true.into())));
    all.extend(config.volumes.keys().map(|path| (format!("volume {path}"), true.into())));
    let is_nothing =
        |value: &Value| value.as_str() == Some("") || value.as_array().is_some_and(Vec::is_empty);
    all.retain(|_, value| !value.is_null() && !is_nothing(value));
    all
}
