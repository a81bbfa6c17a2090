//! `tasks` of images: each runs in the container of its image, or in a variant of it.
//!
//! Invariant: of tasks with one name the last one has it; the others are reached as `image.task`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::action;
use super::attached::Attached;
use super::container::{Line, container};
use super::dialect::Harpoon;
use super::formatted::verbatim;
use super::image::image;
use super::subject::{Subject, Uses};
use super::trail::Trail;
use super::tree::{Made, entries, get, merged, plain, sequence, template};
use super::usable::{Parts, TaskParts, Translated};
use super::{grammar, keys};
use crate::diagnostic::Diagnostic;
use crate::yaml::{Entry, Node};

/// Options that say only what runs, so that the container of the image does.
const OF_THE_LINE: &[&str] = &["command", "bash", "shell"];
/// Options that make another image.
const OF_THE_IMAGE: &[&str] =
    &["tag", "name", "image_name", "image_name_prefix", "image_index", "commands", "context"];

pub(super) fn tasks<'t>(
    harpoon: &'t Harpoon<'t>,
    subjects: &[Subject<'t>],
    attached: &Attached,
    translated: &mut Translated,
) {
    let mut last: BTreeMap<String, usize> = BTreeMap::new();
    for (at, subject) in subjects.iter().enumerate() {
        for entry in own(subject) {
            last.insert(entry.key.text.to_string(), at);
        }
    }
    for (at, subject) in subjects.iter().enumerate() {
        let Some((_, node, trail)) = subject.option("tasks") else { continue };
        super::container::is_mapping(
            subject,
            &node,
            &trail,
            "write tasks: {name: {options: {command: …}}}",
        );
        for entry in entries(&node) {
            let key = entry.key.text.to_string();
            let name = match last.get(&key) {
                Some(place) if *place != at => format!("{}.{key}", subject.key),
                _ => key,
            };
            let task =
                Task { harpoon, subject, entry, trail: trail.key(&entry.key.text), attached };
            task.translate(name, translated);
        }
    }
}

fn own<'s>(subject: &'s Subject<'_>) -> impl Iterator<Item = &'s Entry> {
    get(&subject.options, "tasks").into_iter().flat_map(|tasks| entries(&tasks.value))
}

struct Task<'a, 't> {
    harpoon: &'t Harpoon<'t>,
    subject: &'a Subject<'t>,
    entry: &'a Entry,
    trail: Trail,
    attached: &'a Attached,
}

