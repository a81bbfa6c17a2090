//! A value of the document together with where it stands.
//!
//! Invariant: an item's path and its node always belong together; items made of a template's result keep the path
//! and the place of the template.

use std::sync::Arc;

use super::path::Path;
use crate::source::Span;
use crate::yaml::Node;

#[derive(Debug, Clone)]
pub struct Item {
    pub node: Arc<Node>,
    pub path: Path,
    /// The key under which it was written, if it was under one.
    pub key: Option<Span>,
}

impl Item {
    pub fn root(node: Arc<Node>) -> Self {
        Self { node, path: Path::root(), key: None }
    }

    pub fn span(&self) -> Span {
        self.node.span
    }

    /// Where to point at the item as a whole: its key, or itself.
    pub fn key_span(&self) -> Span {
        self.key.unwrap_or(self.node.span)
    }

    #[must_use]
    pub fn with_node(&self, node: Arc<Node>) -> Self {
        Self { node, path: self.path.clone(), key: self.key }
    }

    #[must_use]
    pub fn child(&self, index: usize, node: &Arc<Node>) -> Self {
        Self { node: Arc::clone(node), path: self.path.index(index), key: None }
    }

    #[must_use]
    pub fn entry(&self, entry: &crate::yaml::Entry) -> Self {
        Self {
            node: Arc::clone(&entry.value),
            path: self.path.key(Arc::clone(&entry.key.text)),
            key: Some(entry.key.span),
        }
    }

    /// The item under a key, as written; templates are not looked into.
    pub fn get(&self, key: &str) -> Option<Self> {
        self.node.as_mapping()?.get(key).map(|entry| self.entry(entry))
    }
}

/// A value and where it was written.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Spanned<T> {
    pub value: T,
    pub span: Span,
}

impl<T> Spanned<T> {
    pub fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }
}
