//! `create_options` and `host_config`: arguments of docker-py, which docker-map handed on as they were.
//!
//! Invariant: every argument that docker-py has is in a table here, with the meaning it has there: one without a meaning
//! on engines of today says so. They come after all other keys, of ancestors too, and only add to lists and mappings.

mod create;
mod host;
mod mounts;
mod ports;
mod refused;

use std::sync::Arc;

use super::Outline;
use crate::document::Container;
use crate::read::{Field, Item, Reader, names};
use crate::yaml::{Mapping, Node, Resolved, Scalar, Value};

/// Here only their names: [`read`] reads them.
pub(super) const FIELDS: &[Field<Container>] = &[
    Field { name: "create_options", read: |_, _, _| {} },
    Field { name: "host_config", read: |_, _, _| {} },
];

/// Reads both keys of one mapping into its container.
pub(super) fn read(reader: &Reader, container: &mut Container, outline: &Outline) {
    let part =
        |key| outline.item.get(key).and_then(|item| Some(reader.resolve(&item)?.into_owned()));
    if let Some(options) = part("create_options") {
        let tables = [create::FIELDS, refused::CREATE];
        let options = without_empty(&options, &names(&tables), &["entrypoint"], false);
        reader.fields(&options, container, &tables);
    }
    if let Some(options) = part("host_config") {
        let tables = [host::FIELDS, refused::HOST];
        let options = without_empty(&options, &names(&tables), &["mem_swappiness"], true);
        reader.fields(&options, container, &tables);
    }
}

/// Where the argument of a native key is written, if it is.
pub(super) fn place(outline: &Outline, key: &str) -> Option<Item> {
    let name =
        host::ARGUMENTS.iter().find(|(native, _)| *native == key).map_or(key, |(_, name)| name);
    let inside = |section| outline.item.get(section).and_then(|item| item.get(name));
    inside("host_config").or_else(|| inside("create_options"))
}

/// docker-py does not send what Python takes for false, such as no text; of `host_config`, no number either.
fn without_empty(item: &Item, known: &[&str], but: &[&str], and_zero: bool) -> Item {
    let Some(map) = item.node.as_mapping() else { return item.clone() };
    let mut left = Mapping::default();
    for entry in map.entries() {
        let key = &*entry.key.text;
        let is_empty = match &entry.value.value {
            Value::Scalar(scalar) => is_empty(scalar, and_zero),
            Value::Sequence(items) => items.is_empty(),
            Value::Mapping(map) => map.is_empty(),
        };
        if !is_empty || !known.contains(&key) || but.contains(&key) {
            left.replace(entry.clone());
        }
    }
    item.with_node(Arc::new(Node::new(item.node.span, Value::Mapping(left))))
}

fn is_empty(scalar: &Scalar, or_zero: bool) -> bool {
    scalar.text.is_empty() || (or_zero && scalar.resolve() == Resolved::Integer(0))
}
