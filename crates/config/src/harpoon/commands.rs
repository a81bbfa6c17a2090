//! `commands`: which parts of each are format strings.
//!
//! Invariant: a command stays one item, at its place; the native format decides what is wrong with its form.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::context;
use super::formatted::verbatim;
use super::subject::Subject;
use super::trail::Trail;
use super::tree::{Made, entries, items, sequence};
use crate::yaml::{Entry, Node, Scalar, Value};

pub(super) struct Commands<'s, 't> {
    subject: &'s Subject<'t>,
    /// Names of stages, which come before names of images.
    stages: BTreeSet<String>,
    /// Whether a command takes files from the build context.
    pub(super) reads_context: bool,
}

/// Of several texts each is a line of its own, of which the last one counts.
const SINGLE: [&str; 3] = ["CMD", "ENTRYPOINT", "SHELL"];

impl<'s, 't> Commands<'s, 't> {
    pub(super) fn new(subject: &'s Subject<'t>) -> Self {
        Self { subject, stages: BTreeSet::new(), reads_context: false }
    }

    pub(super) fn read(&mut self, node: &Arc<Node>, trail: &Trail) -> Vec<Arc<Node>> {
        let mut all = Vec::new();
        for (at, item) in items(node).iter().enumerate() {
            let trail = trail.index(at);
            match &item.value {
                Value::Scalar(scalar) => all.push(self.line(item, scalar)),
                Value::Sequence(parts) => self.listed(item, parts, &trail, &mut all),
                Value::Mapping(map) => match map.entries() {
                    [entry] => {
                        let value = self.complex(
                            &entry.key.text,
                            &entry.value,
                            &trail.key(&entry.key.text),
                        );
                        all.push(keyed(entry, value));
                    }
                    _ => all.push(Arc::clone(item)),
                },
            }
        }
        all
    }

    /// A line as it is. Braces in it are the shell's.
    fn line(&mut self, item: &Node, scalar: &Scalar) -> Arc<Node> {
        let text = scalar.text.trim();
        let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        self.look_at(word, rest);
        if word.eq_ignore_ascii_case("FROM") && !rest.is_empty() {
            return verbatim(item.span, &format!("{word} {}", self.outside(rest.trim_start())));
        }
        verbatim(item.span, &scalar.text)
    }

    fn listed(
        &mut self,
        item: &Arc<Node>,
        parts: &[Arc<Node>],
        trail: &Trail,
        all: &mut Vec<Arc<Node>>,
    ) {
        let ([action, second] | [action, second, _]) = parts else {
            return all.push(Arc::clone(item));
        };
        let word = action.as_scalar().map_or("", |scalar| &*scalar.text).trim().to_owned();
        let trail = trail.index(1);
        let first = verbatim(action.span, &word);
        match &second.value {
            Value::Mapping(_) => {
                let trail = trail.key(&word);
                all.push(sequence(item.span, vec![first, self.complex(&word, second, &trail)]));
            }
            Value::Sequence(texts) => {
                let texts = texts
                    .iter()
                    .enumerate()
                    .filter_map(|(at, text)| self.text(&word, text, &trail.index(at)));
                let texts: Vec<_> = texts.collect();
                if SINGLE.iter().any(|single| word.eq_ignore_ascii_case(single)) {
                    let lines = texts.into_iter();
                    all.extend(
                        lines.map(|text| sequence(item.span, vec![Arc::clone(&first), text])),
                    );
                } else {
                    all.push(sequence(item.span, vec![first, sequence(second.span, texts)]));
                }
            }
            Value::Scalar(_) => {
                let Some(text) = self.text(&word, second, &trail) else { return };
                let third = parts.get(2).map(|third| match third.as_scalar() {
                    Some(scalar) => {
                        self.look_at("FROM", &format!("x {}", scalar.text));
                        verbatim(third.span, &scalar.text)
                    }
                    None => Arc::clone(third),
                });
                all.push(sequence(item.span, [first, text].into_iter().chain(third).collect()));
            }
        }
    }

    fn text(&mut self, word: &str, node: &Node, trail: &Trail) -> Option<Arc<Node>> {
        let text = self.subject.format(node, trail)?;
        let known = text.as_text().unwrap_or("").to_owned();
        self.look_at(word, &known);
        if word.eq_ignore_ascii_case("FROM") && !known.is_empty() {
            return Some(verbatim(node.span, &self.outside(&known)));
        }
        Some(text.node(node.span))
    }

