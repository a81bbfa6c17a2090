//! Small grammars: `env`, `ports`, `mount` and `links`, whose parts are separated by colons.
//!
//! Invariant: colons in braces separate nothing; what comes out is the native format's own short form.

use std::sync::Arc;

use super::context::below_root;
use super::format_string::split_outside;
use super::formatted::{Formatted, verbatim};
use super::subject::Subject;
use super::trail::Trail;
use super::tree::{Made, entries, items, sequence};
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::yaml::{Node, Value};

/// The parts of an item, each formatted: a list's items, or what is between colons.
fn parts(subject: &Subject<'_>, node: &Arc<Node>, trail: &Trail) -> Option<Vec<Formatted>> {
    if let Some(items) = node.as_sequence() {
        let parts = items.iter().enumerate();
        return parts.map(|(at, part)| subject.format(part, &trail.index(at))).collect();
    }
    let Some(scalar) = node.as_scalar() else {
        let message = format!("expected text with colons, or a list, found {}", node.describe());
        let found = Diagnostic::error("wrong-type", message).at(node.span, "");
        let found = found.in_path(trail.to_string());
        subject.harpoon.report(found.help("write \"8080:80\" with colons, or its parts as a list"));
        return None;
    };
    let parts = split_outside(&scalar.text, ':').into_iter();
    parts.map(|part| subject.format_part(part, node, trail)).collect()
}

fn joined(parts: &[Formatted]) -> Formatted {
    let mut parts = parts.iter();
    let first = parts.next().cloned().unwrap_or_default();
    parts.fold(first, |all, part| all.and(Formatted::text(":")).and(part.clone()))
}

/// `NAME`, `NAME=value`, `NAME:default`, `[NAME, default]`.
pub(super) fn env(subject: &Subject<'_>, node: &Arc<Node>, trail: &Trail) -> Arc<Node> {
    let is_mapping = node.as_mapping().is_some();
    if is_mapping {
        let mut made = Made::at(node.span);
        for entry in entries(node) {
            if let Some(value) = subject.formatted(&entry.value, &trail.key(&entry.key.text)) {
                made.put(&entry.key.text, entry.key.span, value);
            }
        }
        return made.node();
    }
    let mut all = Vec::new();
    for (at, item) in items(node).iter().enumerate() {
        let trail = trail.index(at);
        let text = match &item.value {
            Value::Scalar(_) => subject.format(item, &trail),
            Value::Sequence(_) => parts(subject, item, &trail).map(|parts| joined(&parts)),
            Value::Mapping(_) => {
                all.push(env(subject, item, &trail));
                continue;
            }
        };
        let Some(text) = text else { continue };
        if let Some(name) = text.as_text().filter(|text| !text.contains(['=', ':'])) {
            subject.reads(name, item.span);
        }
        all.push(text.node(item.span));
    }
    sequence(node.span, all)
}

/// Ports that are published, and ports that others only see.
pub(super) fn ports(
    subject: &Subject<'_>,
    node: &Arc<Node>,
    trail: &Trail,
) -> (Vec<Arc<Node>>, Vec<Arc<Node>>) {
    let (mut published, mut seen) = (Vec::new(), Vec::new());
    for (at, item) in items(node).iter().enumerate() {
        let trail = trail.index(at);
        let Some(all) = parts(subject, item, &trail) else { continue };
        let is_none = |part: &Formatted| part.as_text() == Some("");
        let is_any = |part: &Formatted| matches!(part.as_text(), Some("" | "0"));
        match all.as_slice() {
            [only] => match only.as_text().filter(|text| text.contains(':')) {
                Some(_) => published.push(only.node(item.span)),
                None => seen.push(only.node(item.span)),
            },
            [empty, only] | [only, empty] if is_none(empty) => seen.push(only.node(item.span)),
            [host, container] if is_any(host) => published.push(container.node(item.span)),
            [address, host, container] if is_none(address) && !is_any(host) => {
                published.push(joined(&[host.clone(), container.clone()]).node(item.span));
            }
            [address, _, container] if is_none(address) => {
                published.push(container.node(item.span));
            }
            [address, host, container] if is_any(host) => {
                let any = Formatted::text("");
                published.push(joined(&[address.clone(), any, container.clone()]).node(item.span));
            }
            all => published.push(joined(all).node(item.span)),
        }
    }
    (published, seen)
}

