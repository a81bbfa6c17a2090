//! `tasks.<name>`, at the top and under an image.
//!
//! Invariant: what a task sets of a container is read by the container's own tables, so both mean the same.

use std::collections::BTreeSet;
use std::sync::Arc;

use windlass_model::task_action::{TaskAction, TaskSubject};

use super::container::{TASK_TABLES, choice};
use super::{put, section, set, task_overrides};
use crate::document::{Container, Task, TaskPlace};
use crate::read::{Field, Item, Reader, Spanned};

struct Draft {
    description: Option<String>,
    label: Option<String>,
    image: Option<Spanned<String>>,
    in_container: Option<Spanned<String>>,
    action: TaskAction,
    engine: Option<Spanned<String>>,
    overrides: Option<Item>,
    bash: Option<String>,
    needs: Vec<Spanned<String>>,
    container: Container,
    /// Keys of a container that are written.
    written: BTreeSet<&'static str>,
}

const FIELDS: &[Field<Draft>] = &[
    Field { name: "description", read: |t, r, i| put(&mut t.description, r.string(i)) },
    Field { name: "label", read: |t, r, i| put(&mut t.label, r.string(i)) },
    Field { name: "image", read: |t, r, i| put(&mut t.image, r.spanned(i)) },
    Field { name: "container", read: |t, r, i| put(&mut t.in_container, r.spanned(i)) },
    Field { name: "action", read: |t, r, i| set(&mut t.action, action(r, i)) },
    Field { name: "engine", read: |t, r, i| put(&mut t.engine, r.spanned(i)) },
    Field { name: "overrides", read: |t, _, i| t.overrides = Some(i.clone()) },
    Field { name: "bash", read: |t, r, i| put(&mut t.bash, r.string(i)) },
    Field { name: "needs", read: |t, r, i| t.needs = r.spanned_strings(i) },
    Field {
        name: "options",
        read: |t, r, i| {
            r.fields(i, t, &[OPTIONS]);
        },
    },
];

/// Keys of a container, written into the task itself or under `options`.
static OPTIONS: &[Field<Draft>] = &[
    Field { name: "bash", read: |t, r, i| put(&mut t.bash, r.string(i)) },
    Field { name: "command", read: |t, r, i| of_container(t, r, i, "command") },
    Field { name: "entrypoint", read: |t, r, i| of_container(t, r, i, "entrypoint") },
    Field { name: "depends_on", read: |t, r, i| depends_on(t, r, i) },
    Field { name: "env", read: |t, r, i| of_container(t, r, i, "env") },
    Field { name: "env_file", read: |t, r, i| of_container(t, r, i, "env_file") },
    Field { name: "user", read: |t, r, i| of_container(t, r, i, "user") },
    Field { name: "workdir", read: |t, r, i| of_container(t, r, i, "workdir") },
    Field { name: "tty", read: |t, r, i| of_container(t, r, i, "tty") },
    Field { name: "stdin_open", read: |t, r, i| of_container(t, r, i, "stdin_open") },
    Field { name: "volumes", read: |t, r, i| of_container(t, r, i, "volumes") },
    Field { name: "mounts", read: |t, r, i| of_container(t, r, i, "mounts") },
    Field { name: "tmpfs", read: |t, r, i| of_container(t, r, i, "tmpfs") },
    Field { name: "ports", read: |t, r, i| of_container(t, r, i, "ports") },
    Field { name: "links", read: |t, r, i| of_container(t, r, i, "links") },
    Field { name: "networks", read: |t, r, i| of_container(t, r, i, "networks") },
    Field { name: "network_mode", read: |t, r, i| of_container(t, r, i, "network_mode") },
    Field { name: "hostname", read: |t, r, i| of_container(t, r, i, "hostname") },
    Field { name: "privileged", read: |t, r, i| of_container(t, r, i, "privileged") },
    Field { name: "cap_add", read: |t, r, i| of_container(t, r, i, "cap_add") },
    Field { name: "limits", read: |t, r, i| of_container(t, r, i, "limits") },
    Field { name: "read_only", read: |t, r, i| of_container(t, r, i, "read_only") },
    Field { name: "init", read: |t, r, i| of_container(t, r, i, "init") },
];

/// Beside what its container depends on.
fn depends_on(draft: &mut Draft, reader: &Reader, item: &Item) {
    read_as_container(draft, reader, item, "depends_on");
}

fn of_container(draft: &mut Draft, reader: &Reader, item: &Item, name: &'static str) {
    draft.written.insert(match name {
        "env_file" => "env",
        "volumes" => "mounts",
        "links" | "network_mode" => "networks",
        other => other,
    });
    read_as_container(draft, reader, item, name);
}

fn read_as_container(draft: &mut Draft, reader: &Reader, item: &Item, name: &str) {
    let field = TASK_TABLES.iter().flat_map(|table| table.iter()).find(|field| field.name == name);
    if let Some(field) = field {
        (field.read)(&mut draft.container, reader, item);
    }
}

