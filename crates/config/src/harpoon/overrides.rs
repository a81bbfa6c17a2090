//! `--set`: values of the root from outside.

use std::sync::Arc;

use crate::yaml::{Entry, Key, Mapping, Node, Value};

/// The configuration with a value at a dotted path; what comes from outside is text, never a format string.
pub(crate) fn overridden(root: &Arc<Node>, path: &str, value: &Arc<Node>) -> Arc<Node> {
    let mut map = root.as_mapping().cloned().unwrap_or_default();
    let (key, rest) = match path.split_once('.').filter(|_| map.get(path).is_none()) {
        Some((key, rest)) => (key, Some(rest)),
        None => (path, None),
    };
    let below = map.get(key).map(|entry| Arc::clone(&entry.value));
    let value = match rest {
        Some(rest) => {
            let empty = || Arc::new(Node::new(value.span, Value::Mapping(Mapping::default())));
            overridden(&below.unwrap_or_else(empty), rest, value)
        }
        None => Arc::clone(value),
    };
    let key = Key { text: key.into(), span: value.span };
    map.replace(Entry { key, value, merged: None });
    Arc::new(Node::new(root.span, Value::Mapping(map)))
}