impl<'t> Task<'_, 't> {
    fn translate(&self, name: String, translated: &mut Translated) {
        let node = &self.entry.value;
        self.harpoon.check_keys(node, &self.trail, keys::TASK);
        let mut made = Made::at(self.entry.key.span);
        for key in ["description", "label"] {
            if let Some(entry) = get(node, key) {
                made.put(key, entry.key.span, Arc::clone(&entry.value));
            }
        }
        if let Some(action) = get(node, "action")
            && action.value.as_scalar().is_none_or(|scalar| &*scalar.text != "run")
        {
            return self.action(action, made, name, translated);
        }
        let changed = self.changed();
        let subject = changed.as_ref().unwrap_or(self.subject);
        let container = match &changed {
            Some(changed) if !self.only_line() => self.variant(changed, translated),
            _ => self.subject.key.clone(),
        };
        made.set("container", verbatim(self.entry.key.span, &container));
        if changed.is_some() {
            line(subject, &mut made);
        }
        if let Some((key, ports, trail)) = subject.option("ports") {
            let (published, _) = grammar::ports(subject, &ports, &trail);
            if !published.is_empty() {
                made.put("ports", key, sequence(ports.span, published));
            }
        }
        let uses = if changed.is_some() { subject.uses.borrow().clone() } else { Uses::default() };
        translated.add_task(TaskParts {
            name,
            span: self.entry.key.span,
            node: made.node(),
            container: Some(container),
            uses,
        });
    }

    /// A task that is one of the program's commands.
    fn action(&self, entry: &Entry, mut made: Made, name: String, translated: &mut Translated) {
        let word = entry.value.as_scalar().map_or("", |scalar| &*scalar.text);
        if let Some((_, instead)) = action::ELSEWHERE.iter().find(|(known, _)| *known == word) {
            let why = format!("the action `{word}` can't be a task");
            return self.harpoon.unsupported(entry, &self.trail, &why, instead);
        }
        let Some(action) = action::ACTIONS.iter().find(|known| known.name == word) else {
            let message = format!("there is no action `{}`", crate::yaml::shorten(word));
            let found = Diagnostic::error("bad-value", message).at(entry.value.span, "");
            let known = action::ACTIONS.iter().map(|action| action.name).chain(["run"]);
            let help = crate::read::did_you_mean(word, known);
            let help = help.unwrap_or_else(|| "docs/harpoon.md has the list".to_owned());
            return self
                .harpoon
                .report(found.in_path(self.trail.key("action").to_string()).help(help));
        };
        for key in ["options", "overrides"] {
            if let Some(entry) = get(&self.entry.value, key) {
                let why = format!("`{key}` is for what a task runs, and `{word}` runs nothing");
                self.harpoon.unsupported(entry, &self.trail, &why, "write it into the image");
            }
        }
        made.put("action", entry.key.span, plain(entry.value.span, action.command));
        if action.is_of_image {
            made.set("image", verbatim(entry.key.span, &self.subject.key));
        }
        if !action.words.is_empty() {
            let words = action.words.iter().map(|word| template(entry.value.span, word));
            made.set("command", sequence(entry.value.span, words.collect()));
        }
        translated.add_task(TaskParts {
            name,
            span: self.entry.key.span,
            node: made.node(),
            container: action.is_of_image.then(|| self.subject.key.clone()),
            uses: Uses::default(),
        });
    }

    /// The image as the task has it: its options over the image's, its overrides over everything.
    fn changed(&self) -> Option<Subject<'t>> {
        let node = &self.entry.value;
        let (options, overrides) = (get(node, "options"), get(node, "overrides"));
        if options.is_none() && overrides.is_none() {
            return None;
        }
        let mut root = Arc::clone(self.subject.root());
        if let Some(options) = options {
            self.harpoon.check_keys(&options.value, &self.trail.key("options"), keys::IMAGE);
            let mut images = Made::at(options.key.span);
            images.set(&self.subject.key, Arc::clone(&options.value));
            let mut over = Made::at(options.key.span);
            over.set("images", images.node());
            root = merged(&root, &over.node());
        }
        if let Some(overrides) = overrides {
            if let Some(entry) = get(&overrides.value, "harpoon") {
                let why = "what Harpoon is told here windlass is told on the command line";
                self.harpoon.unsupported(
                    entry,
                    &self.trail.key("overrides"),
                    why,
                    "docs/harpoon.md says how",
                );
            }
            root = merged(&root, &overrides.value);
        }
        let mut changed = Subject::new(self.harpoon, &root, &self.subject.key, self.subject.span);
        changed.trail = self.trail.key("options");
        Some(changed)
    }

    /// Whether the task says no more than what runs.
    fn only_line(&self) -> bool {
        let node = &self.entry.value;
        let options = get(node, "options").into_iter().flat_map(|options| entries(&options.value));
        get(node, "overrides").is_none()
            && options.into_iter().all(|entry| OF_THE_LINE.contains(&&*entry.key.text))
    }

    /// A container of its own; of an image of its own, if the task makes that another one.
    fn variant(&self, changed: &Subject<'t>, translated: &mut Translated) -> String {
        let key = format!("{}-{}", self.subject.key, self.entry.key.text);
        let options = get(&self.entry.value, "options");
        let builds = options.into_iter().flat_map(|options| entries(&options.value));
        let builds: Vec<_> =
            builds.filter(|entry| OF_THE_IMAGE.contains(&&*entry.key.text)).collect();
        let node = container(changed, &key, self.attached);
        let mut made = Made::at(self.entry.key.span);
        for entry in entries(&node) {
            made.put(&entry.key.text, entry.key.span, Arc::clone(&entry.value));
        }
        let built = match builds.first() {
            Some(build) => {
                self.same_reference(changed, build);
                Some(image(changed))
            }
            None => self.overridden(changed),
        };
        if built.is_some() {
            made.set("image", verbatim(self.entry.key.span, &key));
        }
        let mut uses = changed.uses.borrow().clone();
        uses.images.insert(self.subject.key.clone());
        let container = made.node();
        translated.add(Parts {
            key: key.clone(),
            span: self.entry.key.span,
            image: built,
            container,
            uses,
        });
        key
    }

    /// The image, where it is another one by what is overridden: under a name of its own, so that both can be there.
    fn overridden(&self, changed: &Subject<'_>) -> Option<Arc<Node>> {
        get(&self.entry.value, "overrides")?;
        let written = |node: &Node| format!("{node:?}");
        let other = image(changed);
        if written(&other) == written(&image(self.subject)) {
            return None;
        }
        Some(super::image::apart(changed, &other, &self.entry.key.text))
    }

    /// Two images must not have one name.
    fn same_reference(&self, changed: &Subject<'_>, entry: &Entry) {
        let both = (super::image::reference(changed), super::image::reference(self.subject));
        if both.0.is_none() || both.0 != both.1 {
            return;
        }
        let message = "the task would build another image under the name of this one";
        let found = Diagnostic::error("duplicate-name", message).at(entry.key.span, "");
        let found = found.in_path(self.trail.key("options").to_string());
        self.harpoon
            .report(found.help("add a `tag` to the options, or declare an image of its own"));
    }
}

/// What the task runs.
fn line(subject: &Subject<'_>, made: &mut Made) {
    match Line::of(subject) {
        Some(Line::Bash { key, shell: None, text }) => made.put("bash", key, text.node(key)),
        Some(Line::Bash { key, shell: Some(shell), text }) => {
            // The words of the command line follow its name, as `$1` and so on.
            let words = vec![shell.node(key), plain(key, "-c"), text.node(key), plain(key, "sh")];
            made.put("command", key, sequence(key, words));
        }
        Some(Line::Command { key, node }) => made.put("command", key, node),
        None => {}
    }
}
