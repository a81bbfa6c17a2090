//! `execute`: a command of the target.
//!
//! Invariant: a text is a script of `/bin/sh`, a list a program and its arguments, each as it stands.

use std::collections::BTreeMap;

use windlass_bundle::{CommandLine, Execute, Input};

use super::Type;
use super::draft::{self, Draft, Form};
use super::mode::{mode, owner};
use crate::native::{put, set};
use crate::read::{Field, Item, Reader, Spanned, names};

pub(super) const TYPE: Type = Type {
    word: "execute",
    keys: || names(&[KEYS]),
    read: |reader, item| {
        let none = Execute::new(CommandLine::Sh(String::new()));
        draft::read(reader, item, none, &FORM, |_, _, _| {})
    },
};

const FORM: Form<Execute> =
    Form { keys: KEYS, short: Some("command"), takes_list: true, required: &["command"] };

const KEYS: &[Field<Draft<Execute>>] = &[
    Field {
        name: "command",
        read: |d, r, i| {
            d.contents.push(i.span());
            set(&mut d.kind.command, command(r, i));
        },
    },
    Field { name: "cwd", read: |d, r, i| set(&mut d.kind.cwd, r.string(i)) },
    Field {
        name: "env",
        read: |d, r, i| {
            d.contents.push(i.span());
            d.kind.env = r.string_pairs(i, "variables").into_iter().collect::<BTreeMap<_, _>>();
        },
    },
    Field { name: "inputs", read: inputs },
    Field { name: "secrets", read: secrets },
    Field { name: "network", read: |d, r, i| set(&mut d.kind.network, r.bool(i)) },
    Field { name: "user", read: |d, r, i| put(&mut d.kind.user, owner(r, i)) },
    Field { name: "group", read: |d, r, i| put(&mut d.kind.group, owner(r, i)) },
    Field { name: "umask", read: |d, r, i| set(&mut d.kind.umask, mode(r, i)) },
    Field { name: "creates", read: |d, r, i| put(&mut d.kind.creates, r.string(i)) },
    Field { name: "unless", read: |d, r, i| put(&mut d.kind.unless, command(r, i)) },
    Field { name: "only_if", read: |d, r, i| put(&mut d.kind.only_if, command(r, i)) },
    Field { name: "touch", read: |d, r, i| put(&mut d.kind.touch, r.string(i)) },
    Field {
        name: "returncodes",
        read: |d, r, i| {
            let all = r.list_or_one(i);
            let codes = all.iter().filter_map(|one| r.integer(one, "an exit code"));
            d.kind.returncodes = codes.collect();
        },
    },
    Field {
        name: "timeout",
        read: |d, r, i| {
            let seconds = r.parse(i, crate::scalar::duration_s);
            put(&mut d.kind.timeout_s, seconds.map(u64::from));
        },
    },
];

/// Files and directories of this machine, by the variables that have their paths.
fn inputs(draft: &mut Draft<Execute>, reader: &Reader, item: &Item) {
    for (variable, value) in reader.entries(item, "files by variables, such as {SOURCE: app/src}") {
        if let Some(path) = reader.path(&value) {
            draft.sources.push(Spanned::new(path.clone(), value.span()));
            draft.kind.inputs.insert(variable.text.to_string(), Input::new(path));
        }
    }
}

/// Names of secrets, by the variables that have the paths of their files.
fn secrets(draft: &mut Draft<Execute>, reader: &Reader, item: &Item) {
    for (variable, value) in reader.entries(item, "secrets by variables, such as {TOKEN: npm}") {
        if let Some(name) = reader.spanned(&value) {
            draft.kind.secrets.insert(variable.text.to_string(), name.value.clone());
            draft.secrets.push(name);
        }
    }
}

/// A text is a script, a list a program and its arguments.
pub(super) fn command(reader: &Reader, item: &Item) -> Option<CommandLine> {
    let item = reader.resolve(item)?;
    if item.node.as_sequence().is_some() {
        return Some(CommandLine::Argv(reader.strings(&item)));
    }
    let text = reader.string(&item).map(CommandLine::Sh);
    if text.is_none() && item.node.as_mapping().is_some() {
        let help = "write a command; a condition such as {os_id: debian} stands beside `execute`";
        reader.advise(item.span(), help);
    }
    text
}
