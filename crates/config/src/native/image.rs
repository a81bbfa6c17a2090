//! `images.<name>`: one source, a reference, and how it is built.
//!
//! Invariant: an image has one source; more than one is an error that names both.

use std::sync::Arc;

use windlass_model::image::{BuildOptions, Builder, ContextSpec, PullPolicy, familiar_reference};

use super::container::{choice, pull};
use super::dockerfile::dockerfile;
use super::provision::{self, Provisioned};
use super::{commands, put, set};
use crate::document::{Image, ImageContext, Source};
use crate::read::{Field, Item, Reader, Spanned};
use crate::scalar::{image_reference, size};
use crate::source::Span;
use crate::yaml::{Resolved, Value};

/// An image being read. Sources are collected, because more than one is an error.
pub(super) struct Draft {
    image: Image,
    sources: Vec<(Source, &'static str, Span)>,
    changes: Vec<String>,
    pub(super) provisioned: Provisioned,
    pub(super) tasks: Vec<Item>,
}

/// Keys that `defaults` has too.
pub(super) const SHARED: &[Field<Draft>] = &[
    Field { name: "context", read: |d, r, i| context(d, r, i) },
    Field {
        name: "args",
        read: |d, r, i| d.image.build.args.extend(r.string_pairs(i, "build arguments")),
    },
    Field { name: "labels", read: |d, r, i| d.image.build.labels.extend(r.labels(i)) },
    Field {
        name: "platform",
        read: |d, r, i| put(&mut d.image.build.platform, r.parse(i, super::container::platform)),
    },
    Field { name: "cache_from", read: |d, r, i| d.image.build.cache_from.extend(r.strings(i)) },
    Field { name: "cache_to", read: cache_to },
    Field { name: "secrets", read: build_secrets },
    Field { name: "ssh", read: ssh },
    Field { name: "builder", read: |d, r, i| set(&mut d.image.build.builder, builder(r, i)) },
    Field { name: "network", read: |d, r, i| put(&mut d.image.build.network, r.string(i)) },
    Field {
        name: "extra_hosts",
        read: |d, r, i| d.image.build.extra_hosts.extend(super::container::extra_hosts(r, i)),
    },
    Field {
        name: "shm_size",
        read: |d, r, i| put(&mut d.image.build.shm_size_bytes, r.parse(i, size)),
    },
    Field { name: "squash", read: |d, r, i| set(&mut d.image.build.squash, r.bool(i)) },
    Field { name: "push", read: |d, r, i| set(&mut d.image.push, r.bool(i)) },
    Field { name: "pull", read: |d, r, i| set(&mut d.image.pull, pull(r, i)) },
    Field { name: "tag", read: |_, _, _| {} },
    Field { name: "index", read: |_, _, _| {} },
    Field { name: "image_index", read: |_, _, _| {} },
    Field { name: "image_name_prefix", read: |_, _, _| {} },
];

const OWN: &[Field<Draft>] = &[
    Field { name: "name", read: |_, _, _| {} },
    Field { name: "image", read: |d, _, i| d.add(Source::External, "image", i) },
    Field {
        name: "commands",
        read: |d, r, i| d.add(Source::Commands(commands::read(r, i)), "commands", i),
    },
    Field {
        name: "dockerfile",
        read: |d, r, i| {
            if let Some((source, lines)) = dockerfile(r, i) {
                d.image.places.lines = lines;
                d.add(Source::Dockerfile(source), "dockerfile", i);
            }
        },
    },
    Field { name: "import", read: import },
    Field { name: "changes", read: |d, r, i| d.changes = r.strings(i) },
    Field { name: "target", read: |d, r, i| put(&mut d.image.build.target, r.string(i)) },
    Field { name: "tags", read: tags },
    Field { name: "needs", read: |_, r, i| super::needs(r, i) },
    Field { name: "tasks", read: |d, _, i| d.tasks.push(i.clone()) },
];

pub(super) const TABLES: &[&[Field<Draft>]] = &[OWN, provision::FIELDS, SHARED];

impl Draft {
    pub(super) fn add(&mut self, source: Source, name: &'static str, item: &Item) {
        self.image.places.source = Some(item.span());
        self.sources.push((source, name, item.key_span()));
    }
}

/// Reads one image: the defaults first, itself last. Also gives its tasks.
pub(super) fn read(
    reader: &Reader,
    key: &str,
    item: &Item,
    defaults: Option<&Item>,
    reference: String,
) -> (Image, Vec<Item>) {
    let mut draft = draft(reader, key, item, reference);
    reader.templates().enter(key, Arc::clone(&item.node));
    if let Some(defaults) = defaults {
        reader.fields(defaults, &mut draft, &[SHARED]);
    }
    reader.fields(item, &mut draft, TABLES);
    draft.image.used = reader.templates().leave();
    finish(reader, item, draft)
}

pub(super) fn draft(reader: &Reader, key: &str, item: &Item, reference: String) -> Draft {
    let directory = crate::read::clean(&reader.directory(item.key_span()));
    let image = Image {
        key: key.to_owned(),
        span: item.key_span(),
        reference,
        source: None,
        context: ImageContext::default(),
        directory,
        build: BuildOptions::default(),
        build_secrets: Vec::new(),
        tags: std::collections::BTreeSet::new(),
        push: false,
        pull: PullPolicy::default(),
        used: crate::template::Uses::default(),
        places: crate::places::ImagePlaces::default(),
    };
    let provisioned = Provisioned::default();
    Draft { image, sources: Vec::new(), changes: Vec::new(), provisioned, tasks: Vec::new() }
}

fn finish(reader: &Reader, item: &Item, draft: Draft) -> (Image, Vec<Item>) {
    let Draft { mut image, sources, changes, provisioned, tasks } = draft;
    let names: Vec<_> = sources.iter().map(|(_, name, _)| format!("`{name}`")).collect();
    let mut found = sources.iter();
    match (found.next(), found.next()) {
        (Some((_, _, first)), Some((_, second, span))) => {
            let message = format!("an image has one source, not {}", names.join(" and "));
            let found = crate::Diagnostic::error("image-source", message)
                .at(*span, format!("`{second}` is a second source"))
                .also(*first, "first source")
                .in_path(item.path.to_string());
            reader.report(found.help("remove all but one"));
        }
        (None, _) if reader.resolve(item).is_some() => {
            let found = reader.error(item, "image-source", "the image has no source");
            let found = found.at(item.key_span(), "");
            reader.report(found.help(
                "add one of `commands`, `dockerfile`, `from` with `resources`, `import` or `image`",
            ));
        }
        _ => {}
    }
    image.source = sources.into_iter().next().map(|(source, ..)| source);
    provisioned.finish(reader, item, &mut image);
    if let Some(Source::Import { changes: slot, .. }) = &mut image.source {
        *slot = changes;
    }
    (image, tasks)
}

fn import(draft: &mut Draft, reader: &Reader, item: &Item) {
    if let Some(path) = reader.path(item) {
        draft.add(Source::Import { path, changes: Vec::new() }, "import", item);
    }
}

/// A tag alone is one of the image's own name.
fn tags(draft: &mut Draft, reader: &Reader, item: &Item) {
    let base = draft.image.reference.clone();
    let base = image_reference(&base).ok();
    for item in reader.list_or_one(item) {
        let Some(text) = reader.string(&item) else { continue };
        let alone = !text.contains(['/', ':', '@']);
        if alone && !is_tag(&text) {
            let message = format!("{text:?} is not a tag");
            let help = "a tag is letters, digits, `_`, `.` and `-`, at most 128, and begins with none of the last two";
            reader.report(reader.error(&item, "bad-value", message).help(help));
            continue;
        }
        let full = match &base {
            Some(base) if alone => {
                let mut full = base.clone();
                full.tag = Some(text);
                full.to_string()
            }
            _ => text,
        };
        match image_reference(&full) {
            Ok(image) => {
                draft.image.tags.insert(familiar_reference(&image.to_string()));
            }
            Err(error) => reader.report(reader.scalar_error(&item, error)),
        }
    }
}

/// An engine's own builder puts its cache into the image, and nowhere else.
fn cache_to(draft: &mut Draft, reader: &Reader, item: &Item) {
    let inline = [("inline", true), ("type=inline", true)];
    set(&mut draft.image.build.inline_cache, choice(reader, item, &inline));
}

/// The rule of Docker's reference package.
fn is_tag(text: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.starts_with(is_word)
        && text.len() <= 128
        && text.chars().all(|c| is_word(c) || matches!(c, '.' | '-'))
}

fn builder(reader: &Reader, item: &Item) -> Option<Builder> {
    choice(
        reader,
        item,
        &[("auto", Builder::Auto), ("buildkit", Builder::Buildkit), ("classic", Builder::Classic)],
    )
}

/// Names under `secrets`, or `{id: name}`.
fn build_secrets(draft: &mut Draft, reader: &Reader, item: &Item) {
    for shape in super::shorthand::shapes(reader, item, &[], false) {
        let super::shorthand::Shape::Positions(parts) = shape else { continue };
        let Some((first, rest)) = parts.split_first() else { continue };
        let Some(id) = reader.spanned(first) else { continue };
        let name = match rest.first() {
            Some(name) => reader.spanned(name),
            None => Some(id.clone()),
        };
        if let Some(name) = name {
            draft.image.build.secrets.insert(id.value, name.value.clone());
            draft.image.build_secrets.push(Spanned::new(name.value, name.span));
        }
    }
}

/// `default`, or `{id: socket}`.
fn ssh(draft: &mut Draft, reader: &Reader, item: &Item) {
    for shape in super::shorthand::shapes(reader, item, &[], false) {
        let super::shorthand::Shape::Positions(parts) = shape else { continue };
        let Some((first, rest)) = parts.split_first() else { continue };
        let Some(id) = reader.string(first) else { continue };
        let socket = rest.first().filter(|socket| !socket.node.is_null());
        let socket = socket.and_then(|socket| reader.path(socket)).unwrap_or_default();
        draft.image.build.ssh.insert(id, socket);
    }
}

fn context(draft: &mut Draft, reader: &Reader, item: &Item) {
    let Some(item) = reader.resolve(item) else { return };
    let directory = item.get("dir").or_else(|| item.get("parent_dir"));
    draft.image.places.context = Some(directory.map_or(item.span(), |item| item.span()));
    if let Some(Resolved::Bool(false)) = item.node.as_scalar().map(crate::yaml::Scalar::resolve) {
        draft.image.context = ImageContext::Disabled;
        return;
    }
    let before = match std::mem::take(&mut draft.image.context) {
        ImageContext::Given(spec) => spec,
        ImageContext::Unsaid | ImageContext::Disabled => {
            ContextSpec::new(draft.image.directory.clone())
        }
    };
    draft.image.context = match context_spec(reader, &item, before) {
        Some((spec, true)) => ImageContext::Given(spec),
        Some((_, false)) => ImageContext::Disabled,
        None => ImageContext::Unsaid,
    };
}

/// A directory, true, or a mapping; also whether it is enabled.
pub(super) fn context_spec(
    reader: &Reader,
    item: &Item,
    before: ContextSpec,
) -> Option<(ContextSpec, bool)> {
    let mut parts = (before, true);
    match &item.node.value {
        Value::Scalar(scalar) if scalar.resolve() == Resolved::Bool(true) => {}
        Value::Scalar(_) => parts.0.dir = reader.path(item)?,
        Value::Mapping(_) | Value::Sequence(_) => {
            if !reader.fields(item, &mut parts, &[CONTEXT]) {
                return None;
            }
        }
    }
    Some(parts)
}

const CONTEXT: &[Field<(ContextSpec, bool)>] = &[
    Field { name: "dir", read: |c, r, i| set(&mut c.0.dir, r.path(i)) },
    Field { name: "parent_dir", read: |c, r, i| set(&mut c.0.dir, r.path(i)) },
    Field { name: "enabled", read: |c, r, i| set(&mut c.1, r.bool(i)) },
    Field { name: "include", read: |c, r, i| c.0.include = r.strings(i) },
    Field { name: "exclude", read: |c, r, i| c.0.exclude = r.strings(i) },
    Field { name: "use_gitignore", read: |c, r, i| set(&mut c.0.use_gitignore, r.bool(i)) },
    Field { name: "use_dockerignore", read: |c, r, i| set(&mut c.0.use_dockerignore, r.bool(i)) },
    Field { name: "git_timestamps", read: |c, r, i| set(&mut c.0.git_timestamps, r.bool(i)) },
    Field { name: "follow_links", read: |c, r, i| set(&mut c.0.follow_links, r.bool(i)) },
];
