//! Usable: what of the file can be used where this runs.
//!
//! Invariant: what needs a variable that is not set is left out and said, and so is what needs that; everything else works.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::dialect::Harpoon;
use super::subject::Uses;
use super::tree::{Made, plain};
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::yaml::Node;

/// An image, or a variant of one for a task.
pub(super) struct Parts {
    pub(super) key: String,
    pub(super) span: Span,
    /// None, where it is the image of another one.
    pub(super) image: Option<Arc<Node>>,
    pub(super) container: Arc<Node>,
    pub(super) uses: Uses,
}

/// A task and the container that it needs.
pub(super) struct TaskParts {
    pub(super) name: String,
    pub(super) span: Span,
    pub(super) node: Arc<Node>,
    pub(super) container: Option<String>,
    pub(super) uses: Uses,
}

#[derive(Default)]
pub(super) struct Translated {
    parts: Vec<Parts>,
    tasks: Vec<TaskParts>,
}

impl Translated {
    pub(super) fn add(&mut self, parts: Parts) {
        self.parts.push(parts);
    }

    pub(super) fn add_task(&mut self, task: TaskParts) {
        self.tasks.push(task);
    }

    pub(super) fn put_into(self, harpoon: &Harpoon<'_>, root: &mut Made) {
        if harpoon.surroundings.is_written {
            self.say_unset(harpoon);
        }
        let lost = self.lost(harpoon);
        let span = harpoon.root.span;
        let (mut images, mut containers, mut tasks, mut volumes) =
            (Made::at(span), Made::at(span), Made::at(span), Made::at(span));
        let mut has_links = false;
        for part in self.parts.iter().filter(|part| !lost.contains(&*part.key)) {
            if let Some(image) = &part.image {
                images.put(&part.key, part.span, Arc::clone(image));
            }
            containers.put(&part.key, part.span, Arc::clone(&part.container));
            has_links |= part.uses.has_links;
            for (volume, at) in &part.uses.volumes {
                let mut made = Made::at(*at);
                made.word("name", volume);
                volumes.put(volume, *at, made.node());
            }
        }
        for task in &self.tasks {
            let is_lost =
                task.container.as_ref().is_some_and(|container| lost.contains(&**container));
            let unset = harpoon.unset(&task.uses);
            if let Some((name, at)) = unset.filter(|_| !is_lost) {
                harpoon.left_out(&format!("tasks.{}", task.name), name, *at);
            } else if !is_lost {
                tasks.put(&task.name, task.span, Arc::clone(&task.node));
            }
        }
        for (name, made) in
            [("images", images), ("containers", containers), ("volumes", volumes), ("tasks", tasks)]
        {
            if !made.is_empty() {
                root.set(name, made.node());
            }
        }
        if has_links {
            // Whoever says nothing about networks joins this one, where the aliases of links are names.
            let mut networks = Made::at(span);
            networks.set("default", plain(span, ""));
            root.set("networks", networks.node());
        }
    }

    /// Says what has to be set, where it is written.
    fn say_unset(&self, harpoon: &Harpoon<'_>) {
        let parts = self.parts.iter().map(|part| ("containers", &part.key, &part.uses));
        let tasks = self.tasks.iter().map(|task| ("tasks", &task.name, &task.uses));
        for (section, key, uses) in parts.chain(tasks) {
            let mut said: BTreeSet<&str> = BTreeSet::new();
            for (name, at) in uses.unset.iter().filter(|(name, _)| said.insert(name)) {
                let message = format!("the variable `{name}` is not set");
                let found = Diagnostic::warning("unset-variable", message).at(*at, "");
                let help = format!("set {name}, or give it a default");
                harpoon.report(found.in_path(format!("{section}.{key}")).help(help));
            }
        }
    }

    /// Keys of images that can't be used, each said once.
    fn lost(&self, harpoon: &Harpoon<'_>) -> BTreeSet<String> {
        let mut lost: BTreeMap<&str, bool> = BTreeMap::new();
        for part in &self.parts {
            if let Some((name, at)) = harpoon.unset(&part.uses) {
                harpoon.left_out(&format!("images.{}", part.key), name, *at);
                lost.insert(&part.key, true);
            }
        }
        loop {
            let before = lost.len();
            for part in &self.parts {
                let needed =
                    part.uses.images.iter().find(|image| lost.contains_key(image.as_str()));
                let Some(needed) = needed.filter(|_| !lost.contains_key(&*part.key)) else {
                    continue;
                };
                let message = format!("left out, because it needs `{needed}`");
                let found = Diagnostic::warning("unset-variable", message).at(part.span, "");
                let help = format!("set what `{needed}` lacks, or give that a default");
                harpoon.report(found.in_path(format!("images.{}", part.key)).help(help));
                lost.insert(&part.key, true);
            }
            if lost.len() == before {
                break;
            }
        }
        lost.into_keys().map(str::to_owned).collect()
    }
}

impl Harpoon<'_> {
    /// The first variable that is not set, where that matters.
    fn unset<'u>(&self, uses: &'u Uses) -> Option<&'u (String, Span)> {
        uses.unset.first().filter(|_| !self.surroundings.is_written)
    }

    fn left_out(&self, path: &str, variable: &str, at: Span) {
        let message = format!("left out, because the variable `{variable}` is not set");
        let found = Diagnostic::warning("unset-variable", message).at(at, "");
        // Only what is declared as a variable takes a default.
        let help = if self.surroundings.sources.slice(at).contains('{') {
            format!("set {variable}, or write a value in its place")
        } else {
            format!("set {variable}, or give it a default: \"{variable}:default\"")
        };
        self.report(found.in_path(path).help(help));
    }
}
