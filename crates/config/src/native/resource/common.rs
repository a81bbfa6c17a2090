//! The keys that every resource has.
//!
//! Invariant: they stand beside the word of the type, which has its own keys under it: `after` of a line is another than that of a
//! resource.

use windlass_bundle::{Condition, Mode};

use crate::native::container::choice;
use crate::native::{put, set};
use crate::read::{Field, Item, Reader, Spanned};

#[derive(Default)]
pub(super) struct Common {
    pub(super) id: Option<String>,
    pub(super) watches: Vec<String>,
    pub(super) after: Vec<String>,
    pub(super) only_if: Option<Condition>,
    pub(super) sensitive: bool,
    pub(super) own_layer: bool,
    pub(super) words: Vec<(&'static str, Spanned<String>)>,
}

pub(super) const COMMON: &[Field<Common>] = &[
    Field { name: "id", read: |c, r, i| put(&mut c.id, id(r, i)) },
    Field { name: "watches", read: |c, r, i| c.watches = words(&mut c.words, "watches", r, i) },
    Field { name: "after", read: |c, r, i| c.after = words(&mut c.words, "after", r, i) },
    Field { name: "only_if", read: |c, r, i| c.only_if = condition(r, i) },
    Field { name: "sensitive", read: |c, r, i| set(&mut c.sensitive, r.bool(i)) },
    Field {
        name: "layer",
        read: |c, r, i| {
            let choices = [("own", true), ("shared", false)];
            set(&mut c.own_layer, choice(r, i, &choices));
        },
    },
];

fn id(reader: &Reader, item: &Item) -> Option<String> {
    let id = reader.string(item)?;
    if !id.is_empty() {
        return Some(id);
    }
    reader.expected(item, "a name", None);
    None
}

/// The words of a key, which keep their places.
pub(super) fn words(
    all: &mut Vec<(&'static str, Spanned<String>)>,
    key: &'static str,
    reader: &Reader,
    item: &Item,
) -> Vec<String> {
    let found = reader.spanned_strings(item);
    all.extend(found.iter().map(|one| (key, one.clone())));
    found.into_iter().map(|one| one.value).collect()
}

fn condition(reader: &Reader, item: &Item) -> Option<Condition> {
    let mut condition = Condition::default();
    if reader.fields(item, &mut condition, &[CONDITION]) {
        return Some(condition);
    }
    let help =
        "write {os_id: debian} or {mode: [host]}; a command that decides stands under `execute`";
    reader.advise(item.span(), help);
    None
}

const CONDITION: &[Field<Condition>] = &[
    Field { name: "os_id", read: |c, r, i| c.os_id = r.strings(i) },
    Field { name: "os_version", read: |c, r, i| c.os_version = r.strings(i) },
    Field { name: "arch", read: |c, r, i| c.arch = r.strings(i) },
    Field {
        name: "mode",
        read: |c, r, i| {
            let choices = [("image", Mode::Image), ("host", Mode::Host), ("root", Mode::Root)];
            let all = r.list_or_one(i);
            c.mode = all.iter().filter_map(|one| choice(r, one, &choices)).collect();
        },
    },
];
