//! `secrets.<name>`: where a secret's value is to be found.
//!
//! Invariant: nothing here reads a value except when a template asks for it, and no message ever holds one.

use std::collections::BTreeMap;

use windlass_model::secret::SecretSource;

use super::container::command;
use crate::document::Secret;
use crate::read::{Field, Item, Reader};
use crate::template::SecretReader;

pub(super) fn secret(reader: &Reader, item: &Item) -> Option<Secret> {
    let mut sources: Vec<SecretSource> = Vec::new();
    if !reader.fields(item, &mut sources, &[FIELDS]) {
        return None;
    }
    if sources.len() != 1 {
        let help = "write {file: path}, {env: NAME} or {command: [program, argument]}";
        let found = reader.error(item, "secret-source", "a secret has exactly one source");
        reader.report(found.at(item.key_span(), "").help(help));
    }
    Some(Secret { span: item.key_span(), source: sources.into_iter().next() })
}

const FIELDS: &[Field<Vec<SecretSource>>] = &[
    Field { name: "file", read: |s, r, i| s.extend(r.path(i).map(SecretSource::File)) },
    Field { name: "env", read: |s, r, i| s.extend(r.string(i).map(SecretSource::Env)) },
    Field { name: "command", read: |s, r, i| s.extend(command(r, i).map(SecretSource::Command)) },
];

/// Reads values when templates ask for them.
pub(super) fn values(
    secrets: &BTreeMap<String, Secret>,
    env: BTreeMap<String, String>,
) -> SecretReader {
    let sources: BTreeMap<_, _> = secrets
        .iter()
        .filter_map(|(name, secret)| Some((name.clone(), secret.source.clone()?)))
        .collect();
    Box::new(move |name| match sources.get(name) {
        None => Err("it has no source".to_owned()),
        Some(SecretSource::Env(variable)) => env
            .get(variable)
            .cloned()
            .ok_or_else(|| format!("the variable {variable} is not in the environment")),
        Some(SecretSource::File(path)) => {
            let text = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
            Ok(without_line_end(text))
        }
        Some(SecretSource::Command(argv)) => run(argv, &env),
    })
}

fn run(argv: &[String], env: &BTreeMap<String, String>) -> Result<String, String> {
    let (program, arguments) = argv.split_first().ok_or("its command is empty")?;
    let output = std::process::Command::new(program)
        .args(arguments)
        .env_clear()
        .envs(env)
        .stdin(std::process::Stdio::null())
        .output()
        .map_err(|error| format!("{program}: {error}"))?;
    if !output.status.success() {
        return Err(format!("{program} ended with {}", output.status));
    }
    let text = String::from_utf8(output.stdout);
    text.map(without_line_end).map_err(|_| format!("{program} gave no text"))
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
