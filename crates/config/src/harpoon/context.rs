//! `context`: Harpoon's keys in the native format's.
//!
//! Invariant: what Harpoon did by itself (no .dockerignore, directories behind links) is said.

use std::sync::Arc;

use super::formatted::{Formatted, Piece, verbatim};
use super::keys;
use super::subject::Subject;
use super::trail::Trail;
use super::tree::{Made, entries, items, sequence};
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::yaml::{Node, Resolved};

/// Of an image. Where nothing is said of it, only what reads it has one.
pub(super) fn context(subject: &Subject<'_>, is_read: bool) -> Option<(Span, Arc<Node>)> {
    match subject.option("context") {
        Some((key, node, trail)) => {
            let is_on = super::image::is_true(&node);
            if is_on && !is_read {
                return None;
            }
            Some((key, options(subject, &node, &trail)?))
        }
        None if is_read => Some((subject.span, whole(subject.span).node())),
        None => None,
    }
}

/// All of the directory of the main file.
fn whole(span: Span) -> Made {
    let mut made = Made::at(span);
    made.set("dir", Formatted::piece(Piece::Root).node(span));
    made.word("use_dockerignore", "false");
    made.word("follow_links", "true");
    made
}

/// `true`, `false` or a mapping.
pub(super) fn options(subject: &Subject<'_>, node: &Arc<Node>, trail: &Trail) -> Option<Arc<Node>> {
    match node.as_scalar().map(crate::yaml::Scalar::resolve) {
        Some(Resolved::Bool(true)) => return Some(whole(node.span).node()),
        Some(Resolved::Bool(false)) => return Some(Arc::clone(node)),
        _ => {}
    }
    if node.as_mapping().is_none() {
        let message = format!("expected true, false or a mapping, found {}", node.describe());
        let found = Diagnostic::error("wrong-type", message).at(node.span, "");
        subject.harpoon.report(found.in_path(trail.to_string()).help("write {parent_dir: src}"));
        return None;
    }
    subject.harpoon.check_keys(node, trail, keys::CONTEXT);
    let mut made = whole(node.span);
    for entry in entries(node) {
        let (key, value, at) = (&*entry.key.text, &entry.value, entry.key.span);
        let trail_of = trail.key(key);
        match key {
            "parent_dir" => {
                if let Some(dir) = subject.format(value, &trail_of) {
                    made.put("dir", at, below_root(dir).node(value.span));
                }
            }
            "include" | "exclude" => {
                let globs = items(value);
                let globs = globs.iter().map(|glob| match glob.as_scalar() {
                    Some(scalar) => verbatim(glob.span, &scalar.text),
                    None => Arc::clone(glob),
                });
                made.put(key, at, sequence(value.span, globs.collect()));
            }
            "enabled" | "use_gitignore" => made.put(key, at, Arc::clone(value)),
            "find_options" => {
                let is_said = value.as_scalar().is_some_and(|scalar| !scalar.text.is_empty());
                if is_said {
                    let why = "windlass looks for files itself, without `find`";
                    subject.harpoon.unsupported(entry, trail, why, "leave files out by `exclude`");
                }
            }
            "ignore_find_errors" if super::image::is_true(value) => {
                let why = "a file that can't be read ends the build";
                subject.harpoon.unsupported(entry, trail, why, "leave it out by `exclude`");
            }
            _ => {}
        }
    }
    Some(made.node())
}

/// A relative path starts at the directory of the main file, whichever file says it.
pub(super) fn below_root(path: Formatted) -> Formatted {
    match path.beginning() {
        Some(text) if !text.starts_with(['/', '~']) => {
            Formatted::piece(Piece::Root).and(Formatted::text("/")).and(path)
        }
        _ => path,
    }
}
