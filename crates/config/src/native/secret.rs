//! `secrets.<name>`: where a secret's value is to be found.
//!
//! Invariant: nothing here reads a value except when a template asks for it, and no message ever holds one.

use std::collections::BTreeMap;
use std::path::Path;

use windlass_model::secret::SecretSource;

use super::container::command;
use super::secret_command;
use crate::document::Secret;
use crate::read::{Field, Item, Reader};
use crate::source::Span;
use crate::template::{SecretReader, UnreadSecret};

pub(crate) fn secret(reader: &Reader, item: &Item) -> Option<Secret> {
    let mut sources = Vec::new();
    if !reader.fields(item, &mut sources, &[FIELDS]) {
        return None;
    }
    if sources.len() != 1 {
        let help = "write {file: path}, {env: NAME} or {command: [program, argument]}";
        let found = reader.error(item, "secret-source", "a secret has exactly one source");
        reader.report(found.at(item.key_span(), "").help(help));
    }
    let (source, place) = sources.into_iter().next().unzip();
    let span = item.key_span();
    Some(Secret { span, place: place.unwrap_or(span), source })
}

type Sources = Vec<(SecretSource, Span)>;

const FIELDS: &[Field<Sources>] = &[
    Field { name: "file", read: |s, r, i| add(s, i, r.path(i).map(SecretSource::File)) },
    Field { name: "env", read: |s, r, i| add(s, i, r.string(i).map(SecretSource::Env)) },
    Field { name: "command", read: |s, r, i| add(s, i, command(r, i).map(SecretSource::Command)) },
];

fn add(sources: &mut Sources, item: &Item, source: Option<SecretSource>) {
    sources.extend(source.map(|source| (source, item.span())));
}

/// Reads values when templates ask for them.
pub(super) fn values(
    secrets: &BTreeMap<String, Secret>,
    env: BTreeMap<String, String>,
) -> SecretReader {
    let sources: BTreeMap<_, _> = secrets
        .iter()
        .filter_map(|(name, secret)| Some((name.clone(), secret.source.clone()?)))
        .collect();
    let unread = |reason: String, help: &str| UnreadSecret { reason, help: help.to_owned() };
    Box::new(move |name| match sources.get(name) {
        None => Err(unread("it has no source".to_owned(), "write {env: NAME}")),
        Some(SecretSource::Env(variable)) => env.get(variable).cloned().ok_or_else(|| {
            let help = format!("set it where windlass runs: `export {variable}=…`");
            unread(format!("the variable {variable} is not in the environment"), &help)
        }),
        Some(SecretSource::File(path)) => {
            let limit = windlass_files::SECRET_MAX_BYTES;
            let text = windlass_files::read_text(Path::new(path), limit).map_err(|error| {
                unread(format!("{path}: {error}"), "create the file, or correct its path")
            })?;
            Ok(without_line_end(text))
        }
        Some(SecretSource::Command(argv)) => {
            let said = secret_command::run(argv, &env, secret_command::TIME);
            let help = "run the command yourself to see what it says";
            said.map(without_line_end).map_err(|reason| unread(reason, help))
        }
    })
}

fn without_line_end(mut text: String) -> String {
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    text
}