/// `owner`: the image or container under which the task is written.
pub(super) fn task(
    reader: &Reader,
    name: &str,
    item: &Item,
    owner: Option<Owner<'_>>,
) -> Option<Task> {
    let item = reader.resolve(item)?;
    let span = item.key_span();
    let spanned = |name: &str| Spanned::new(name.to_owned(), span);
    let (image, in_container) = match owner {
        Some(Owner::Image(key)) => (Some(spanned(key)), None),
        Some(Owner::Container(key)) => (None, Some(spanned(key))),
        None => (None, None),
    };
    let mut draft = Draft {
        description: None,
        label: None,
        image,
        in_container,
        action: TaskAction::default(),
        engine: None,
        overrides: None,
        bash: None,
        needs: Vec::new(),
        container: Container::new(name, span),
        written: BTreeSet::new(),
    };
    reader.templates().enter(name, Arc::clone(&item.node));
    // Whoever runs another task need not have them.
    reader.note_missing();
    let read = reader.fields(&item, &mut draft, &[FIELDS, OPTIONS]);
    let mut missing = reader.take_missing();
    draft.container.used = reader.templates().leave().into();
    if !read {
        return None;
    }
    if draft.action == TaskAction::Run {
        one_program(reader, &item, &draft);
    } else {
        only_words(reader, &item, draft.action);
    }
    let may_be_of_nothing = draft.action != TaskAction::Run || !draft.needs.is_empty();
    let Draft { image, in_container, action, overrides, .. } = draft;
    let place = place(reader, &item, image, in_container, may_be_of_nothing)?;
    fits(reader, &item, action, &place);
    if let Some(overrides) = &overrides {
        reader.note_missing();
        task_overrides::check(reader, name, overrides, &place, action);
        missing.extend(reader.take_missing());
    }
    let Draft { description, label, engine, bash, needs, container, written, .. } = draft;
    let (name, overrides) = (name.to_owned(), overrides.map(|item| item.node));
    Some(Task {
        name,
        span,
        description,
        label,
        action,
        place,
        engine,
        overrides,
        bash,
        needs,
        container,
        written,
        missing,
    })
}

/// What runs is said once.
fn one_program(reader: &Reader, item: &Item, draft: &Draft) {
    for other in ["command", "entrypoint"] {
        if draft.bash.is_some() && draft.written.contains(other) {
            let message = format!("a task has `{other}` or `bash`, not both");
            let found = reader.error(item, "task-command", message);
            reader.report(found.at(item.key_span(), "").help("remove one of them"));
        }
    }
}

/// Of all that is said of a container, an action has only the words of its command line.
fn only_words(reader: &Reader, item: &Item, action: TaskAction) {
    let action = action.as_str();
    let others = OPTIONS.iter().map(|field| field.name).filter(|name| *name != "command");
    for name in others.chain(["options"]) {
        let Some(found) = item.get(name).filter(|found| !found.node.is_null()) else { continue };
        let message = format!("`{name}` is for what a task runs, and `{action}` runs nothing");
        let error = reader.error(&found, "task-action", message).at(found.key_span(), "");
        let help = format!(
            "what `windlass {action}` takes after its target goes into `command`; keys of the target go into `overrides`"
        );
        reader.report(error.help(help));
    }
}

/// Whether an action is for what the task is of.
fn fits(reader: &Reader, item: &Item, action: TaskAction, place: &TaskPlace) {
    let word = action.as_str();
    let (message, help) = match (action.subject(), place) {
        (Some(TaskSubject::Image { is_needed: true }), TaskPlace::Nothing) => (
            format!("`{word}` is of one image"),
            "add `image`, or `container` for the one that it has",
        ),
        (Some(TaskSubject::Container), TaskPlace::Image(_)) => {
            (format!("`{word}` is for containers"), "write `container` instead of `image`")
        }
        _ => return,
    };
    let at = item.get("action").unwrap_or_else(|| item.clone());
    reader.report(reader.error(&at, "task-action", message).at(at.span(), "").help(help));
}

/// What a task is written under.
#[derive(Clone, Copy)]
pub(super) enum Owner<'a> {
    Image(&'a str),
    Container(&'a str),
}

fn place(
    reader: &Reader,
    item: &Item,
    image: Option<Spanned<String>>,
    container: Option<Spanned<String>>,
    may_be_of_nothing: bool,
) -> Option<TaskPlace> {
    Some(match (image, container) {
        (Some(image), Some(container)) => {
            let found = reader.error(item, "task-place", "a task runs in one place, not in two");
            let found = found.at(container.span, "a container").also(image.span, "an image");
            reader.report(found.help("remove `image` or `container`"));
            return None;
        }
        (Some(image), None) => TaskPlace::Image(image),
        (None, Some(container)) => TaskPlace::Container(container),
        (None, None) if !may_be_of_nothing => {
            let found = reader.error(item, "task-place", "the task does not say where it runs");
            let help = "add `image` or `container`, or `needs`, or an `action`";
            reader.report(found.at(item.key_span(), "").help(help));
            return None;
        }
        (None, None) => TaskPlace::Nothing,
    })
}

fn action(reader: &Reader, item: &Item) -> Option<TaskAction> {
    choice(reader, item, &TaskAction::ALL.map(|action| (action.as_str(), action)))
}

/// A name that is taken stays with the first; the other task is reached as `owner.task`.
pub(super) fn add(tasks: &mut Vec<Task>, owner: &str, more: impl Iterator<Item = Task>) {
    for mut task in more {
        if tasks.iter().any(|other| other.name == task.name) {
            task.name = format!("{owner}.{}", task.name);
        }
        tasks.push(task);
    }
}

/// Tasks that are written under containers, beside those of images.
pub(super) fn of_containers(reader: &Reader, items: &[(String, Item)], tasks: &mut Vec<Task>) {
    for (key, item) in items {
        let found = section(reader, Some(item), "tasks", |name, item| {
            task(reader, name, item, Some(Owner::Container(key)))
        });
        add(tasks, key, found.into_values());
    }
}
