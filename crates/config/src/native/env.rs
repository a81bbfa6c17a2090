//! Environment variables: a mapping, or a list of `NAME=value`, `NAME:default` and `NAME`.
//!
//! Invariant: a value that a secret went into is sensitive from here on.

use std::sync::Arc;

use windlass_model::env::{Env, EnvValue};
use windlass_model::secret::Sensitive;

use crate::read::{Item, Reader, Text};
use crate::scalar::env_name;
use crate::yaml::{Secrecy, Value};

pub(super) fn env(reader: &Reader, item: &Item, into: &mut Env) {
    into.extend(variables(reader, item).into_iter().map(|(_, variable)| variable));
}

/// Each with the item that has its value.
pub(super) fn variables(reader: &Reader, item: &Item) -> Vec<(Item, (String, EnvValue))> {
    let Some(item) = reader.resolve(item) else { return Vec::new() };
    match &item.node.value {
        Value::Mapping(_) => {
            let entries = reader.entries(&item, "variables").into_iter();
            let variables = entries.filter_map(|(key, value)| {
                let name = checked(reader, &value, &key.text)?;
                let text = value_of(reader, &value, &name)?;
                Some((value, (name, text)))
            });
            variables.collect()
        }
        Value::Sequence(_) => {
            let items = reader.list(&item, "variables").into_iter();
            items.filter_map(|item| Some((item.clone(), assignment(reader, &item)?))).collect()
        }
        Value::Scalar(_) => {
            if !item.node.is_null() {
                let help = "write a mapping: {NAME: value}, or a list: [NAME=value]".to_owned();
                reader.expected(&item, "variables", Some(help));
            }
            Vec::new()
        }
    }
}

pub(super) fn checked(reader: &Reader, item: &Item, name: &str) -> Option<String> {
    match env_name(name) {
        Ok(name) => Some(name),
        Err(error) => {
            let found = reader.scalar_error(item, error).at(item.key_span(), "");
            reader.report(found);
            None
        }
    }
}

fn value_of(reader: &Reader, item: &Item, name: &str) -> Option<EnvValue> {
    let item = reader.resolve(item)?;
    if item.node.is_null() {
        return inherited(reader, &item, name);
    }
    reader.warn_of_variables(&item);
    reader.text(&item).map(value)
}

pub(super) fn value(text: Text) -> EnvValue {
    match text.sensitive {
        Some(secrecy) => {
            let value = Sensitive::new(text.value);
            EnvValue::Sensitive(value.with_template(secrecy.template.clone()))
        }
        None => EnvValue::Plain(text.value),
    }
}

/// The caller's own value.
fn inherited(reader: &Reader, item: &Item, name: &str) -> Option<EnvValue> {
    let env = reader.templates().env();
    if let Some(value) = env.get(name) {
        return Some(EnvValue::Plain(value.clone()));
    }
    // What only looks, stops or takes down needs no value.
    if reader.notes_missing(name) || reader.templates().makes_nothing() {
        return None;
    }
    let near = reader
        .budgeted(|| {
            crate::read::suggest(name, env.keys().map(String::as_str).filter(|n| n.len() > 2))
        })
        .map(|near| format!("did you mean \"{near}\"?"));
    let near = near.unwrap_or_else(|| format!("set it, or give it a default: \"{name}:default\""));
    let message =
        format!("the variable \"{name}\" has no value here and is not in the environment");
    reader.report(reader.error(item, "unset-variable", message).help(near));
    None
}

/// Of `NAME={{ … }}`, what is after the name.
fn without_name(secrecy: &Secrecy) -> Secrecy {
    let template = secrecy.template.as_deref().and_then(|text| text.split_once(['=', ':']));
    Secrecy { template: template.map(|(_, value)| value.into()) }
}

/// Whether the text before the first template names the variable.
fn name_is_written(reader: &Reader, item: &Item) -> bool {
    let sources = reader.sources();
    let written = sources.slice(item.span());
    let before = written.split("{{").next().unwrap_or("");
    before.contains(['=', ':'])
}

fn assignment(reader: &Reader, item: &Item) -> Option<(String, EnvValue)> {
    if item.node.as_mapping().is_some() {
        let pair = reader.entries(item, "a variable").into_iter().next();
        let (key, entry) = pair?;
        let name = checked(reader, &entry, &key.text)?;
        let value = value_of(reader, &entry, &name)?;
        return Some((name, value));
    }
    let text = reader.text(item)?;
    reader.warn_of_variables(item);
    let at = text.value.find(['=', ':']);
    let (name, rest) = at.map_or((text.value.as_str(), ""), |at| text.value.split_at(at));
    if text.sensitive.is_some() && !name_is_written(reader, item) {
        let found = reader.error(item, "secret-exposed", "a secret cannot be a variable's name");
        reader.report(found.help("write NAME={{ … }}, with the name outside of the template"));
        return None;
    }
    let name = checked(reader, item, name)?;
    if rest.is_empty() {
        return inherited(reader, item, &name).map(|value| (name, value));
    }
    let sensitive = text.sensitive.as_deref().map(|secrecy| Arc::new(without_name(secrecy)));
    let given = Text { value: rest[1..].to_owned(), sensitive };
    if rest.starts_with(':')
        && let Some(own) = reader.templates().env().get(&name)
    {
        return Some((name, EnvValue::Plain(own.clone())));
    }
    Some((name, value(given)))
}
