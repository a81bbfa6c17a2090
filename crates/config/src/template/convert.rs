//! A template's result back into the tree.
//!
//! Invariant: every node made here stands where the template stands, and is marked if a secret went into it.

use std::cell::Cell;
use std::sync::Arc;

use minijinja::Value;
use minijinja::value::ValueKind;

use super::objects::Name;
use crate::source::Span;
use crate::yaml::{Entry, Key, Mapping, Node, Style, Value as Yaml};

const MAX_DEPTH: usize = 32;

/// Most nodes that one result may have.
const MAX_NODES: usize = 100_000;

pub(super) fn to_node(value: &Value, span: Span, sensitive: bool) -> Result<Node, String> {
    convert(value, span, sensitive, 0, &Cell::new(MAX_NODES))
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the template engine's enum is open")]
fn convert(
    value: &Value,
    span: Span,
    sensitive: bool,
    depth: usize,
    left: &Cell<usize>,
) -> Result<Node, String> {
    match left.get().checked_sub(1) {
        Some(rest) => left.set(rest),
        None => return Err(format!("the template's result has more than {MAX_NODES} values")),
    }
    if depth > MAX_DEPTH {
        return Err("the template's result is nested too deep".to_owned());
    }
    let text = |text: String, style| Node::string(span, text, style);
    let mut node = match value.kind() {
        ValueKind::Undefined => return Err("the template's result is not defined".to_owned()),
        ValueKind::None => text(String::new(), Style::Plain),
        ValueKind::Bool => text(value.is_true().to_string(), Style::Plain),
        ValueKind::Number => text(value.to_string(), Style::Plain),
        ValueKind::String => text(value.to_string(), Style::Rendered),
        ValueKind::Seq | ValueKind::Iterable => {
            let items = value.try_iter().map_err(|error| error.kind().to_string())?;
            let items: Result<Vec<_>, _> = items
                .map(|item| convert(&item, span, sensitive, depth + 1, left).map(Arc::new))
                .collect();
            Node::new(span, Yaml::Sequence(items?))
        }
        ValueKind::Map => {
            let mut map = Mapping::default();
            let keys = value.try_iter().map_err(|error| error.kind().to_string())?;
            for key in keys {
                let item = value.get_item(&key).map_err(|error| error.kind().to_string())?;
                let value = Arc::new(convert(&item, span, sensitive, depth + 1, left)?);
                let key = Key { text: key.to_string().into(), span };
                map.replace(Entry { key, value, merged: None });
            }
            Node::new(span, Yaml::Mapping(map))
        }
        ValueKind::Plain if value.downcast_object_ref::<Name>().is_some() => {
            text(value.to_string(), Style::Rendered)
        }
        _ => return Err("the template's result is not a value".to_owned()),
    };
    node.sensitive = sensitive;
    Ok(node)
}
