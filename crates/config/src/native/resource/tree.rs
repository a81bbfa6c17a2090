//! `tree`: a directory of this machine with all that is in it.
//!
//! Invariant: its path starts from the file that names it.

use windlass_bundle::Tree;

use super::Type;
use super::draft::{self, Draft, Form};
use super::mode::{mode, owner};
use crate::native::{put, set};
use crate::read::{Field, Spanned, names};

pub(super) const TYPE: Type = Type {
    word: "tree",
    keys: || names(&[KEYS]),
    read: |reader, item| draft::read(reader, item, Tree::new("", ""), &FORM, |_, _, _| {}),
};

const FORM: Form<Tree> =
    Form { keys: KEYS, short: None, takes_list: false, required: &["path", "source"] };

const KEYS: &[Field<Draft<Tree>>] = &[
    Field { name: "path", read: |d, r, i| set(&mut d.kind.path, r.string(i)) },
    Field {
        name: "source",
        read: |d, r, i| {
            if let Some(path) = r.path(i) {
                d.sources.push(Spanned::new(path.clone(), i.span()));
                d.kind.source = Some(path.into());
            }
        },
    },
    Field { name: "owner", read: |d, r, i| put(&mut d.kind.owner, owner(r, i)) },
    Field { name: "group", read: |d, r, i| put(&mut d.kind.group, owner(r, i)) },
    Field { name: "mode", read: |d, r, i| put(&mut d.kind.mode, mode(r, i)) },
    Field { name: "directory_mode", read: |d, r, i| set(&mut d.kind.directory_mode, mode(r, i)) },
    Field { name: "exclude", read: |d, r, i| d.kind.exclude = r.strings(i) },
    Field { name: "prune", read: |d, r, i| set(&mut d.kind.prune, r.bool(i)) },
];
