//! What is in a file: text, another file, a template.
//!
//! Invariant: a template is rendered when it is read, with the names of the file that names it; mistakes in it are
//! placed in its own text.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use windlass_bundle::Content;

use crate::diagnostic::Diagnostic;
use crate::read::{Item, Reader, Spanned};
use crate::source::Span;
use crate::yaml::{Node, Style};

/// Text as it stands; an empty value is an empty file.
pub(super) fn text(reader: &Reader, item: &Item) -> Option<Content> {
    reader.string(item).map(Content::Text)
}

/// A file of this machine, by a path that starts from the file that names it.
pub(super) fn source(
    reader: &Reader,
    item: &Item,
    sources: &mut Vec<Spanned<String>>,
) -> Option<Content> {
    let path = reader.path(item)?;
    sources.push(Spanned::new(path.clone(), item.span()));
    Some(Content::File(PathBuf::from(path)))
}

/// Reports the second of keys that exclude each other.
pub(super) fn one_of(reader: &Reader, item: &Item, keys: &[&str]) {
    let mut given = keys.iter().filter_map(|key| {
        let found = item.get(key).filter(|found| !found.node.is_null());
        found.map(|found| (*key, found.key_span()))
    });
    let (Some((first, first_span)), Some((second, span))) = (given.next(), given.next()) else {
        return;
    };
    let message = format!("`{first}` and `{second}` exclude each other");
    let found = Diagnostic::error("conflict", message).at(span, "");
    let found = found.also(first_span, "first").in_path(item.path.to_string());
    reader.report(found.help("remove one of them"));
}

/// The text that `template` gives with `vars`, if it is there; `hidden`: what no excerpt shows if it is sensitive.
pub(super) fn template(reader: &Reader, item: &Item, hidden: &mut Vec<Span>) -> Option<Content> {
    let given = |key| item.get(key).filter(|found: &Item| !found.node.is_null());
    let vars = given("vars");
    let Some(template) = given("template") else {
        if let Some(vars) = vars {
            let found = reader.error(&vars, "bad-value", "`vars` are for a `template`");
            let help = "templates in `contents` see the `vars` of the file";
            reader.report(found.at(vars.key_span(), "").help(help));
        }
        return None;
    };
    if let Some(vars) = vars.as_ref().filter(|vars| vars.node.as_mapping().is_none()) {
        reader.expected(vars, "a mapping of variables", None);
        return None;
    }
    let path = reader.path(&template)?;
    let node = Arc::new(read(reader, &template, &path)?);
    hidden.push(node.span);
    let rendered = Item { node, path: template.path.clone(), key: None };
    let templates = reader.templates();
    let text = match vars {
        Some(vars) => templates.with_vars(&vars.node, || reader.string(&rendered)),
        None => reader.string(&rendered),
    };
    text.map(Content::Text)
}

/// The file as a text that is known to the load, so that what is wrong in it has its place there.
fn read(reader: &Reader, item: &Item, path: &str) -> Option<Node> {
    let file = Path::new(path);
    let text = match windlass_files::read_text(file, windlass_files::TEXT_MAX_BYTES) {
        Ok(text) => text,
        Err(error) => {
            let message = format!("the template {path} cannot be read: {error}");
            reader.report(reader.error(item, "unreadable-file", message));
            return None;
        }
    };
    let directory = file.parent().map(Path::to_path_buf).unwrap_or_default();
    let id = reader.add_source(path.to_owned(), directory, text.clone());
    // Quoted, so that it is a text whatever it looks like.
    Some(Node::string(Span::new(id, 0, text.len()), text, Style::Quoted))
}