/// `local:container[:perm]`; whatever is not `rw` is read-only.
pub(super) fn mounts(subject: &Subject<'_>, node: &Arc<Node>, trail: &Trail) -> Arc<Node> {
    let mut all = Vec::new();
    for (at, item) in items(node).iter().enumerate() {
        let trail = trail.index(at);
        let Some(found) = parts(subject, item, &trail) else { continue };
        let (local, container, permission) = match found.as_slice() {
            [local, container] => (local, container, None),
            [local, container, permission] => (local, container, Some(permission)),
            _ => {
                let message = "a mount has two or three parts";
                let found = Diagnostic::error("bad-value", message).at(item.span, "");
                let help =
                    "write \"/on/the/host:/in/the/container\", with `:ro` where nothing is written";
                subject.harpoon.report(found.in_path(trail.to_string()).help(help));
                continue;
            }
        };
        let is_read_only = permission.is_some_and(|permission| permission.as_text() != Some("rw"));
        all.push(mount(subject, item.span, local, container, is_read_only));
    }
    sequence(node.span, all)
}

/// A volume of the engine by its name, or a directory, which is made if it is not there.
fn mount(
    subject: &Subject<'_>,
    span: Span,
    local: &Formatted,
    container: &Formatted,
    is_read_only: bool,
) -> Arc<Node> {
    let is_name = |name: &&str| !name.contains('/') && !name.starts_with(['.', '~']);
    if let Some(name) = local.as_text().filter(is_name) {
        subject.uses.borrow_mut().volumes.insert((name.to_owned(), span));
        let end = if is_read_only { ":ro" } else { "" };
        let text = joined(&[local.clone(), container.clone()]).and(Formatted::text(end));
        return text.node(span);
    }
    let mut made = Made::at(span);
    made.word("type", "bind");
    made.set("source", below_root(local.clone()).node(span));
    made.set("target", container.node(span));
    if is_read_only {
        made.word("read_only", "true");
    }
    made.word("create_host_path", "true");
    made.node()
}

/// `container[:alias]`: containers of the file by their images.
pub(super) fn links(subject: &Subject<'_>, node: &Arc<Node>, trail: &Trail) -> Arc<Node> {
    let mut all = Vec::new();
    for (at, item) in items(node).iter().enumerate() {
        let trail = trail.index(at);
        let Some(found) = parts(subject, item, &trail) else { continue };
        let (target, alias) = match found.as_slice() {
            [target] => (target, None),
            [target, alias] => (target, Some(alias)),
            _ => continue,
        };
        let Some(key) = container_of(subject, target) else {
            let message = "a container that is no image of this file can't be linked";
            let found = Diagnostic::warning("unsupported", message).at(item.span, "");
            let help =
                "write `[\"{images.NAME}\", alias]`, or `network: {network_mode: container:NAME}`";
            subject.harpoon.report(found.in_path(trail.to_string()).help(help));
            continue;
        };
        subject.uses.borrow_mut().has_links = true;
        let parts = [verbatim(item.span, &key)].into_iter();
        let alias = alias.map(|alias| alias.node(item.span));
        all.push(sequence(item.span, parts.chain(alias).collect()));
    }
    sequence(node.span, all)
}

/// The key of the image whose container is meant.
pub(super) fn container_of(subject: &Subject<'_>, target: &Formatted) -> Option<String> {
    if let Some(key) = target.as_image() {
        return Some(key.to_owned());
    }
    let name = target.as_text()?;
    subject.keys().find(|key| {
        let other = subject.of(key);
        let called = other.option("container_name");
        called.is_some_and(|(_, node, _)| node.as_scalar().is_some_and(|text| &*text.text == name))
    })
}
