//! `cron`: a command that a host runs again and again.
//!
//! Invariant: the command is a line for the shell, as cron has it; no word is quoted or taken apart.

use std::collections::BTreeMap;

use windlass_bundle::{Cron, CronPolicy};

use super::Type;
use super::draft::{self, Draft, Form};
use crate::native::container::choice;
use crate::native::set;
use crate::read::{Field, names};

pub(super) const TYPE: Type = Type {
    word: "cron",
    keys: || names(&[KEYS]),
    read: |reader, item| draft::read(reader, item, Cron::new("", "", ""), &FORM, |_, _, _| {}),
};

const FORM: Form<Cron> = Form { keys: KEYS, short: None, takes_list: false, required: &["name"] };

const POLICIES: &[(&str, CronPolicy)] =
    &[("apply", CronPolicy::Apply), ("remove", CronPolicy::Remove)];

const KEYS: &[Field<Draft<Cron>>] = &[
    Field { name: "name", read: |d, r, i| set(&mut d.kind.name, r.string(i)) },
    Field { name: "schedule", read: |d, r, i| set(&mut d.kind.schedule, r.string(i)) },
    Field {
        name: "command",
        read: |d, r, i| {
            d.contents.push(i.span());
            set(&mut d.kind.command, r.string(i));
        },
    },
    Field { name: "user", read: |d, r, i| set(&mut d.kind.user, r.string(i)) },
    Field {
        name: "env",
        read: |d, r, i| {
            d.contents.push(i.span());
            d.kind.env = r.string_pairs(i, "variables").into_iter().collect::<BTreeMap<_, _>>();
        },
    },
    Field { name: "policy", read: |d, r, i| set(&mut d.kind.policy, choice(r, i, POLICIES)) },
];
