//! `wait_condition`: the native format's conditions, and commands for the rest.
//!
//! Invariant: patterns, values and paths are words of a command, never parts of a shell's line.

use std::sync::Arc;

use super::formatted::{Formatted, verbatim};
use super::keys;
use super::subject::Subject;
use super::trail::Trail;
use super::tree::{Made, entries, get, items, plain, sequence};
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::yaml::Node;

/// Bash where the image has it.
const BASH_OR_SH: &str =
    "command -v bash >/dev/null 2>&1 && exec bash -c \"$1\"; exec sh -c \"$1\"";
/// Whether what a URL gives is the second word.
const FETCH: &str = "test \"$(curl -fsS \"$1\" || wget -qO- \"$1\")\" = \"$2\"";

pub(super) fn wait(subject: &Subject<'_>, node: &Arc<Node>, trail: &Trail) -> Option<Arc<Node>> {
    if !super::container::is_mapping(subject, node, trail, "write {port_open: [5432]}") {
        return None;
    }
    subject.harpoon.check_keys(node, trail, keys::WAIT);
    let mut made = Made::at(node.span);
    let mut commands = pairs(subject, node, "greps", trail, |path, pattern, span| {
        let words = [Formatted::text("grep"), Formatted::text("-e"), pattern, path];
        sequence(span, words.iter().map(|word| word.node(span)).collect())
    });
    let mut values = Made::at(node.span);
    pairs(subject, node, "file_value", trail, |path, value, span| {
        if let Some(path) = path.as_text() {
            values.put(path, span, value.node(span));
        }
        plain(span, "")
    });
    if !values.is_empty() {
        made.set("file_value", values.node());
    }
    for key in ["port_open", "file_exists"] {
        let Some(entry) = get(node, key) else { continue };
        let all = items(&entry.value);
        let all = all.iter().filter_map(|item| subject.formatted(item, &trail.key(key)));
        made.put(key, entry.key.span, sequence(entry.value.span, all.collect()));
    }
    commands.extend(pairs(subject, node, "curl_result", trail, |url, value, span| {
        let words = ["sh", "-c", FETCH, "sh"].map(|word| verbatim(span, word));
        sequence(span, words.into_iter().chain([url.node(span), value.node(span)]).collect())
    }));
    if let Some(entry) = get(node, "command") {
        for item in items(&entry.value) {
            let Some(line) = subject.format(&item, &trail.key("command")) else { continue };
            let words = ["sh", "-c", BASH_OR_SH, "sh"].map(|word| verbatim(item.span, word));
            let words = words.into_iter().chain([line.node(item.span)]);
            commands.push(sequence(item.span, words.collect()));
        }
    }
    if !commands.is_empty() {
        made.set("commands", sequence(node.span, commands));
    }
    made.set("timeout", seconds(node, "timeout", 300));
    made.set("interval", seconds(node, "wait_between_attempts", 5));
    Some(made.node())
}

/// A number of seconds, which the native format wants with its unit.
fn seconds(node: &Node, key: &str, default: u32) -> Arc<Node> {
    let Some(entry) = get(node, key) else { return plain(node.span, &format!("{default}s")) };
    match entry.value.as_scalar().map(|scalar| scalar.text.parse::<f64>()) {
        Some(Ok(number)) if number >= 0.0 => {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a wait is no longer than that"
            )]
            let milliseconds = (number * 1000.0) as u64;
            plain(entry.value.span, &format!("{milliseconds}ms"))
        }
        _ => Arc::clone(&entry.value),
    }
}

/// Each entry of a mapping, both sides formatted.
fn pairs(
    subject: &Subject<'_>,
    node: &Arc<Node>,
    key: &str,
    trail: &Trail,
    mut make: impl FnMut(Formatted, Formatted, Span) -> Arc<Node>,
) -> Vec<Arc<Node>> {
    let Some(entry) = get(node, key) else { return Vec::new() };
    let trail = trail.key(key);
    if entry.value.as_mapping().is_none() {
        let message = format!("expected a mapping, found {}", entry.value.describe());
        let found = Diagnostic::error("wrong-type", message).at(entry.value.span, "");
        let found = found.in_path(trail.to_string());
        subject.harpoon.report(found.help(format!("write {key}: {{WHERE: WHAT}}")));
        return Vec::new();
    }
    let mut all = Vec::new();
    for pair in entries(&entry.value) {
        let name = Node::string(pair.key.span, &*pair.key.text, crate::yaml::Style::Quoted);
        let name = subject.format(&name, &trail);
        let value = subject.format(&pair.value, &trail.key(&pair.key.text));
        if let (Some(name), Some(value)) = (name, value) {
            all.push(make(name, value, pair.value.span));
        }
    }
    all
}
