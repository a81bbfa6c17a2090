//! `engines.<name>.registries`: what an engine logs in to registries with.
//!
//! Invariant: a password is the key of a secret. Whatever else is written there may be the password itself, and is
//! not shown.

use std::collections::BTreeMap;

use windlass_model::registry::{RegistryLogin, RegistrySpec};

use super::put;
use crate::read::{Field, Item, Reader, Spanned};

#[derive(Default)]
struct Draft {
    login: Login,
    push: Option<(Login, Item)>,
}

#[derive(Default)]
struct Login {
    username: Option<String>,
    password: Option<Spanned<String>>,
}

const FIELDS: &[Field<Draft>] = &[
    Field { name: "username", read: |d, r, i| put(&mut d.login.username, r.string(i)) },
    Field { name: "password", read: |d, r, i| d.login.password = password(r, i) },
    Field { name: "push", read: push },
];

const LOGIN: &[Field<Login>] = &[
    Field { name: "username", read: |l, r, i| put(&mut l.username, r.string(i)) },
    Field { name: "password", read: |l, r, i| l.password = password(r, i) },
];

/// The logins by host; the keys of their secrets are added to `secrets`.
pub(super) fn registries(
    reader: &Reader,
    item: &Item,
    secrets: &mut Vec<Spanned<String>>,
) -> BTreeMap<String, RegistrySpec> {
    let mut all = BTreeMap::new();
    for (host, item) in reader.entries(item, "a mapping of registries to what to log in with") {
        let mut draft = Draft::default();
        if !reader.fields(&item, &mut draft, &[FIELDS]) {
            continue;
        }
        if !is_host(&host.text) {
            let found = reader.error(&item, "bad-value", "this is no registry's host");
            let help =
                "write its host and port alone: registry.example.com, localhost:5000, docker.io";
            reader.report(found.at(host.span, "").help(help));
        }
        let login = login(reader, &item, draft.login, secrets);
        let push = draft.push.map(|(push, item)| self::login(reader, &item, push, secrets));
        if let (Some(login), Some(push)) = (login, push.map_or(Some(None), |push| push.map(Some))) {
            all.insert(host.text.to_string(), RegistrySpec { login, push });
        }
    }
    all
}

fn push(draft: &mut Draft, reader: &Reader, item: &Item) {
    let mut login = Login::default();
    if reader.fields(item, &mut login, &[LOGIN]) {
        draft.push = Some((login, item.clone()));
    }
}

fn login(
    reader: &Reader,
    item: &Item,
    login: Login,
    secrets: &mut Vec<Spanned<String>>,
) -> Option<RegistryLogin> {
    secrets.extend(login.password.clone());
    if let (Some(username), Some(password)) = (login.username, login.password) {
        return Some(RegistryLogin { username, secret: password.value });
    }
    // What is there and can't be read has been told of.
    if ["username", "password"].iter().all(|key| item.get(key).is_some()) {
        return None;
    }
    let message = "a login has a `username` and a `password`";
    let found = reader.error(item, "incomplete-login", message);
    reader.report(found.at(item.key_span(), "").help(HELP));
    None
}

/// How a password is given.
pub(crate) const HELP: &str =
    "write the key of a secret: `password: KEY`, with `KEY: {env: NAME}` under `secrets`";

fn password(reader: &Reader, item: &Item) -> Option<Spanned<String>> {
    let text = reader.text(item)?;
    if text.sensitive.is_none() {
        return Some(Spanned::new(text.value, item.span()));
    }
    let found = reader.error(item, "secret-exposed", "the secret's value is not wanted here");
    reader.report(found.at(item.span(), "").help(HELP));
    None
}

fn is_host(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || ".-:[]".contains(c);
    !text.is_empty() && text.chars().all(is_part)
}
