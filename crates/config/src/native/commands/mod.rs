//! `images.<name>.commands`: Harpoon's list, every form.
//!
//! Invariant: a command keeps its place, so that a failed build can point at the line that wrote it.

mod instruction;

use windlass_model::command::AddOptions;
use windlass_model::image::ContextSpec;

use super::container::mode;
use super::put;
use crate::document::{Command, CommandKind};
use crate::read::{Field, Item, Reader};
use crate::yaml::{Node, Resolved, Scalar, Value};
use instruction::instruction;

pub(super) fn read(reader: &Reader, item: &Item) -> Vec<Command> {
    let mut all = Vec::new();
    let mut has_frontend = false;
    for item in reader.list_or_one(item) {
        let kinds = match &item.node.value {
            Value::Scalar(_) => line(reader, &item).into_iter().collect(),
            Value::Sequence(_) => listed(reader, &item),
            Value::Mapping(_) => keyed(reader, &item),
        };
        let location = reader.sources().locate(item.span());
        let place = format!("{}:{}", location.file, location.line);
        has_frontend |= kinds.iter().any(instruction::names_frontend);
        if all.is_empty() && kinds.is_empty() {
            // What is wrong with the first one was said; that the others do not begin with FROM is no news.
            let kind =
                CommandKind::From { image: "scratch".to_owned(), alias: None, platform: None };
            all.push(Command { kind, span: item.span(), place: place.clone() });
        }
        for kind in kinds {
            if !has_frontend {
                instruction::check(reader, &item, &kind);
            }
            all.push(Command { kind, span: item.span(), place: place.clone() });
        }
    }
    all
}

/// `"RUN make"`.
fn line(reader: &Reader, item: &Item) -> Option<CommandKind> {
    instruction::line(reader, item, &reader.string(item)?)
}

/// `[ACTION, text]`, `[ACTION, [texts]]`, `[FROM, image, "as x"]`, `[ADD, {..}]`, `[COPY, {..}]`.
fn listed(reader: &Reader, item: &Item) -> Vec<CommandKind> {
    let parts = reader.list_or_one(item);
    let (action, second, third) = match parts.as_slice() {
        [action, second] => (action, second, None),
        [action, second, third] => (action, second, Some(third)),
        _ => {
            let help = "write [ACTION, text] or [FROM, image, \"as name\"]".to_owned();
            reader.expected(item, "a list of two or three", Some(help));
            return Vec::new();
        }
    };
    let Some(word) = reader.string(action) else { return Vec::new() };
    let Some(third) = third else { return acted(reader, &word, second) };
    if !word.eq_ignore_ascii_case("FROM") || second.node.as_scalar().is_none() {
        let message = format!("{} takes one text, or one list", crate::yaml::shorten(&word));
        let help = "only FROM has a third part: [FROM, image, \"as name\"]";
        reader.report(reader.error(third, "wrong-type", message).help(help));
        return Vec::new();
    }
    let (Some(image), Some(more)) = (reader.string(second), reader.string(third)) else {
        return Vec::new();
    };
    instruction(reader, item, &word, &format!("{image} {more}")).into_iter().collect()
}

/// `{ADD: {..}}` or `{COPY: {..}}`; also `{RUN: text}`.
fn keyed(reader: &Reader, item: &Item) -> Vec<CommandKind> {
    let entries = reader.entries(item, "a command");
    let [(key, value)] = entries.as_slice() else {
        let help = "one item is one command: write `- ADD: {…}`".to_owned();
        reader.expected(item, "one command", Some(help));
        return Vec::new();
    };
    acted(reader, &key.text, value)
}

/// Instructions of which each takes the place of the one before: several texts are its words.
const EXEC: [&str; 3] = ["CMD", "ENTRYPOINT", "SHELL"];

/// An instruction's word with text, several texts, or options.
fn acted(reader: &Reader, word: &str, item: &Item) -> Vec<CommandKind> {
    let Some(item) = reader.resolve(item) else { return Vec::new() };
    match &item.node.value {
        Value::Mapping(_) => complex(reader, word, &item).into_iter().collect(),
        Value::Sequence(_) => {
            let texts = reader.strings(&item);
            if texts.len() > 1 && EXEC.iter().any(|name| word.trim().eq_ignore_ascii_case(name)) {
                let text = serde_json::to_string(&texts).expect("invariant: texts are JSON");
                return instruction(reader, &item, word, &text).into_iter().collect();
            }
            texts.iter().filter_map(|text| instruction(reader, &item, word, text)).collect()
        }
        Value::Scalar(_) => {
            let text = reader.string(&item);
            text.and_then(|text| instruction(reader, &item, word, &text)).into_iter().collect()
        }
    }
}

fn complex(reader: &Reader, word: &str, item: &Item) -> Option<CommandKind> {
    match word.to_ascii_uppercase().as_str() {
        "ADD" => add(reader, item),
        "COPY" => copy(reader, item),
        _ => {
            let message = format!(
                "{} takes text; only ADD and COPY take options",
                crate::yaml::shorten(word)
            );
            let help = format!("write its text: [{}, \"…\"]", crate::yaml::shorten(word));
            reader.report(reader.error(item, "wrong-type", message).help(help));
            None
        }
    }
}

