//! `block`: lines of a file between two markers.
//!
//! Invariant: it never stands alone: a path without contents means nothing.

use windlass_bundle::{Block, BlockPolicy};

use super::Type;
use super::draft::{self, Draft, Form};
use super::mode::{mode, owner};
use crate::native::container::choice;
use crate::native::{put, set};
use crate::read::{Field, names};

pub(super) const TYPE: Type = Type {
    word: "block",
    keys: || names(&[KEYS]),
    read: |reader, item| draft::read(reader, item, Block::new("", ""), &FORM, |_, _, _| {}),
};

const FORM: Form<Block> = Form { keys: KEYS, short: None, takes_list: false, required: &["path"] };

const POLICIES: &[(&str, BlockPolicy)] =
    &[("apply", BlockPolicy::Apply), ("remove", BlockPolicy::Remove)];

const KEYS: &[Field<Draft<Block>>] = &[
    Field { name: "path", read: |d, r, i| set(&mut d.kind.path, r.string(i)) },
    Field {
        name: "contents",
        read: |d, r, i| {
            d.contents.push(i.span());
            set(&mut d.kind.contents, r.string(i));
        },
    },
    Field { name: "marker", read: |d, r, i| set(&mut d.kind.marker, r.string(i)) },
    Field { name: "after", read: |d, r, i| put(&mut d.kind.after, r.string(i)) },
    Field { name: "before", read: |d, r, i| put(&mut d.kind.before, r.string(i)) },
    Field { name: "create", read: |d, r, i| set(&mut d.kind.create, r.bool(i)) },
    Field { name: "policy", read: |d, r, i| set(&mut d.kind.policy, choice(r, i, POLICIES)) },
    Field { name: "owner", read: |d, r, i| put(&mut d.kind.owner, owner(r, i)) },
    Field { name: "group", read: |d, r, i| put(&mut d.kind.group, owner(r, i)) },
    Field { name: "mode", read: |d, r, i| set(&mut d.kind.mode, mode(r, i)) },
    Field { name: "follow", read: |d, r, i| set(&mut d.kind.follow, r.bool(i)) },
];