    /// Notes the name of a stage, and what reads the build context.
    fn look_at(&mut self, word: &str, text: &str) {
        let mut words = text.split_whitespace();
        match word.to_ascii_uppercase().as_str() {
            "FROM" => {
                let mut after = words.skip_while(|word| !word.eq_ignore_ascii_case("as"));
                self.stages.extend(after.nth(1).map(str::to_lowercase));
            }
            "ADD" | "COPY" => {
                self.reads_context |=
                    !text.split_whitespace().any(|word| word.starts_with("--from="));
            }
            "RUN" => {
                self.reads_context |= words
                    .any(|word| word.starts_with("--mount=") && !word.contains("type="))
                    || text.contains("type=bind");
            }
            _ => {}
        }
    }

    /// An image that is named in so many words is one from outside, also if an image of the file has that key.
    fn outside(&self, text: &str) -> String {
        let (image, rest) = text.split_at(text.find(char::is_whitespace).unwrap_or(text.len()));
        let is_key = self.subject.is_image(image) && !self.stages.contains(&image.to_lowercase());
        if is_key && !image.contains([':', '@']) {
            format!("{image}:latest{rest}")
        } else {
            text.to_owned()
        }
    }

    /// The options of ADD and COPY.
    fn complex(&mut self, word: &str, node: &Arc<Node>, trail: &Trail) -> Arc<Node> {
        let Some(_) = node.as_mapping() else { return Arc::clone(node) };
        let is_add = word.eq_ignore_ascii_case("ADD");
        if is_add {
            let known =
                ["content", "context", "get", "formatted", "prefix", "dest", "mode", "owner"];
            self.subject.harpoon.check_keys(node, trail, &known);
        }
        let mut made = Made::at(node.span);
        for entry in entries(node).filter(|entry| !is_add || &*entry.key.text != "mtime") {
            let trail = trail.key(&entry.key.text);
            let value = match &*entry.key.text {
                "content" => self.content(&entry.value, &trail),
                "context" => context::options(self.subject, &entry.value, &trail),
                "get" => {
                    self.reads_context = true;
                    let paths = items(&entry.value);
                    let paths =
                        paths.iter().filter_map(|path| self.subject.formatted(path, &trail));
                    Some(sequence(entry.value.span, paths.collect()))
                }
                "formatted" | "dest" => self.subject.formatted(&entry.value, &trail),
                "from" => self.copied_from(&entry.value, &trail),
                _ => Some(literal(&entry.value)),
            };
            if let Some(value) = value {
                made.put(&entry.key.text, entry.key.span, value);
            }
        }
        made.node()
    }

    /// Text as it is, or a path of an image.
    fn content(&self, node: &Arc<Node>, trail: &Trail) -> Option<Arc<Node>> {
        if node.as_mapping().is_none() {
            return Some(literal(node));
        }
        let mut made = Made::at(node.span);
        for entry in entries(node) {
            let trail = trail.key(&entry.key.text);
            let value = match &*entry.key.text {
                "image" => self.copied_from(&entry.value, &trail),
                _ => self.subject.formatted(&entry.value, &trail),
            };
            made.put(&entry.key.text, entry.key.span, value?);
        }
        Some(made.node())
    }

    /// An image, or the number of a stage.
    fn copied_from(&self, node: &Arc<Node>, trail: &Trail) -> Option<Arc<Node>> {
        let text = self.subject.format(node, trail)?;
        match text.as_text().filter(|_| !text.is_number) {
            Some(known) => Some(verbatim(node.span, &self.outside(known))),
            None if text.is_number => Some(Arc::clone(node)),
            None => Some(text.node(node.span)),
        }
    }
}

fn literal(node: &Arc<Node>) -> Arc<Node> {
    match node.as_scalar() {
        Some(scalar) if matches!(scalar.resolve(), crate::yaml::Resolved::String(_)) => {
            verbatim(node.span, &scalar.text)
        }
        _ => Arc::clone(node),
    }
}

fn keyed(entry: &Entry, value: Arc<Node>) -> Arc<Node> {
    let mut made = Made::at(entry.key.span.to(entry.value.span));
    made.put(&entry.key.text, entry.key.span, value);
    made.node()
}
