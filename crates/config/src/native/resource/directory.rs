//! `directory`: a directory.
//!
//! Invariant: a text alone is its path.

use windlass_bundle::{Directory, DirectoryPolicy};

use super::Type;
use super::draft::{self, Draft, Form};
use super::mode::{mode, owner};
use crate::native::container::choice;
use crate::native::{put, set};
use crate::read::{Field, names};

pub(super) const TYPE: Type = Type {
    word: "directory",
    keys: || names(&[KEYS]),
    read: |reader, item| draft::read(reader, item, Directory::new(""), &FORM, |_, _, _| {}),
};

const FORM: Form<Directory> =
    Form { keys: KEYS, short: Some("path"), takes_list: false, required: &["path"] };

const POLICIES: &[(&str, DirectoryPolicy)] = &[
    ("apply", DirectoryPolicy::Apply),
    ("remove", DirectoryPolicy::Remove),
    ("remove_recursive", DirectoryPolicy::RemoveRecursive),
];

const KEYS: &[Field<Draft<Directory>>] = &[
    Field { name: "path", read: |d, r, i| set(&mut d.kind.path, r.string(i)) },
    Field { name: "policy", read: |d, r, i| set(&mut d.kind.policy, choice(r, i, POLICIES)) },
    Field { name: "owner", read: |d, r, i| put(&mut d.kind.owner, owner(r, i)) },
    Field { name: "group", read: |d, r, i| put(&mut d.kind.group, owner(r, i)) },
    Field { name: "mode", read: |d, r, i| set(&mut d.kind.mode, mode(r, i)) },
    Field { name: "parents", read: |d, r, i| set(&mut d.kind.parents, r.bool(i)) },
    Field { name: "parent_mode", read: |d, r, i| put(&mut d.kind.parent_mode, mode(r, i)) },
];
