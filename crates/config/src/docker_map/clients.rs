//! A file of clients: what docker-map calls a client is an engine here.
//!
//! Invariant: what decides where something runs is translated; what only tuned the Python client is left out.

use std::sync::Arc;

use windlass_model::EngineName;

use super::DEFAULT_CLIENT;
use super::paths::{Paths, Surroundings};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::read::did_you_mean;
use crate::source::Span;
use crate::yaml::{Entry, Key, Mapping, Node, Resolved, Style, Value};

/// Keys of a client, and the keys of an engine that mean the same.
const KEYS: &[(&str, &str)] = &[
    ("base_url", "url"),
    ("tls", "tls"),
    ("interfaces", "interfaces"),
    ("interfaces_ipv6", "interfaces_ipv6"),
    ("domainname", "domain"),
    ("stop_timeout", "stop_timeout"),
];

/// What an engine is asked here, or no business of a file.
const LEFT_OUT: &[&str] = &["version", "timeout", "wait_timeout", "features", "constraints"];

/// Keys of `tls`, under docker-py's names and ours.
const TLS: &[(&str, &str)] = &[("ca_cert", "ca"), ("ca", "ca"), ("verify", "verify")];

/// The section `engines` of a client file's tree.
pub(crate) fn clients(
    root: &Arc<Node>,
    surroundings: Surroundings<'_>,
    diagnostics: &mut Diagnostics,
) -> Arc<Node> {
    let root = Paths::new(surroundings).tree(root, diagnostics);
    let Some(map) = root.as_mapping() else {
        let message = format!("expected a mapping of clients, found {}", root.describe());
        let found = Diagnostic::error("wrong-type", message).at(root.span, "");
        diagnostics.push(found.help("write {name: {base_url: tcp://host:2376}}"));
        return Arc::new(Node::new(root.span, Value::Mapping(Mapping::default())));
    };
    let mut engines = Mapping::default();
    for entry in map.entries() {
        let name = match &*entry.key.text {
            DEFAULT_CLIENT => EngineName::DEFAULT.into(),
            _ => Arc::clone(&entry.key.text),
        };
        let key = Key { text: name, span: entry.key.span };
        if let Some(other) = engines.entries().iter().find(|other| other.key.text == key.text) {
            let message =
                format!("`{DEFAULT_CLIENT}` and `{}` are one client", EngineName::DEFAULT);
            let found = Diagnostic::error("duplicate-key", message).at(key.span, "");
            let found = found.also(other.key.span, "the other one");
            diagnostics.push(found.help("leave one of them out, or give it another name"));
        }
        let value = client(&key, &entry.value, diagnostics);
        engines.replace(Entry { key, value, merged: entry.merged });
    }
    Arc::new(Node::new(root.span, Value::Mapping(engines)))
}

/// Where credentials are written, which no excerpt shall show.
pub(crate) fn credentials(root: &Node) -> Vec<Span> {
    let clients = root.as_mapping().into_iter().flat_map(Mapping::entries);
    let given = clients.filter_map(|client| client.value.as_mapping()?.get("auth_configs"));
    given.map(|entry| entry.value.span).collect()
}

fn client(name: &Key, node: &Arc<Node>, diagnostics: &mut Diagnostics) -> Arc<Node> {
    let Some(map) = node.as_mapping() else { return Arc::clone(node) };
    let mut engine = Mapping::default();
    for entry in map.entries() {
        let key = &*entry.key.text;
        let path = format!("{}.{key}", name.text);
        if let Some((_, native)) = KEYS.iter().find(|(known, _)| *known == key) {
            let value = match key {
                "base_url" => url(&entry.value),
                "tls" => tls(&entry.value, &path, diagnostics),
                _ => Some(Arc::clone(&entry.value)),
            };
            let key = Key { text: (*native).into(), span: entry.key.span };
            if let Some(value) = value {
                engine.replace(Entry { key, value, merged: entry.merged });
            }
        } else if key == "auth_configs" {
            let message = "credentials of registries are not read from a file of clients";
            let found = Diagnostic::warning("unsupported", message).at(entry.key.span, "");
            diagnostics.push(found.in_path(path).help("log in with `docker login`"));
        } else if !LEFT_OUT.contains(&key) {
            diagnostics.push(unknown(entry, KEYS.iter().map(|(known, _)| *known)).in_path(path));
        }
    }
    Arc::new(Node::new(node.span, Value::Mapping(engine)))
}

fn unknown<'a>(entry: &Entry, known: impl Iterator<Item = &'a str> + Clone) -> Diagnostic {
    let message = format!("unknown key `{}`", crate::yaml::shorten(&entry.key.text));
    let found = Diagnostic::error("unknown-key", message).at(entry.key.span, "");
    found.maybe_help(did_you_mean(&entry.key.text, known))
}

/// docker-py's spellings of a URL; none, if it is empty and so the default.
fn url(node: &Arc<Node>) -> Option<Arc<Node>> {
    let Some(Resolved::String(text)) = node.as_scalar().map(crate::yaml::Scalar::resolve) else {
        return (!node.is_null()).then(|| Arc::clone(node));
    };
    let socket = ["http+unix:", "unix:"].iter().find_map(|scheme| text.strip_prefix(scheme));
    let url = match socket.or_else(|| text.starts_with('/').then_some(text)) {
        Some(path) => match path.trim_start_matches('/') {
            "" => return None,
            path => format!("unix:///{path}"),
        },
        None if text.is_empty() => return None,
        None if text.contains("://") => return Some(Arc::clone(node)),
        None => format!("tcp://{text}"),
    };
    Some(Arc::new(Node::string(node.span, url, Style::Rendered)))
}

/// `true`, `false` or docker-py's arguments.
fn tls(node: &Arc<Node>, path: &str, diagnostics: &mut Diagnostics) -> Option<Arc<Node>> {
    let Some(map) = node.as_mapping() else {
        return match node.as_scalar().map(crate::yaml::Scalar::resolve) {
            Some(Resolved::Bool(true)) => {
                Some(Arc::new(Node::new(node.span, Value::Mapping(Mapping::default()))))
            }
            Some(Resolved::Bool(false) | Resolved::Null) => None,
            _ => Some(Arc::clone(node)),
        };
    };
    let mut all = Mapping::default();
    let mut put = |name: &str, entry: &Entry, value: &Arc<Node>| {
        let key = Key { text: name.into(), span: entry.key.span };
        all.replace(Entry { key, value: Arc::clone(value), merged: entry.merged });
    };
    for entry in map.entries() {
        let key = &*entry.key.text;
        match (key, entry.value.as_sequence()) {
            ("client_cert", Some([cert, secret])) => {
                put("cert", entry, cert);
                put("key", entry, secret);
            }
            ("assert_hostname", _) => {}
            _ => {
                if let Some((_, native)) = TLS.iter().find(|(known, _)| *known == key) {
                    put(native, entry, &entry.value);
                } else {
                    let known = TLS.iter().map(|(known, _)| *known).chain(["client_cert"]);
                    diagnostics.push(unknown(entry, known).in_path(format!("{path}.{key}")));
                }
            }
        }
    }
    Some(Arc::new(Node::new(node.span, Value::Mapping(all))))
}
