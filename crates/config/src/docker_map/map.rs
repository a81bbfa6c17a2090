//! A map's root: settings and sections as they are, every other key a container.
//!
//! Invariant: no key is lost: one that can be neither a setting nor a container is an error.

use std::sync::Arc;

use windlass_model::EngineName;

use super::DEFAULT_CLIENT;
use super::paths::{Paths, Surroundings};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::native::container_keys;
use crate::read::suggest;
use crate::yaml::{Entry, Key, Mapping, Node, Value, duplicate_key};

/// Root keys, and the keys of the native format that mean the same.
const ROOT: &[(&str, &str)] = &[
    ("name", "name"),
    ("repository", "repository"),
    ("default_tag", "default_tag"),
    ("default_domain", "default_domain"),
    ("set_hostname", "set_hostname"),
    ("use_attached_parent_name", "use_attached_parent_name"),
    ("clients", "default_engines"),
    ("volumes", "volumes"),
    ("host", "host"),
    ("host_root", "host_root"),
    ("networks", "networks"),
    ("groups", "groups"),
];

/// A map's tree in the native format's sections.
pub(crate) fn map(
    root: &Arc<Node>,
    surroundings: Surroundings<'_>,
    diagnostics: &mut Diagnostics,
) -> Arc<Node> {
    let root = Paths::new(surroundings).tree(root, diagnostics);
    let Some(map) = root.as_mapping() else { return root };
    let mut sections = Mapping::default();
    let mut containers = Containers::default();
    for entry in map.entries() {
        let key = &*entry.key.text;
        if let Some((_, native)) = ROOT.iter().find(|(name, _)| *name == key) {
            let key = Key { text: (*native).into(), span: entry.key.span };
            sections.replace(Entry { key, ..client_names(entry) });
        } else if key == "containers" {
            containers.section(entry, diagnostics);
        } else if key.starts_with("x-") {
            sections.replace(entry.clone());
        } else {
            containers.root_key(entry, diagnostics);
        }
    }
    if let Some(entry) = containers.finish() {
        sections.replace(entry);
    }
    Arc::new(Node::new(root.span, Value::Mapping(sections)))
}

#[derive(Default)]
struct Containers {
    map: Mapping,
    /// The key of the section, or the first container's.
    key: Option<Key>,
    /// A section that is no mapping; the native format says what is wrong with it.
    wrong: Option<Arc<Node>>,
}

impl Containers {
    fn section(&mut self, entry: &Entry, diagnostics: &mut Diagnostics) {
        self.key = Some(entry.key.clone());
        match &entry.value.value {
            Value::Mapping(map) => {
                for container in map.entries() {
                    self.add(container.clone(), diagnostics);
                }
            }
            Value::Scalar(_) if entry.value.is_null() => {}
            Value::Scalar(_) | Value::Sequence(_) => self.wrong = Some(Arc::clone(&entry.value)),
        }
    }

    fn root_key(&mut self, entry: &Entry, diagnostics: &mut Diagnostics) {
        let key = &*entry.key.text;
        let near = suggest(key, ROOT.iter().map(|(name, _)| *name).chain(["containers"]));
        let is_container = match &entry.value.value {
            Value::Mapping(map) => near.is_none() || map.entries().iter().all(is_containers),
            Value::Scalar(_) => entry.value.is_null() && near.is_none(),
            Value::Sequence(_) => false,
        };
        if is_container {
            self.add(entry.clone(), diagnostics);
            return;
        }
        let message = format!("`{}` is no key of a map", crate::yaml::shorten(key));
        let help = near.map_or_else(
            || "every other root key is a container, and that is a mapping".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        let found = Diagnostic::error("unknown-key", message).at(entry.key.span, "");
        diagnostics.push(found.help(help));
    }

    fn add(&mut self, mut entry: Entry, diagnostics: &mut Diagnostics) {
        if let Some(clients) = entry.value.as_mapping().and_then(|map| map.get("clients")) {
            let mut map = entry.value.as_mapping().cloned().unwrap_or_default();
            map.replace(client_names(clients));
            entry.value = Arc::new(Node::new(entry.value.span, Value::Mapping(map)));
        }
        self.key.get_or_insert_with(|| Key { text: "containers".into(), span: entry.key.span });
        if let Err(entry) = self.map.insert(entry) {
            let first = self.map.get(&entry.key.text).map(|entry| entry.key.span);
            diagnostics.push(duplicate_key(&entry.key, first));
        }
    }

    fn finish(self) -> Option<Entry> {
        let key = Key { text: "containers".into(), ..self.key? };
        let node = Node::new(key.span, Value::Mapping(self.map));
        Some(Entry { key, value: self.wrong.unwrap_or_else(|| Arc::new(node)), merged: None })
    }
}

/// What is under `clients`, with the name that docker-map gives to the default client as ours.
fn client_names(entry: &Entry) -> Entry {
    if &*entry.key.text != "clients" {
        return entry.clone();
    }
    let name = |node: &Arc<Node>| match node.as_scalar() {
        Some(scalar) if &*scalar.text == DEFAULT_CLIENT => {
            Arc::new(Node::string(node.span, EngineName::DEFAULT, scalar.style))
        }
        _ => Arc::clone(node),
    };
    let value = match entry.value.as_sequence() {
        Some(names) => {
            let names = names.iter().map(name).collect();
            Arc::new(Node::new(entry.value.span, Value::Sequence(names)))
        }
        None => name(&entry.value),
    };
    Entry { value, ..entry.clone() }
}

/// Whether an entry is one that a container may have.
fn is_containers(entry: &Entry) -> bool {
    container_keys().contains(&&*entry.key.text)
}
