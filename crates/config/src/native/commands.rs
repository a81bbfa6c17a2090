//! `images.<name>.commands`: Harpoon's list, every form.
//!
//! Invariant: a command keeps its place, so that a failed build can point at the line that wrote it.

use windlass_model::command::AddOptions;
use windlass_model::image::ContextSpec;

use super::container::mode;
use super::put;
use crate::document::{Command, CommandKind};
use crate::read::{Field, Item, Reader};
use crate::yaml::{Node, Value};

pub(super) fn read(reader: &Reader, item: &Item) -> Vec<Command> {
    let mut all = Vec::new();
    for item in reader.list_or_one(item) {
        let kinds = match &item.node.value {
            Value::Scalar(_) => line(reader, &item).into_iter().collect(),
            Value::Sequence(_) => listed(reader, &item),
            Value::Mapping(_) => keyed(reader, &item).into_iter().collect(),
        };
        let location = reader.sources().locate(item.span());
        let place = format!("{}:{}", location.file, location.line);
        all.extend(kinds.into_iter().map(|kind| Command {
            kind,
            span: item.span(),
            place: place.clone(),
        }));
    }
    all
}

/// `"RUN make"`.
fn line(reader: &Reader, item: &Item) -> Option<CommandKind> {
    let text = reader.string(item)?;
    let Some((instruction, rest)) = text.trim().split_once(char::is_whitespace) else {
        let help = "write an instruction and its text: \"RUN make\"".to_owned();
        reader.expected(item, "an instruction", Some(help));
        return None;
    };
    Some(instruction_of(instruction, rest.trim_start()))
}

/// FROM is looked into, because it makes a dependency.
fn instruction_of(instruction: &str, text: &str) -> CommandKind {
    let instruction = instruction.to_ascii_uppercase();
    if instruction == "FROM" && !text.starts_with("--") {
        let mut words = text.split_whitespace();
        let image = words.next().unwrap_or("").to_owned();
        let is_alias = words.next().is_some_and(|word| word.eq_ignore_ascii_case("as"));
        let alias = words.next().filter(|_| is_alias).map(str::to_owned);
        return CommandKind::From { image, alias };
    }
    CommandKind::Instruction { instruction, text: text.to_owned() }
}

/// `[ACTION, text]`, `[ACTION, [texts]]`, `[FROM, image, "as x"]`, `[ADD, {..}]`, `[COPY, {..}]`.
fn listed(reader: &Reader, item: &Item) -> Vec<CommandKind> {
    let parts = reader.list_or_one(item);
    let ([action, second] | [action, second, _]) = parts.as_slice() else {
        let help = "write [ACTION, text] or [FROM, image, \"as name\"]".to_owned();
        reader.expected(item, "a list of two or three", Some(help));
        return Vec::new();
    };
    let Some(action) = reader.string(action) else { return Vec::new() };
    match &second.node.value {
        Value::Mapping(_) => complex(reader, &action, second).into_iter().collect(),
        Value::Sequence(_) => {
            let texts = reader.strings(second);
            texts.iter().map(|text| instruction_of(&action, text)).collect()
        }
        Value::Scalar(_) => {
            let Some(mut text) = reader.string(second) else { return Vec::new() };
            if let Some(more) = parts.get(2).and_then(|part| reader.string(part)) {
                text = format!("{text} {more}");
            }
            vec![instruction_of(&action, &text)]
        }
    }
}

/// `{ADD: {..}}` or `{COPY: {..}}`; also `{RUN: text}`.
fn keyed(reader: &Reader, item: &Item) -> Option<CommandKind> {
    let entries = reader.entries(item, "a command");
    let [(key, value)] = entries.as_slice() else {
        let help = "one item is one command: write `- ADD: {…}`".to_owned();
        reader.expected(item, "one command", Some(help));
        return None;
    };
    let value = reader.resolve(value)?;
    if value.node.as_mapping().is_some() {
        return complex(reader, &key.text, &value);
    }
    Some(instruction_of(&key.text, &reader.string(&value)?))
}

fn complex(reader: &Reader, action: &str, item: &Item) -> Option<CommandKind> {
    match action {
        "ADD" => add(reader, item),
        "COPY" => copy(reader, item),
        _ => {
            let message = format!(
                "{} takes text; only ADD and COPY take options",
                crate::yaml::shorten(action)
            );
            reader.report(reader.error(item, "wrong-type", message));
            None
        }
    }
}

#[derive(Default)]
struct Add {
    content: Option<Item>,
    context: Option<Item>,
    get: Option<Vec<String>>,
    prefix: Option<String>,
    dest: Option<String>,
    options: AddOptions,
}

const ADD: &[Field<Add>] = &[
    Field { name: "content", read: |a, _, i| a.content = Some(i.clone()) },
    Field { name: "formatted", read: |a, _, i| a.content = Some(i.clone()) },
    Field { name: "context", read: |a, _, i| a.context = Some(i.clone()) },
    Field { name: "get", read: |a, r, i| a.get = Some(r.strings(i)) },
    Field { name: "prefix", read: |a, r, i| a.prefix = r.string(i) },
    Field { name: "dest", read: |a, r, i| a.dest = r.string(i) },
    Field { name: "mode", read: |a, r, i| put(&mut a.options.mode, mode(r, i)) },
    Field { name: "owner", read: |a, r, i| put(&mut a.options.owner, r.string(i)) },
];

fn add(reader: &Reader, item: &Item) -> Option<CommandKind> {
    let mut add = Add::default();
    reader.fields(item, &mut add, &[ADD]);
    let Add { content, context, get, prefix, dest, options } = add;
    let count = usize::from(content.is_some())
        + usize::from(context.is_some())
        + usize::from(get.is_some());
    if count != 1 {
        let help = "write {content, dest}, {context, dest} or {get, prefix}".to_owned();
        reader.expected(item, "one of `content`, `context` and `get`", Some(help));
        return None;
    }
    if let Some(get) = get {
        return Some(CommandKind::AddPaths { prefix, get, options });
    }
    let dest = required(reader, item, dest, "dest")?;
    if let Some(context) = context {
        let context = reader.resolve(&context)?;
        let directory = crate::read::clean(&reader.directory(context.span()));
        let before = ContextSpec::new(directory);
        let (context, _) = super::image::context_spec(reader, &context, before)?;
        return Some(CommandKind::AddContext { context, dest, options });
    }
    let content = content?;
    let content = reader.resolve(&content)?;
    if content.node.as_mapping().is_none() {
        return Some(CommandKind::AddContent { content: reader.string(&content)?, dest, options });
    }
    let mut parts = (None, None);
    reader.fields(&content, &mut parts, &[IMAGE_PATH]);
    let image = required(reader, &content, parts.0, "image")?;
    let path = required(reader, &content, parts.1, "path")?;
    Some(CommandKind::AddImagePath { image, path, dest, options })
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
