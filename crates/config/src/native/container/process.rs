//! Keys about the process: command, environment, user, labels, terminal.
//!
//! Invariant: a command is a list of words; a string is split as a shell would, without running one.

use windlass_model::env::EnvValue;

use super::super::{env, env_file, put, set};
use crate::document::Container;
use crate::read::{Field, Item, Reader};
use crate::scalar::split_words;
use crate::scalar::{ScalarError, group};

pub(super) const FIELDS: &[Field<Container>] = &[
    Field { name: "command", read: |c, r, i| put(&mut c.config.command, command(r, i)) },
    Field { name: "entrypoint", read: |c, r, i| put(&mut c.config.entrypoint, command(r, i)) },
    Field { name: "env", read: |c, r, i| env::env(r, i, &mut c.config.env) },
    Field { name: "env_file", read: |c, r, i| env_file::env_files(r, i, &mut c.file_env) },
    Field { name: "labels", read: |c, r, i| c.config.labels.extend(r.labels(i)) },
    Field {
        name: "user",
        read: |c, r, i| {
            put(&mut c.config.user, user(r, i));
            *c.user = Some(i.span());
        },
    },
    Field { name: "group_add", read: groups },
    Field { name: "workdir", read: |c, r, i| put(&mut c.config.workdir, container_path(r, i)) },
    Field { name: "tty", read: |c, r, i| set(&mut c.config.tty, r.bool(i)) },
    Field { name: "stdin_open", read: |c, r, i| set(&mut c.config.stdin_open, r.bool(i)) },
    Field { name: "init", read: |c, r, i| put(&mut c.config.init, r.bool(i)) },
    Field { name: "platform", read: |c, r, i| put(&mut c.config.platform, r.parse(i, platform)) },
    Field { name: "runtime", read: |c, r, i| put(&mut c.config.runtime, r.string(i)) },
];

pub(super) fn groups(container: &mut Container, reader: &Reader, item: &Item) {
    let items = reader.list_or_one(item);
    container.config.group_add.extend(items.iter().filter_map(|item| reader.parse(item, group)));
}

/// A list of words, or a line that is split into them.
pub(in super::super) fn command(reader: &Reader, item: &Item) -> Option<Vec<String>> {
    let item = reader.resolve(item)?;
    if item.node.as_sequence().is_some() {
        let items = reader.list(&item, "words");
        let words: Vec<_> = items.iter().filter_map(|item| reader.string(item)).collect();
        return (words.len() == items.len()).then_some(words);
    }
    reader.parse(&item, split_words)
}

/// `name`, `1000`, `1000:1000`, or `[user, group]`.
pub(in super::super) fn user(reader: &Reader, item: &Item) -> Option<String> {
    let item = reader.resolve(item)?;
    if item.node.as_sequence().is_some() {
        let parts = reader.strings(&item);
        return match parts.as_slice() {
            [_] | [_, _] => {
                let found = crate::scalar::user(&parts.join(":"));
                let placed = |error| ScalarError { range: None, ..error };
                found.map_err(|e| reader.report(reader.scalar_error(&item, placed(e)))).ok()
            }
            _ => {
                reader.expected(&item, "a user, or [user, group]", None);
                None
            }
        };
    }
    reader.parse(&item, crate::scalar::user)
}

/// `os/arch` or `os/arch/variant`.
pub(in super::super) fn platform(text: &str) -> Result<String, ScalarError> {
    let is_part = |part: &str| {
        !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '_')
    };
    let count = text.split('/').count();
    if (2..=3).contains(&count) && text.split('/').all(is_part) {
        return Ok(text.to_owned());
    }
    let message = format!("\"{}\" is not a platform", crate::yaml::shorten(text));
    Err(ScalarError::new(message).help("write linux/amd64 or linux/arm/v7"))
}

/// An absolute path in the container, cleaned.
pub(in super::super) fn container_path(reader: &Reader, item: &Item) -> Option<String> {
    let item = reader.resolve(item)?;
    let text = reader.string(&item)?;
    if text.starts_with('/') {
        return Some(crate::read::clean(std::path::Path::new(&text)));
    }
    let help = Some(format!("write \"/{}\"", text.trim_start_matches("./")));
    reader.expected(&item, "an absolute path in the container", help);
    None
}

/// Env of a command in a container, which is not a place for secrets.
pub(in super::super) fn plain_env(
    reader: &Reader,
    item: &Item,
) -> std::collections::BTreeMap<String, String> {
    let mut plain = std::collections::BTreeMap::new();
    for (item, (name, value)) in env::variables(reader, item) {
        match value {
            EnvValue::Plain(value) => {
                plain.insert(name, value);
            }
            EnvValue::Sensitive(_) | EnvValue::Withheld => {
                let message = format!("the variable \"{name}\" has a secret in it");
                let help = "only a container's own `env` can have secrets";
                reader.report(reader.error(&item, "secret-exposed", message).help(help));
            }
        }
    }
    plain
}
