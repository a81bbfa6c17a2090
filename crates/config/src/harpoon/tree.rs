//! Trees being made: a mapping entry by entry.

use std::sync::Arc;

use crate::source::Span;
use crate::yaml::{Entry, Key, Mapping, Node, Style, Value};

/// A mapping being made. What has no key of its own in the file stands at `span`.
#[derive(Debug, Clone)]
pub(super) struct Made {
    span: Span,
    map: Mapping,
}

impl Made {
    pub(super) fn at(span: Span) -> Self {
        Self { span, map: Mapping::default() }
    }

    /// An entry whose key stands at `key`.
    pub(super) fn put(&mut self, name: &str, key: Span, value: Arc<Node>) {
        let key = Key { text: name.into(), span: key };
        self.map.replace(Entry { key, value, merged: None });
    }

    /// An entry that the file does not have in so many words.
    pub(super) fn set(&mut self, name: &str, value: Arc<Node>) {
        self.put(name, self.span, value);
    }

    /// A plain word.
    pub(super) fn word(&mut self, name: &str, word: &str) {
        self.set(name, plain(self.span, word));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.map.is_empty()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.map.get(name).is_some()
    }

    pub(super) fn node(self) -> Arc<Node> {
        Arc::new(Node::new(self.span, Value::Mapping(self.map)))
    }
}

/// `true`, `60s`, a word.
pub(super) fn plain(span: Span, text: &str) -> Arc<Node> {
    Arc::new(Node::string(span, text, Style::Plain))
}

/// A template of the native format.
pub(super) fn template(span: Span, text: &str) -> Arc<Node> {
    Arc::new(Node::string(span, text, Style::Quoted))
}

pub(super) fn sequence(span: Span, items: Vec<Arc<Node>>) -> Arc<Node> {
    Arc::new(Node::new(span, Value::Sequence(items)))
}

/// The entries of a mapping that say something.
pub(super) fn entries(node: &Node) -> impl Iterator<Item = &Entry> {
    let entries = node.as_mapping().map(Mapping::entries).unwrap_or_default();
    entries.iter().filter(|entry| !entry.value.is_null())
}

pub(super) fn get<'n>(node: &'n Node, key: &str) -> Option<&'n Entry> {
    node.as_mapping()?.get(key).filter(|entry| !entry.value.is_null())
}

/// A list, or the one item that stands for it.
pub(super) fn items(node: &Arc<Node>) -> Vec<Arc<Node>> {
    match &node.value {
        Value::Sequence(items) => items.clone(),
        Value::Scalar(_) if node.is_null() => Vec::new(),
        Value::Scalar(_) | Value::Mapping(_) => vec![Arc::clone(node)],
    }
}

/// `over` wins: mappings deep, everything else replaced.
pub(super) fn merged(base: &Arc<Node>, over: &Arc<Node>) -> Arc<Node> {
    crate::load::merge(base, over)
}
