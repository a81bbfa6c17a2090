//! Plain data as YAML, as `windlass config` prints it.
//!
//! Invariant: what is written reads back as the same data.

use serde_json::Value;
use windlass_config::yaml::{Node, ParseOptions, Resolved, Value as Yaml, parse};
use windlass_config::{Diagnostics, SourceMap};

use crate::render;

pub fn yaml(bytes: &[u8]) {
    let Ok(value) = serde_json::from_slice::<Value>(bytes) else { return };
    if !value.is_object() || depth(&value) > 40 {
        return;
    }
    let text = render::yaml::emit(&value);
    let mut sources = SourceMap::new();
    let file = sources.add("x.yaml", "/", text.clone());
    let options = ParseOptions { tags: &[], max_nodes: 100_000 };
    let mut found = Diagnostics::default();
    let node = parse(file, &text, options, &mut found);
    assert!(found.is_empty(), "{text}\n{}", found.render_plain(&sources));
    let node = node.expect("there are no errors");
    assert!(same(&node, &value), "{text}\n{value}");
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(map) => 1 + map.values().map(depth).max().unwrap_or(0),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

fn same(node: &Node, value: &Value) -> bool {
    match (&node.value, value) {
        (Yaml::Sequence(nodes), Value::Array(items)) => {
            nodes.len() == items.len()
                && nodes.iter().zip(items).all(|(node, item)| same(node, item))
        }
        (Yaml::Mapping(map), Value::Object(wanted)) => {
            let entries = map.entries();
            entries.len() == wanted.len()
                && wanted
                    .iter()
                    .all(|(key, value)| map.get(key).is_some_and(|entry| same(&entry.value, value)))
        }
        (Yaml::Scalar(scalar), value) => match (scalar.resolve(), value) {
            (Resolved::String(text), Value::String(wanted)) => text == wanted,
            (Resolved::Null, Value::Null) => true,
            (Resolved::Bool(found), Value::Bool(wanted)) => found == *wanted,
            // How a number is written is kept.
            (Resolved::Integer(_) | Resolved::Float(_), Value::Number(wanted)) => {
                let wanted = wanted.to_string();
                *scalar.text == *wanted
            }
            _ => false,
        },
        _ => false,
    }
}
