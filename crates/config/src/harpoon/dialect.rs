//! Harpoon: a whole configuration, and what of it every image needs.
//!
//! Invariant: format strings can take no more than a fixed number of steps, whatever the file says.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::attached::Attached;
use super::image::image;
use super::subject::Subject;
use super::trail::Trail;
use super::tree::{Made, entries, get};
use super::usable::{Parts, Translated};
use super::{authentication, container, section, task};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::source::SourceMap;
use crate::yaml::{Mapping, Node, Value};

/// Fields that the format strings of one file may look up.
const FUEL: usize = 200_000;

/// What a configuration stands in.
#[derive(Clone, Copy)]
pub(crate) struct Surroundings<'a> {
    pub(crate) env: &'a BTreeMap<String, String>,
    pub(crate) sources: &'a SourceMap,
    /// Whether what needs a variable that is not set stays: the tree is to be written, not to be run.
    pub(crate) is_written: bool,
}

pub(super) struct Harpoon<'a> {
    pub(super) root: Arc<Node>,
    pub(super) surroundings: Surroundings<'a>,
    diagnostics: RefCell<Diagnostics>,
    /// Every word between dots that some format string has.
    mentioned: HashSet<String>,
    fuel: Cell<usize>,
}

/// A configuration, all its files merged, in the native format's sections.
pub(crate) fn project(
    root: &Arc<Node>,
    surroundings: Surroundings<'_>,
    diagnostics: &mut Diagnostics,
) -> Arc<Node> {
    let harpoon = Harpoon {
        root: Arc::clone(root),
        surroundings,
        diagnostics: RefCell::default(),
        mentioned: mentioned(root),
        fuel: Cell::new(FUEL),
    };
    let sections = harpoon.sections();
    diagnostics.extend(harpoon.diagnostics.into_inner());
    sections
}

impl Harpoon<'_> {
    pub(super) fn report(&self, found: Diagnostic) {
        self.diagnostics.borrow_mut().push(found);
    }

    pub(super) fn is_mentioned(&self, word: &str) -> bool {
        self.mentioned.contains(word)
    }

    /// Takes a step; `false`: there are none left.
    pub(super) fn spend(&self) -> bool {
        let left = self.fuel.get();
        self.fuel.set(left.saturating_sub(1));
        left > 0
    }

    fn sections(&self) -> Arc<Node> {
        if self.root.as_mapping().is_none() {
            return Arc::clone(&self.root);
        }
        self.check_root();
        section::check(self);
        let mut translated = Translated::default();
        let mut subjects = Vec::new();
        if let Some(images) = get(&self.root, "images") {
            if images.value.as_mapping().is_none() {
                let message =
                    format!("expected a mapping of images, found {}", images.value.describe());
                let found = Diagnostic::error("wrong-type", message).at(images.value.span, "");
                self.report(
                    found.in_path("images").help("write images: {name: {commands: [...]}}"),
                );
            }
            let names = images.value.as_mapping().into_iter().flat_map(Mapping::entries);
            for entry in names.filter(|entry| &*entry.key.text != section::IMAGES_FROM) {
                if entry.value.as_mapping().is_none() {
                    let message =
                        format!("expected the keys of an image, found {}", entry.value.describe());
                    let found = Diagnostic::error("wrong-type", message).at(entry.key.span, "");
                    let path = Trail::default().key("images").key(&entry.key.text).to_string();
                    self.report(found.in_path(path).help("write {commands: [\"FROM debian:12\"]}"));
                    continue;
                }
                subjects.push(Subject::new(self, &self.root, &entry.key.text, entry.key.span));
            }
        }
        let attached = Attached::of(&subjects);
        for subject in &subjects {
            self.check_keys(&subject.options, &subject.trail, super::keys::IMAGE);
            let image = image(subject);
            let container = container::container(subject, &subject.key, &attached);
            let uses = subject.uses.borrow().clone();
            translated.add(Parts {
                key: subject.key.clone(),
                span: subject.span,
                image: Some(image),
                container,
                uses,
            });
        }
        task::tasks(self, &subjects, &attached, &mut translated);
        let mut root = Made::at(self.root.span);
        translated.put_into(self, &mut root);
        authentication::put_into(self, &mut root);
        root.node()
    }
}

/// The words of every format string, wherever it stands.
fn mentioned(root: &Arc<Node>) -> HashSet<String> {
    let (mut words, mut seen) = (HashSet::new(), HashSet::new());
    let mut nodes = vec![Arc::clone(root)];
    while let Some(node) = nodes.pop() {
        if !seen.insert(Arc::as_ptr(&node)) {
            continue;
        }
        match &node.value {
            Value::Scalar(scalar) => {
                let fields = scalar
                    .text
                    .split('{')
                    .skip(1)
                    .filter_map(|rest| rest.split(['}', '!', ':']).next());
                words.extend(fields.flat_map(|field| field.split('.')).map(str::to_owned));
            }
            Value::Sequence(items) => nodes.extend(items.iter().cloned()),
            Value::Mapping(_) => nodes.extend(entries(&node).map(|entry| Arc::clone(&entry.value))),
        }
    }
    words
}
