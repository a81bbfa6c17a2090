//! `user`: a user of the target.
//!
//! Invariant: a text alone is its name; no excerpt shows the hash of a password.

use windlass_bundle::{PasswordHash, User, UserPolicy};

use super::Type;
use super::draft::{self, Draft, Form};
use super::mode::owner;
use crate::native::container::choice;
use crate::native::{put, set};
use crate::read::{Field, names};

pub(super) const TYPE: Type = Type {
    word: "user",
    keys: || names(&[KEYS]),
    read: |reader, item| draft::read(reader, item, User::new(""), &FORM, |_, _, _| {}),
};

const FORM: Form<User> =
    Form { keys: KEYS, short: Some("name"), takes_list: false, required: &["name"] };

const POLICIES: &[(&str, UserPolicy)] =
    &[("apply", UserPolicy::Apply), ("remove", UserPolicy::Remove)];

const KEYS: &[Field<Draft<User>>] = &[
    Field { name: "name", read: |d, r, i| set(&mut d.kind.name, r.string(i)) },
    Field { name: "uid", read: |d, r, i| put(&mut d.kind.uid, r.integer(i, "a user's number")) },
    Field { name: "group", read: |d, r, i| put(&mut d.kind.group, owner(r, i)) },
    Field { name: "groups", read: |d, r, i| d.kind.groups = Some(r.strings(i)) },
    Field { name: "append", read: |d, r, i| set(&mut d.kind.append, r.bool(i)) },
    Field { name: "system", read: |d, r, i| set(&mut d.kind.system, r.bool(i)) },
    Field { name: "home", read: |d, r, i| put(&mut d.kind.home, r.string(i)) },
    Field { name: "create_home", read: |d, r, i| put(&mut d.kind.create_home, r.bool(i)) },
    Field { name: "shell", read: |d, r, i| put(&mut d.kind.shell, r.string(i)) },
    Field { name: "fullname", read: |d, r, i| put(&mut d.kind.fullname, r.string(i)) },
    Field {
        name: "password_hash",
        read: |d, r, i| {
            let hash = r.string(i).map(PasswordHash);
            r.hide(i.span());
            put(&mut d.kind.password_hash, hash);
        },
    },
    Field { name: "lock", read: |d, r, i| put(&mut d.kind.lock, r.bool(i)) },
    Field { name: "policy", read: |d, r, i| set(&mut d.kind.policy, choice(r, i, POLICIES)) },
];
