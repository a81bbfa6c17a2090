//! `containers.<name>`: every key, one line in a table of its theme.
//!
//! Invariant: reading a mapping into a container that already has values is merging: words replace, lists unite,
//! mappings update. `extends` is nothing else than reading the ancestors first.

mod consistency;
mod lifecycle;
mod log;
mod network;
mod process;
mod raw;
mod resources;
mod seccomp;
mod secrets;
mod storage;

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use std::sync::Arc;

pub(super) use lifecycle::{choice, health, pull};
pub(super) use network::extra_hosts;
pub(super) use process::{command, container_path, plain_env, platform, user};
pub(super) use secrets::mode;
pub(super) use storage::permissions;

use crate::document::Container;
use crate::read::{Field, Item, Reader, Spanned};

const IDENTITY: &[Field<Container>] = &[
    Field {
        name: "image",
        read: |c, r, i| {
            let image = r.spanned(i);
            c.is_image_wrong = image.is_none();
            super::put(&mut c.image, image);
        },
    },
    Field { name: "engines", read: |c, r, i| unite(&mut c.engines, r.spanned_strings(i)) },
    Field { name: "clients", read: |c, r, i| unite(&mut c.engines, r.spanned_strings(i)) },
    Field { name: "groups", read: |c, r, i| unite(&mut c.groups, r.spanned_strings(i)) },
    Field { name: "needs", read: |_, r, i| super::needs(r, i) },
    Field { name: "profiles", read: |c, r, i| c.profiles.extend(r.strings(i)) },
    // These three are read before all others, because they decide what is read at all.
    Field { name: "abstract", read: |_, _, _| {} },
    Field { name: "extends", read: |_, _, _| {} },
    Field { name: "instances", read: |_, _, _| {} },
    // Read with the other tasks of the project.
    Field { name: "tasks", read: |_, _, _| {} },
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
    &[process::FIELDS, lifecycle::FIELDS, network::FIELDS, storage::FIELDS, resources::FIELDS];

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
        instances: get("instances").map(|item| instances(reader, &item)).unwrap_or_default(),
        item,
    })
}

/// Names of copies, each once.
fn instances(reader: &Reader, item: &Item) -> Vec<Spanned<String>> {
    let mut all: Vec<Spanned<String>> = Vec::new();
    for one in reader.spanned_strings(item) {
        let Some(first) = all.iter().find(|first| first.value == one.value) else {
            all.push(one);
            continue;
        };
        let message =
            format!("the instance \"{}\" is named twice", crate::yaml::shorten(&one.value));
        let found = crate::Diagnostic::error("duplicate-name", message).at(one.span, "the second");
        let found = found.also(first.span, "the first").in_path(item.path.to_string());
        reader.report(found.help("remove one of them"));
    }
    all
}

/// Reads a container: its ancestors first, itself last.
pub(super) fn read(reader: &Reader, key: &str, own: &Outline, ancestors: &[&Outline]) -> Container {
    let mut container = Container::new(key, own.item.key_span());
    container.is_abstract = own.is_abstract;
    reader.templates().enter(key, Arc::clone(&own.item.node));
    for outline in ancestors.iter().copied().chain([own]) {
        unite(&mut container.instances, outline.instances.clone());
        let inherited = std::mem::take(&mut container.mounts);
        reader.fields(&outline.item, &mut container, TABLES);
        // Of one container two mounts on one target are a mistake, which is found later.
        let own: HashSet<&str> =
            container.mounts.iter().map(|one| one.value.target.as_str()).collect();
        let kept = inherited.iter().filter(|one| !own.contains(one.value.target.as_str()));
        let kept: Vec<_> = kept.cloned().collect();
        container.mounts.extend(kept);
    }
    for outline in ancestors.iter().copied().chain([own]) {
        raw::read(reader, &mut container, outline);
    }
    container.used = reader.templates().leave().into();
    if !own.is_abstract {
        let sources: Vec<&Outline> = ancestors.iter().copied().chain([own]).collect();
        consistency::check(reader, &container, &sources);
    }
    container
}

/// Adds what is not there yet.
pub(super) fn unite<T: Eq + Hash>(into: &mut Vec<Spanned<T>>, more: Vec<Spanned<T>>) {
    into.reserve_exact(more.len());
    let mut known: HashSet<&T> = into.iter().map(|one| &one.value).collect();
    let is_new: Vec<bool> = more.iter().map(|one| known.insert(&one.value)).collect();
    into.extend(more.into_iter().zip(is_new).filter_map(|(one, is_new)| is_new.then_some(one)));
}

/// Reports targets that stand twice in one list. (A list of an ancestor is another one, and gives way.)
pub(super) fn each_once<T>(
    reader: &Reader,
    item: &Item,
    all: Vec<Spanned<T>>,
    target: impl Fn(&T) -> &str,
) -> Vec<Spanned<T>> {
    let mut seen = HashMap::new();
    for one in &all {
        let Some(first) = seen.insert(target(&one.value), one.span) else { continue };
        let message = format!("two mounts are at \"{}\"", crate::yaml::shorten(target(&one.value)));
        let found =
            crate::Diagnostic::error("duplicate-target", message).at(one.span, "the second");
        let found = found.also(first, "the first").in_path(item.path.to_string());
        reader.report(found.help("remove one of them, or mount it elsewhere"));
    }
    all
}

/// Adds items; one with the key of an earlier one takes its place.
pub(super) fn replace_by<T, K: Eq + Hash>(
    into: &mut Vec<Spanned<T>>,
    more: Vec<Spanned<T>>,
    key: impl Fn(&T) -> K,
) {
    into.reserve_exact(more.len());
    let mut places: HashMap<K, usize> =
        into.iter().enumerate().map(|(at, one)| (key(&one.value), at)).collect();
    for one in more {
        let end = into.len();
        match *places.entry(key(&one.value)).or_insert(end) {
            at if at < end => into[at] = one,
            _ => into.push(one),
        }
    }
}