#[derive(Default)]
struct Add {
    sources: Vec<(&'static str, Item)>,
    prefix: Option<(String, Item)>,
    dest: Option<(String, Item)>,
    options: AddOptions,
}

const ADD: &[Field<Add>] = &[
    Field { name: "content", read: |a, _, i| a.sources.push(("content", i.clone())) },
    Field { name: "formatted", read: |a, _, i| a.sources.push(("formatted", i.clone())) },
    Field { name: "context", read: |a, _, i| a.sources.push(("context", i.clone())) },
    Field { name: "get", read: |a, _, i| a.sources.push(("get", i.clone())) },
    Field { name: "prefix", read: |a, r, i| a.prefix = r.string(i).map(|text| (text, i.clone())) },
    Field { name: "dest", read: |a, r, i| a.dest = r.string(i).map(|text| (text, i.clone())) },
    Field { name: "mode", read: |a, r, i| put(&mut a.options.mode, mode(r, i)) },
    Field { name: "owner", read: |a, r, i| put(&mut a.options.owner, r.string(i)) },
];

fn add(reader: &Reader, item: &Item) -> Option<CommandKind> {
    let mut add = Add::default();
    reader.fields(item, &mut add, &[ADD]);
    let Add { sources, prefix, dest, options } = add;
    let [(name, source)] = sources.as_slice() else {
        let names: Vec<_> = sources.iter().map(|(name, _)| format!("`{name}`")).collect();
        let message = match names.as_slice() {
            [] => "ADD adds nothing".to_owned(),
            several => format!("ADD adds one thing, not {}", several.join(" and ")),
        };
        let help = "write {content, dest}, {context, dest} or {get, prefix}";
        reader.report(reader.error(item, "wrong-type", message).help(help));
        return None;
    };
    if *name == "get" {
        misplaced(reader, dest, "`get` keeps the paths: write `prefix` for where they go");
        let get = reader.strings(source);
        if get.is_empty() && source.node.as_sequence().is_some() {
            reader.expected(source, "paths to add", None);
        }
        return Some(CommandKind::AddPaths { prefix: prefix.map(|(text, _)| text), get, options });
    }
    misplaced(reader, prefix, "`prefix` is for `get`: write all of the path in `dest`");
    let dest = required(reader, item, dest.map(|(text, _)| text), "dest")?;
    let source = reader.resolve(source)?;
    if *name == "context" {
        let context = add_context(reader, &source)?;
        return Some(CommandKind::AddContext { context, dest, options });
    }
    if *name == "formatted" || source.node.as_mapping().is_none() {
        if dest.ends_with('/') {
            let message = format!("{dest:?} is a directory, and the file needs a name");
            let found = reader.error(item, "bad-value", message);
            reader.report(found.help("write the whole path in `dest`: /etc/motd"));
        }
        return Some(CommandKind::AddContent { content: reader.string(&source)?, dest, options });
    }
    let mut parts = (None, None);
    reader.fields(&source, &mut parts, &[IMAGE_PATH]);
    let image = required(reader, &source, parts.0, "image")?;
    let path = required(reader, &source, parts.1, "path")?;
    Some(CommandKind::AddImagePath { image, path, dest, options })
}

fn misplaced(reader: &Reader, key: Option<(String, Item)>, help: &str) {
    let Some((_, item)) = key else { return };
    let found = reader.error(&item, "conflict", "this key has no meaning here");
    reader.report(found.at(item.key_span(), "").help(help));
}

fn add_context(reader: &Reader, item: &Item) -> Option<ContextSpec> {
    let is_false = |scalar: &Scalar| scalar.resolve() == Resolved::Bool(false);
    let off = item.node.as_scalar().is_some_and(is_false);
    let directory = crate::read::clean(&reader.directory(item.span()));
    let before = ContextSpec::new(directory);
    let read = if off { None } else { super::image::context_spec(reader, item, before) };
    match read {
        Some((context, true)) => Some(context),
        None if !off => None,
        Some(_) | None => {
            let found = reader.error(item, "conflict", "a build context that is off adds nothing");
            reader.report(found.help("write the directory: {context: {dir: src}, dest: /src}"));
            None
        }
    }
}

const IMAGE_PATH: &[Field<(Option<String>, Option<String>)>] = &[
    Field { name: "image", read: |p, r, i| p.0 = r.string(i) },
    Field { name: "path", read: |p, r, i| p.1 = r.string(i) },
];

#[derive(Default)]
struct Copy {
    from: Option<String>,
    path: Option<String>,
    to: Option<String>,
    options: AddOptions,
}

const COPY: &[Field<Copy>] = &[
    Field { name: "from", read: |c, r, i| c.from = r.string(i) },
    Field { name: "path", read: |c, r, i| c.path = r.string(i) },
    Field { name: "to", read: |c, r, i| c.to = r.string(i) },
    Field { name: "mode", read: |c, r, i| put(&mut c.options.mode, mode(r, i)) },
    Field { name: "owner", read: |c, r, i| put(&mut c.options.owner, r.string(i)) },
];

fn copy(reader: &Reader, item: &Item) -> Option<CommandKind> {
    let mut copy = Copy::default();
    reader.fields(item, &mut copy, &[COPY]);
    let from = required(reader, item, copy.from, "from")?;
    let path = required(reader, item, copy.path, "path")?;
    let to = required(reader, item, copy.to, "to")?;
    Some(CommandKind::CopyFrom { from, path, to, options: copy.options })
}

fn required(reader: &Reader, item: &Item, value: Option<String>, key: &str) -> Option<String> {
    let written = item.node.as_mapping().is_some_and(|map| map.get(key).is_some());
    if value.is_none() && !written {
        let message = format!("the key \"{key}\" is missing");
        let place: &Node = &item.node;
        let found = reader.error(item, "missing-key", message);
        reader.report(found.at(place.span, ""));
    }
    value
}
