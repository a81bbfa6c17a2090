//! `group`: a group of the target.
//!
//! Invariant: a text alone is its name.

use windlass_bundle::{Group, GroupPolicy};

use super::Type;
use super::draft::{self, Draft, Form};
use crate::native::container::choice;
use crate::native::{put, set};
use crate::read::{Field, names};

pub(super) const TYPE: Type = Type {
    word: "group",
    keys: || names(&[KEYS]),
    read: |reader, item| draft::read(reader, item, Group::new(""), &FORM, |_, _, _| {}),
};

const FORM: Form<Group> =
    Form { keys: KEYS, short: Some("name"), takes_list: false, required: &["name"] };

const POLICIES: &[(&str, GroupPolicy)] =
    &[("apply", GroupPolicy::Apply), ("remove", GroupPolicy::Remove)];

const KEYS: &[Field<Draft<Group>>] = &[
    Field { name: "name", read: |d, r, i| set(&mut d.kind.name, r.string(i)) },
    Field { name: "gid", read: |d, r, i| put(&mut d.kind.gid, r.integer(i, "a group's number")) },
    Field { name: "system", read: |d, r, i| set(&mut d.kind.system, r.bool(i)) },
    Field { name: "members", read: |d, r, i| d.kind.members = Some(r.strings(i)) },
    Field { name: "append", read: |d, r, i| set(&mut d.kind.append, r.bool(i)) },
    Field { name: "policy", read: |d, r, i| set(&mut d.kind.policy, choice(r, i, POLICIES)) },
];
