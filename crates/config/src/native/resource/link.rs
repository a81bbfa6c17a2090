//! `link`: a symbolic link.
//!
//! Invariant: where it leads is written into it as it stands.

use windlass_bundle::{Link, LinkPolicy};

use super::Type;
use super::draft::{self, Draft, Form};
use super::mode::owner;
use crate::native::container::choice;
use crate::native::{put, set};
use crate::read::{Field, names};

pub(super) const TYPE: Type = Type {
    word: "link",
    keys: || names(&[KEYS]),
    read: |reader, item| draft::read(reader, item, Link::new("", ""), &FORM, |_, _, _| {}),
};

const FORM: Form<Link> =
    Form { keys: KEYS, short: Some("path"), takes_list: false, required: &["path"] };

const POLICIES: &[(&str, LinkPolicy)] =
    &[("apply", LinkPolicy::Apply), ("remove", LinkPolicy::Remove)];

const KEYS: &[Field<Draft<Link>>] = &[
    Field { name: "path", read: |d, r, i| set(&mut d.kind.path, r.string(i)) },
    Field { name: "to", read: |d, r, i| set(&mut d.kind.to, r.string(i)) },
    Field { name: "policy", read: |d, r, i| set(&mut d.kind.policy, choice(r, i, POLICIES)) },
    Field { name: "owner", read: |d, r, i| put(&mut d.kind.owner, owner(r, i)) },
    Field { name: "group", read: |d, r, i| put(&mut d.kind.group, owner(r, i)) },
    Field { name: "force", read: |d, r, i| set(&mut d.kind.force, r.bool(i)) },
    Field { name: "allow_dangling", read: |d, r, i| set(&mut d.kind.allow_dangling, r.bool(i)) },
];
