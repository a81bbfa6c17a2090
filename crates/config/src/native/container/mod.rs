//! `containers.<name>`: every key, one line in a table of its theme.
//!
//! Invariant: reading a mapping into a container that already has values is merging: words replace, lists unite,
//! mappings update. `extends` is nothing else than reading the ancestors first.

mod lifecycle;
mod network;
mod process;
mod raw;
mod resources;
mod secrets;
mod storage;

use std::sync::Arc;

pub(super) use lifecycle::{choice, pull};
pub(super) use network::extra_hosts;
pub(super) use process::{command, container_path};
pub(super) use secrets::mode;

use crate::document::Container;
use crate::read::{Field, Item, Reader, Spanned};

const IDENTITY: &[Field<Container>] = &[
    Field { name: "image", read: |c, r, i| super::put(&mut c.image, r.spanned(i)) },
    Field { name: "engines", read: |c, r, i| unite(&mut c.engines, r.spanned_strings(i)) },
    Field { name: "clients", read: |c, r, i| unite(&mut c.engines, r.spanned_strings(i)) },
    Field { name: "groups", read: |c, r, i| unite(&mut c.groups, r.spanned_strings(i)) },
    Field { name: "profiles", read: |c, r, i| c.profiles.extend(r.strings(i)) },
    // These three are read before all others, because they decide what is read at all.
    Field { name: "abstract", read: |_, _, _| {} },
    Field { name: "extends", read: |_, _, _| {} },
    Field { name: "instances", read: |_, _, _| {} },
];

/// All tables of a container.
pub(super) const TABLES: &[&[Field<Container>]] = &[
    IDENTITY,
    process::FIELDS,
    lifecycle::FIELDS,
    network::FIELDS,
    storage::FIELDS,
    resources::FIELDS,
    raw::FIELDS,
];

/// The tables that a task may use.
pub(super) const TASK_TABLES: &[&[Field<Container>]] =
    &[process::FIELDS, network::FIELDS, storage::FIELDS, resources::FIELDS];

/// What decides whether and how often a container is there.
#[derive(Debug, Clone)]
pub(super) struct Outline {
    pub(super) item: Item,
    pub(super) is_abstract: bool,
    pub(super) extends: Vec<Spanned<String>>,
    pub(super) instances: Vec<Spanned<String>>,
}

pub(super) fn outline(reader: &Reader, item: &Item) -> Option<Outline> {
    let item = reader.resolve(item)?.into_owned();
    let get = |key| item.get(key).filter(|item| !item.node.is_null());
    Some(Outline {
        is_abstract: get("abstract").and_then(|item| reader.bool(&item)).unwrap_or(false),
        extends: get("extends").map(|item| reader.spanned_strings(&item)).unwrap_or_default(),
        instances: get("instances").map(|item| reader.spanned_strings(&item)).unwrap_or_default(),
        item,
    })
}

/// Reads a container: its ancestors first, itself last.
pub(super) fn read(reader: &Reader, key: &str, own: &Outline, ancestors: &[&Outline]) -> Container {
    let mut container = Container::new(key, own.item.key_span());
    container.is_abstract = own.is_abstract;
    reader.templates().enter(key, Arc::clone(&own.item.node));
    for outline in ancestors.iter().copied().chain([own]) {
        unite(&mut container.instances, outline.instances.clone());
        reader.fields(&outline.item, &mut container, TABLES);
    }
    container.used = reader.templates().leave();
    container
}

/// Adds what is not there yet.
pub(super) fn unite<T: PartialEq>(into: &mut Vec<Spanned<T>>, more: Vec<Spanned<T>>) {
    for one in more {
        if !into.iter().any(|known| known.value == one.value) {
            into.push(one);
        }
    }
}

/// Adds items; one with the key of an earlier one takes its place.
pub(super) fn replace_by<T, K: PartialEq>(
    into: &mut Vec<Spanned<T>>,
    more: Vec<Spanned<T>>,
    key: impl Fn(&T) -> K,
) {
    for one in more {
        match into.iter_mut().find(|known| key(&known.value) == key(&one.value)) {
            Some(known) => *known = one,
            None => into.push(one),
        }
    }
}
