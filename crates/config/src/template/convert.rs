//! A template's result back into the tree.
//!
//! Invariant: every node made here stands where the template stands, and is marked if a secret went into it.

use std::cell::Cell;
use std::sync::Arc;

use minijinja::Value;
use minijinja::value::ValueKind;

use super::evaluate::sole_expression;
use super::objects::Name;
use crate::source::Span;
use crate::yaml::{Entry, Key, Mapping, Node, Secrecy, Style, Value as Yaml};

const MAX_DEPTH: usize = 32;

/// Most nodes that one result may have.
const MAX_NODES: usize = 100_000;

pub(super) fn to_node(
    value: &Value,
    span: Span,
    secrecy: Option<&Arc<Secrecy>>,
) -> Result<Node, String> {
    convert(value, span, secrecy, 0, &Cell::new(MAX_NODES))
}

/// Of an expression with a list or a mapping, one item: `{{ (x)["key"] }}`.
fn item(secrecy: Option<&Arc<Secrecy>>, key: &Value) -> Option<Arc<Secrecy>> {
    let whole = secrecy?.template.as_deref().and_then(sole_expression);
    let key = match key.as_str() {
        Some(text) if text.contains(['"', '\\', '{', '}']) => None,
        Some(text) => Some(format!("\"{text}\"")),
        None => Some(key.to_string()),
    };
    let template = whole.zip(key).map(|((_, whole), key)| format!("{{{{ ({whole})[{key}] }}}}"));
    Some(Arc::new(Secrecy { template: template.map(Into::into) }))
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the template engine's enum is open")]
fn convert(
    value: &Value,
    span: Span,
    secrecy: Option<&Arc<Secrecy>>,
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
            let convert = |(index, value): (usize, Value)| {
                let secrecy = item(secrecy, &Value::from(index));
                convert(&value, span, secrecy.as_ref(), depth + 1, left).map(Arc::new)
            };
            let items: Result<Vec<_>, _> = items.enumerate().map(convert).collect();
            Node::new(span, Yaml::Sequence(items?))
        }
        ValueKind::Map => {
            let mut map = Mapping::default();
            let keys = value.try_iter().map_err(|error| error.kind().to_string())?;
            for key in keys {
                let one = value.get_item(&key).map_err(|error| error.kind().to_string())?;
                let secrecy = item(secrecy, &key);
                let value = Arc::new(convert(&one, span, secrecy.as_ref(), depth + 1, left)?);
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
    node.sensitive = secrecy.cloned();
    Ok(node)
}
