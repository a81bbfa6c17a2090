//! `line`: a line of a file.
//!
//! Invariant: it never stands alone: a path without a line means nothing.

use windlass_bundle::{Line, LinePolicy};

use super::Type;
use super::draft::{self, Draft, Form};
use super::mode::{mode, owner};
use crate::native::container::choice;
use crate::native::{put, set};
use crate::read::{Field, names};

pub(super) const TYPE: Type = Type {
    word: "line",
    keys: || names(&[KEYS]),
    read: |reader, item| {
        let empty = Line { line: None, ..Line::new("", "") };
        draft::read(reader, item, empty, &FORM, |_, _, _| {})
    },
};

const FORM: Form<Line> = Form { keys: KEYS, short: None, takes_list: false, required: &["path"] };

const POLICIES: &[(&str, LinePolicy)] =
    &[("apply", LinePolicy::Apply), ("remove", LinePolicy::Remove)];

const KEYS: &[Field<Draft<Line>>] = &[
    Field { name: "path", read: |d, r, i| set(&mut d.kind.path, r.string(i)) },
    Field {
        name: "line",
        read: |d, r, i| {
            d.contents.push(i.span());
            put(&mut d.kind.line, r.string(i));
        },
    },
    Field { name: "match", read: |d, r, i| put(&mut d.kind.matches, r.string(i)) },
    Field { name: "all", read: |d, r, i| set(&mut d.kind.all, r.bool(i)) },
    Field { name: "after", read: |d, r, i| put(&mut d.kind.after, r.string(i)) },
    Field { name: "before", read: |d, r, i| put(&mut d.kind.before, r.string(i)) },
    Field { name: "create", read: |d, r, i| set(&mut d.kind.create, r.bool(i)) },
    Field { name: "policy", read: |d, r, i| set(&mut d.kind.policy, choice(r, i, POLICIES)) },
    Field { name: "owner", read: |d, r, i| put(&mut d.kind.owner, owner(r, i)) },
    Field { name: "group", read: |d, r, i| put(&mut d.kind.group, owner(r, i)) },
    Field { name: "mode", read: |d, r, i| set(&mut d.kind.mode, mode(r, i)) },
    Field { name: "follow", read: |d, r, i| set(&mut d.kind.follow, r.bool(i)) },
];
