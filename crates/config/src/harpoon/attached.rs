//! `dependency_options`: what an image says about those that it needs, which the native format says about each itself.
//!
//! Invariant: of two images that say different things about a third, the first in the file is heard and the other told.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::image::is_true;
use super::keys;
use super::subject::Subject;
use super::trail::Trail;
use super::tree::{entries, get};
use crate::diagnostic::Diagnostic;
use crate::read::did_you_mean;
use crate::source::Span;
use crate::yaml::Node;

/// What is said about one image.
#[derive(Default, Clone)]
pub(super) struct Given {
    pub(super) has_terminal: bool,
    /// A wait condition instead of its own.
    pub(super) wait: Option<(Span, Arc<Node>, Trail)>,
}

#[derive(Default)]
pub(super) struct Attached(BTreeMap<String, Given>);

impl Attached {
    pub(super) fn of(subjects: &[Subject<'_>]) -> Self {
        let mut all = Self::default();
        for subject in subjects {
            all.read(subject);
        }
        all
    }

    pub(super) fn of_image(&self, key: &str) -> Option<&Given> {
        self.0.get(key)
    }

    fn read(&mut self, subject: &Subject<'_>) {
        let Some((_, node, trail)) = subject.option("dependency_options") else { return };
        if !super::container::is_mapping(
            subject,
            &node,
            &trail,
            "write {IMAGE: {wait_condition: {...}}}",
        ) {
            return;
        }
        for entry in entries(&node) {
            let (key, trail) = (&*entry.key.text, trail.key(&entry.key.text));
            if !subject.is_image(key) {
                let known: Vec<String> = subject.keys().collect();
                let message = format!("there is no image `{}`", crate::yaml::shorten(key));
                let found = Diagnostic::error("unknown-image", message).at(entry.key.span, "");
                let help = did_you_mean(key, known.iter().map(String::as_str));
                let help = help.unwrap_or_else(|| "name a key of `images`".to_owned());
                subject.harpoon.report(found.in_path(trail.to_string()).help(help));
                continue;
            }
            subject.harpoon.check_keys(&entry.value, &trail, keys::DEPENDENCY);
            let given = self.0.entry(key.to_owned()).or_default();
            given.has_terminal |=
                get(&entry.value, "attached").is_some_and(|entry| is_true(&entry.value));
            let Some(wait) = get(&entry.value, "wait_condition") else { continue };
            match &given.wait {
                None => {
                    let trail = trail.key("wait_condition");
                    given.wait = Some((wait.key.span, Arc::clone(&wait.value), trail));
                }
                Some((first, node, _)) if node.to_json() != wait.value.to_json() => {
                    let message =
                        format!("two images wait for `{}` in two ways", crate::yaml::shorten(key));
                    let found = Diagnostic::warning("unsupported", message)
                        .at(wait.key.span, "is not heard");
                    let found = found.also(*first, "is heard").in_path(trail.to_string());
                    subject
                        .harpoon
                        .report(found.help("write one `wait_condition` into that image"));
                }
                Some(_) => {}
            }
        }
    }
}
