//! `service`: a service of the target.
//!
//! Invariant: it never stands alone: a name says neither whether it is started at boot nor whether it runs.

use windlass_bundle::{Service, ServicePolicy};

use super::Type;
use super::draft::{self, Draft, Form};
use super::execute::command;
use crate::native::container::choice;
use crate::native::{put, set};
use crate::read::{Field, names};

pub(super) const TYPE: Type = Type {
    word: "service",
    keys: || names(&[KEYS]),
    read: |reader, item| draft::read(reader, item, Service::new(""), &FORM, |_, _, _| {}),
};

const FORM: Form<Service> =
    Form { keys: KEYS, short: None, takes_list: false, required: &["name"] };

const POLICIES: &[(&str, ServicePolicy)] = &[
    ("apply", ServicePolicy::Apply),
    ("restart", ServicePolicy::Restart),
    ("reload", ServicePolicy::Reload),
];

const KEYS: &[Field<Draft<Service>>] = &[
    Field { name: "name", read: |d, r, i| set(&mut d.kind.name, r.string(i)) },
    Field { name: "enabled", read: |d, r, i| put(&mut d.kind.enabled, r.bool(i)) },
    Field { name: "running", read: |d, r, i| put(&mut d.kind.running, r.bool(i)) },
    Field { name: "status", read: |d, r, i| put(&mut d.kind.status, command(r, i)) },
    Field { name: "start", read: |d, r, i| put(&mut d.kind.start, command(r, i)) },
    Field { name: "stop", read: |d, r, i| put(&mut d.kind.stop, command(r, i)) },
    Field { name: "restart", read: |d, r, i| put(&mut d.kind.restart, command(r, i)) },
    Field { name: "reload", read: |d, r, i| put(&mut d.kind.reload, command(r, i)) },
    Field { name: "policy", read: |d, r, i| set(&mut d.kind.policy, choice(r, i, POLICIES)) },
];
