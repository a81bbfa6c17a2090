//! docker-map's lists: a word, a list of words, pairs, or entries with named parts.
//!
//! Invariant: every accepted form comes out as the same two shapes, so each key decides only what the positions mean.

use std::sync::Arc;

use crate::document::Link;
use crate::read::{Item, Reader, Spanned};
use crate::yaml::{Node, Resolved, Style, Value};

/// One entry of a list.
pub(super) enum Shape {
    /// First the name, then what belongs to it; never empty.
    Positions(Vec<Item>),
    /// A mapping with named parts.
    Named(Item),
}

/// `word`, `[word, [word, more], {word: more}, {marker: word, …}]` or `{word: more}`.
///
/// A list under a word is spread over the following positions if `spread`.
pub(super) fn shapes(reader: &Reader, item: &Item, markers: &[&str], spread: bool) -> Vec<Shape> {
    let Some(item) = reader.resolve(item) else { return Vec::new() };
    match &item.node.value {
        Value::Scalar(_) if item.node.is_null() => Vec::new(),
        Value::Scalar(_) => vec![Shape::Positions(vec![item.into_owned()])],
        Value::Mapping(_) => pairs(reader, &item, spread),
        Value::Sequence(_) => {
            let mut all = Vec::new();
            for item in reader.list_or_one(&item) {
                match &item.node.value {
                    Value::Scalar(_) if item.node.is_null() => {}
                    Value::Scalar(_) => all.push(Shape::Positions(vec![item])),
                    Value::Sequence(_) => {
                        let parts = reader.list_or_one(&item);
                        if parts.is_empty() {
                            reader.expected(&item, "a name", None);
                        } else {
                            all.push(Shape::Positions(flatten(reader, parts, spread)));
                        }
                    }
                    Value::Mapping(map) => {
                        if markers.iter().any(|marker| map.get(marker).is_some()) {
                            all.push(Shape::Named(item));
                        } else {
                            all.extend(pairs(reader, &item, spread));
                        }
                    }
                }
            }
            all
        }
    }
}

fn pairs(reader: &Reader, item: &Item, spread: bool) -> Vec<Shape> {
    let Some(map) = item.node.as_mapping() else { return Vec::new() };
    let mut all = Vec::with_capacity(map.len());
    for entry in map.entries().iter().filter(|entry| reader.plain_key(item, entry)) {
        let value = item.entry(entry);
        let key = Node::string(entry.key.span, Arc::clone(&entry.key.text), Style::Plain);
        let mut parts = vec![value.with_node(Arc::new(key))];
        if let Some(value) = reader.resolve(&value)
            && !value.node.is_null()
        {
            parts.push(value.into_owned());
        }
        all.push(Shape::Positions(flatten(reader, parts, spread)));
    }
    all
}

fn flatten(reader: &Reader, parts: Vec<Item>, spread: bool) -> Vec<Item> {
    if !spread {
        return parts;
    }
    let mut all = Vec::with_capacity(parts.len());
    for (at, part) in parts.into_iter().enumerate() {
        if at > 0 && part.node.as_sequence().is_some() {
            all.extend(reader.list_or_one(&part));
        } else {
            all.push(part);
        }
    }
    all
}

/// Reports positions beyond those that mean something.
pub(super) fn at_most(reader: &Reader, parts: &[Item], most: usize, form: &str) -> bool {
    if let Some(extra) = parts.get(most) {
        let message = format!("too many parts: {}", parts.len());
        reader.report(reader.error(extra, "bad-value", message).help(format!("write {form}")));
        return false;
    }
    true
}

/// `ro`, `rw`, true (read-only) or false.
pub(super) fn read_only(reader: &Reader, item: &Item) -> Option<bool> {
    let item = reader.resolve(item)?;
    let scalar = item.node.as_scalar();
    match scalar.map(crate::yaml::Scalar::resolve) {
        Some(Resolved::Bool(value)) => Some(value),
        Some(Resolved::Null | Resolved::Integer(0) | Resolved::String("rw" | "false" | "")) => {
            Some(false)
        }
        Some(Resolved::Integer(1) | Resolved::String("ro" | "true")) => Some(true),
        _ => {
            reader.expected(&item, "ro or rw", None);
            None
        }
    }
}

/// `links`, of a container and of an endpoint.
pub(super) fn links(reader: &Reader, item: &Item) -> Vec<Spanned<Link>> {
    let all = shapes(reader, item, &["container"], true);
    all.iter().filter_map(|shape| link(reader, shape)).collect()
}

fn link(reader: &Reader, shape: &Shape) -> Option<Spanned<Link>> {
    match shape {
        Shape::Positions(parts) => {
            at_most(reader, parts, 2, "\"container:alias\" or {container: alias}");
            let text = reader.spanned(parts.first()?)?;
            let alias = parts.get(1).and_then(|part| reader.string(part));
            let (target, inline) = match text.value.split_once(':') {
                Some((target, alias)) => (target.to_owned(), Some(alias.to_owned())),
                None => (text.value.clone(), None),
            };
            Some(Spanned::new(Link { target, alias: alias.or(inline) }, text.span))
        }
        Shape::Named(item) => {
            let mut named = (None, None);
            reader.fields(item, &mut named, &[LINK]);
            let target: Spanned<String> = named.0?;
            Some(Spanned::new(Link { target: target.value, alias: named.1 }, target.span))
        }
    }
}

type NamedLink = (Option<Spanned<String>>, Option<String>);

const LINK: &[crate::read::Field<NamedLink>] = &[
    crate::read::Field { name: "container", read: |link, r, i| link.0 = r.spanned(i) },
    crate::read::Field { name: "alias", read: |link, r, i| link.1 = r.string(i) },
];
