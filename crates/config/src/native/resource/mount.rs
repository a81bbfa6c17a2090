//! `mount`: a file system that a host mounts.
//!
//! Invariant: it never stands alone: a path does not say what is mounted there.

use windlass_bundle::{Mount, MountPolicy};

use super::Type;
use super::draft::{self, Draft, Form};
use crate::native::container::choice;
use crate::native::set;
use crate::read::{Field, names};

pub(super) const TYPE: Type = Type {
    word: "mount",
    keys: || names(&[KEYS]),
    read: |reader, item| draft::read(reader, item, Mount::new("", "", ""), &FORM, |_, _, _| {}),
};

const FORM: Form<Mount> = Form { keys: KEYS, short: None, takes_list: false, required: &["path"] };

const POLICIES: &[(&str, MountPolicy)] =
    &[("apply", MountPolicy::Apply), ("remove", MountPolicy::Remove)];

const KEYS: &[Field<Draft<Mount>>] = &[
    Field { name: "path", read: |d, r, i| set(&mut d.kind.path, r.string(i)) },
    Field { name: "device", read: |d, r, i| set(&mut d.kind.device, r.string(i)) },
    Field { name: "fs_type", read: |d, r, i| set(&mut d.kind.fs_type, r.string(i)) },
    Field { name: "options", read: |d, r, i| d.kind.options = r.strings(i).join(",") },
    Field { name: "policy", read: |d, r, i| set(&mut d.kind.policy, choice(r, i, POLICIES)) },
];
