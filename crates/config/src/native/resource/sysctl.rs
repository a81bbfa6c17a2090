//! `sysctl`: a variable of a host's kernel.
//!
//! Invariant: its value is a text, as the file in which it stands has it.

use windlass_bundle::{Sysctl, SysctlPolicy};

use super::Type;
use super::draft::{self, Draft, Form};
use crate::native::container::choice;
use crate::native::set;
use crate::read::{Field, names};

pub(super) const TYPE: Type = Type {
    word: "sysctl",
    keys: || names(&[KEYS]),
    read: |reader, item| draft::read(reader, item, Sysctl::new("", ""), &FORM, |_, _, _| {}),
};

const FORM: Form<Sysctl> = Form { keys: KEYS, short: None, takes_list: false, required: &["key"] };

const POLICIES: &[(&str, SysctlPolicy)] =
    &[("apply", SysctlPolicy::Apply), ("remove", SysctlPolicy::Remove)];

const KEYS: &[Field<Draft<Sysctl>>] = &[
    Field { name: "key", read: |d, r, i| set(&mut d.kind.key, r.string(i)) },
    Field { name: "value", read: |d, r, i| set(&mut d.kind.value, r.string(i)) },
    Field { name: "policy", read: |d, r, i| set(&mut d.kind.policy, choice(r, i, POLICIES)) },
];
