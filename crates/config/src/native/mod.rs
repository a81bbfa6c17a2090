//! The windlass dialect: its tree to a document.
//!
//! Invariant: names are made known to templates in the order secrets, host, volumes, networks, images, containers;
//! a section's templates can use what comes before it.

mod ancestors;
mod commands;
mod container;
mod dockerfile;
mod engine;
mod env;
mod env_file;
mod image;
mod image_name;
mod network;
mod provision;
pub(crate) mod registry;
pub(crate) mod resource;
mod roots;
pub(crate) mod secret;
mod secret_command;
mod shorthand;
mod task;
mod task_overrides;
mod volume;

pub use env_file::env_file_text;
pub use roots::{Given, read};

use std::collections::BTreeMap;

use crate::read::{Item, Reader};
use crate::yaml::Style;

/// Local tags of the dialect. `!lazy` values are evaluated when they are read, which is at each run.
pub const TAGS: &[&str] = &["!lazy"];

/// Overwrites a slot if there is a value.
fn set<T>(slot: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *slot = value;
    }
}

/// As [`set`], for slots that may be empty.
fn put<T>(slot: &mut Option<T>, value: Option<T>) {
    if value.is_some() {
        *slot = value;
    }
}

/// Most entries of a section.
const MAX_ENTRIES: usize = 20_000;

/// Reads each entry of a section by `read`. A name that no engine would accept is reported.
pub(crate) fn section<T>(
    reader: &Reader,
    item: Option<&Item>,
    what: &str,
    mut read: impl FnMut(&str, &Item) -> Option<T>,
) -> BTreeMap<String, T> {
    let Some(item) = item else { return BTreeMap::new() };
    let mut all = BTreeMap::new();
    if item.node.as_mapping().is_some_and(|map| map.len() > MAX_ENTRIES) {
        let message = format!("`{what}` has more than {MAX_ENTRIES} entries");
        let found = reader.error(item, "too-many", message);
        reader.report(found.at(item.key_span(), "").help("make several projects"));
        return all;
    }
    for (key, entry) in reader.entries(item, what) {
        if key.text.starts_with("x-") {
            continue;
        }
        if let Err(error) = crate::scalar::engine_name(&key.text) {
            let found =
                reader.scalar_error(&entry, crate::scalar::ScalarError { range: None, ..error });
            let found = crate::Diagnostic { code: "bad-name", ..found }.at(key.span, "");
            reader.report(found);
            continue;
        }
        if let Some(value) = read(&key.text, &entry) {
            all.insert(key.text.to_string(), value);
        }
    }
    all
}

/// Refuses a key of the format that this version cannot carry out. Never ignored, because it would change what happens.
fn unsupported(reader: &Reader, item: &Item, instead: &str) {
    let found = reader.error(item, "unsupported", "this version of windlass cannot do this yet");
    reader.report(found.at(item.key_span(), "").help(instead));
}

/// `needs`: templates, for the dependencies that they make.
fn needs(reader: &Reader, item: &Item) {
    for one in reader.list_or_one(item) {
        let Some(name) = reader.string(&one) else { continue };
        if one.node.as_scalar().is_some_and(|scalar| scalar.style != Style::Rendered) {
            let message = format!("\"{}\" names nothing", crate::yaml::shorten(&name));
            let help = "write a template such as \"{{ images.app }}\" or \"{{ volumes.data }}\"";
            reader.report(reader.error(&one, "bad-value", message).help(help));
        }
    }
}

/// A name given to an object of an engine.
fn engine_name(reader: &Reader, item: &Item) -> Option<String> {
    reader.parse(item, crate::scalar::engine_name)
}

/// Every key that a container may have.
pub fn container_keys() -> Vec<&'static str> {
    crate::read::names(container::TABLES)
}

/// Every key that an image can have.
pub fn image_keys() -> Vec<&'static str> {
    crate::read::names(image::TABLES)
}
