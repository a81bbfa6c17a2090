//! Plain data as a tree with places: each place is in a text that lists the paths of the tree's keys.
//!
//! Invariant: a place's text is the path of the key that it belongs to, so a finding that knows only its place can be
//! told without one.

use std::path::Path as Directory;
use std::sync::Arc;

use serde_json::Value as Plain;

use crate::diagnostic::{Diagnostic, Diagnostics, Label};
use crate::read::Path;
use crate::source::{SourceMap, Span};
use crate::yaml::{Entry, Key, Mapping, Node, Style, Value};

/// A tree and the text that its places are in.
pub(super) struct Tree {
    pub(super) root: Arc<Node>,
    pub(super) sources: SourceMap,
}

impl Tree {
    pub(super) fn new(name: &str, directory: &Directory, plain: &Plain) -> Self {
        let mut text = String::new();
        list(plain, &Path::root(), &mut text);
        let mut sources = SourceMap::new();
        let file = sources.add(name, directory, text.as_str());
        let mut rest = Lines { next: Span::new(file, 0, 0), text: &text };
        Self { root: rest.node(plain, rest.next), sources }
    }
}

/// The paths of all keys and items, a line each, parents first.
fn list(plain: &Plain, path: &Path, text: &mut String) {
    let mut line = |path: &Path, value: &Plain| {
        // A name may be anything; a line has no end in it.
        text.push_str(&path.to_string().replace(['\n', '\r'], " "));
        text.push('\n');
        list(value, path, text);
    };
    match plain {
        Plain::Object(map) => {
            map.iter().for_each(|(key, value)| line(&path.key(key.as_str()), value));
        }
        Plain::Array(items) => {
            items.iter().enumerate().for_each(|(at, value)| line(&path.index(at), value));
        }
        Plain::Null | Plain::Bool(_) | Plain::Number(_) | Plain::String(_) => {}
    }
}

/// The lines of the text, taken one after the other in the order in which they were listed.
struct Lines<'a> {
    next: Span,
    text: &'a str,
}

impl Lines<'_> {
    fn take(&mut self) -> Span {
        let start = self.next.start as usize;
        let rest = self.text.get(start..).unwrap_or("");
        let end = start + rest.find('\n').unwrap_or(rest.len());
        self.next = Span::new(self.next.file, end + 1, end + 1);
        Span::new(self.next.file, start, end)
    }

    fn node(&mut self, plain: &Plain, span: Span) -> Arc<Node> {
        Arc::new(match plain {
            Plain::Null => Node::string(span, "null", Style::Plain),
            Plain::Bool(value) => Node::string(span, value.to_string(), Style::Plain),
            Plain::Number(value) => Node::string(span, value.to_string(), Style::Plain),
            // A string is a string, whatever stands in it: no number, no template, no variable.
            Plain::String(text) => Node::string(span, text.as_str(), Style::Rendered),
            Plain::Array(items) => {
                let items = items.iter().map(|item| {
                    let span = self.take();
                    self.node(item, span)
                });
                let items = items.collect();
                Node::new(span, Value::Sequence(items))
            }
            Plain::Object(entries) => {
                let mut map = Mapping::default();
                for (key, value) in entries {
                    let span = self.take();
                    let key = Key { text: key.as_str().into(), span };
                    map.replace(Entry { key, value: self.node(value, span), merged: None });
                }
                Node::new(span, Value::Mapping(map))
            }
        })
    }
}

/// Findings with paths in place of places.
pub(super) fn without_places(found: Diagnostics, sources: &SourceMap) -> Diagnostics {
    let mut all = Diagnostics::default();
    for item in found {
        all.push(without_place(item, sources));
    }
    all
}

fn without_place(mut found: Diagnostic, sources: &SourceMap) -> Diagnostic {
    if let Some(Label { span, text }) = found.primary.take() {
        // The place is often a part of what the finding is about.
        let place = sources.slice(span);
        if place.starts_with(&found.path) {
            place.clone_into(&mut found.path);
        }
        found.notes.extend(Some(text).filter(|text| !text.is_empty()));
    }
    let told = std::mem::take(&mut found.secondary).into_iter().map(|Label { span, text }| {
        format!("{}: {}", sources.slice(span), if text.is_empty() { "see here" } else { &text })
    });
    found.notes.extend(told);
    found.patch = None;
    found
}
