//! Several trees into one: mappings merge deep, everything else is replaced by the later one.
//!
//! Invariant: every value keeps the place in the file that said it.

use std::sync::Arc;

use crate::yaml::{Entry, Mapping, Node, Value};

/// `over` wins.
pub(crate) fn merge(base: &Arc<Node>, over: &Arc<Node>) -> Arc<Node> {
    let (Value::Mapping(below), Value::Mapping(above)) = (&base.value, &over.value) else {
        return Arc::clone(over);
    };
    let mut map: Mapping = below.clone();
    for entry in above.entries() {
        let value = match map.get(&entry.key.text) {
            Some(known) => merge(&known.value, &entry.value),
            None => Arc::clone(&entry.value),
        };
        map.replace(Entry { key: entry.key.clone(), value, merged: entry.merged });
    }
    Arc::new(Node::new(base.span, Value::Mapping(map)))
}
