//! `tasks.<name>.overrides`: keys of what the task is of, otherwise while it runs.
//!
//! Invariant: what is written here is read by the tables of the container or image itself, and what could have no effect
//! is a mistake.

use std::sync::Arc;

use windlass_model::task_action::TaskAction;

use super::{container, image, image_name};
use crate::document::{Container, TaskPlace};
use crate::read::{Item, Reader};

/// What a container of a run never has of the one that it is like.
const NOT_OF_A_RUN: [&str; 13] = [
    "labels",
    "healthcheck",
    "restart",
    "exec_commands",
    "wait",
    "update",
    "start_delay",
    "persistent",
    "groups",
    "profiles",
    "instances",
    "engines",
    "clients",
];

/// What decides which containers and tasks there are at all.
const FIXED: [&str; 4] = ["tasks", "abstract", "extends", "instances"];

/// Reads them as if the target had them, for their mistakes.
pub(super) fn check(reader: &Reader, key: &str, item: &Item, place: &TaskPlace, act: TaskAction) {
    let Some(item) = reader.resolve(item) else { return };
    let templates = reader.templates();
    templates.keep(true);
    match place {
        TaskPlace::Image(_) => {
            refuse(reader, &item, &["tasks"], "an image's `tasks` are the same whatever runs");
            let mut draft = image::draft(reader, key, &item, String::new());
            templates.enter(key, Arc::clone(&item.node));
            image_name::identity(reader, &item, &mut image_name::Identity::default());
            reader.fields(&item, &mut draft, image::TABLES);
            templates.leave();
        }
        TaskPlace::Container(_) => {
            let help = "name another container, or change the container itself";
            refuse(reader, &item, &FIXED, help);
            if act == TaskAction::Run {
                let help = "what runs in it answers for nobody: leave it out, or use `action: up`";
                refuse(reader, &item, &NOT_OF_A_RUN, help);
            }
            let mut container = Container::new(key, item.key_span());
            templates.enter(key, Arc::clone(&item.node));
            reader.fields(&item, &mut container, container::TABLES);
            templates.leave();
        }
        TaskPlace::Nothing => {
            let found = reader.error(&item, "task-place", "there is nothing to override");
            let found = found.at(item.key_span(), "");
            reader.report(found.help("say of which `image` or `container` these keys are"));
        }
    }
    templates.keep(false);
}

fn refuse(reader: &Reader, item: &Item, keys: &[&str], help: &str) {
    for key in keys {
        let Some(found) = item.get(key) else { continue };
        let message = format!("`{key}` can't be overridden here");
        let error = reader.error(&found, "no-effect", message).at(found.key_span(), "");
        reader.report(error.help(help));
    }
}
