//! An image's own part: what it is called and how it is built.

use std::sync::Arc;

use super::commands::Commands;
use super::context::context;
use super::formatted::Formatted;
use super::subject::Subject;
use super::tree::{Made, items, sequence};
use crate::yaml::{Node, Resolved};

/// Put at the end of every image's name.
const EXTRA_NAME: &str = "EXTRA_IMAGE_NAME";

pub(super) fn image(subject: &Subject<'_>) -> Arc<Node> {
    let mut image = Made::at(subject.span);
    let (index, name) = called(subject);
    if let Some(index) = index {
        image.set("index", index.node(subject.span));
        image.word("push", "true");
    }
    if let Some(name) = name {
        image.set("name", name.node(subject.span));
    }
    if let Some((key, node, trail)) = subject.option("tag")
        && let Some(tag) = subject.formatted(&node, &trail)
    {
        image.put("tag", key, tag);
    }
    let mut reads_context = false;
    if let Some((key, node, trail)) = subject.option("commands") {
        let mut commands = Commands::new(subject);
        let all = commands.read(&node, &trail);
        reads_context = commands.reads_context;
        image.put("commands", key, sequence(node.span, all));
    }
    if let Some((key, context)) = context(subject, reads_context) {
        image.put("context", key, context);
    }
    cache_from(subject, &mut image);
    // What harms images of others has no place here.
    if let Some((_, node, _)) = subject.option("cleanup_intermediate_images")
        && is_true(&node)
        && let Some(entry) = super::tree::get(&subject.options, "cleanup_intermediate_images")
    {
        let why = "windlass keeps intermediate images: they are the cache of the next build";
        subject.harpoon.unsupported(
            entry,
            &subject.trail,
            why,
            "`windlass clean` removes what has no name",
        );
    }
    image.node()
}

/// The image under another name, which ends with that of a task.
pub(super) fn apart(subject: &Subject<'_>, image: &Node, task: &str) -> Arc<Node> {
    let mut made = Made::at(subject.span);
    for entry in super::tree::entries(image) {
        made.put(&entry.key.text, entry.key.span, Arc::clone(&entry.value));
    }
    if let (_, Some(name)) = called(subject) {
        let own = name.and(Formatted::text(format!("-{}", task.to_lowercase())));
        made.set("name", own.node(subject.span));
    }
    made.node()
}

pub(super) fn is_true(node: &Node) -> bool {
    node.as_scalar().is_some_and(|scalar| scalar.resolve() == Resolved::Bool(true))
}

/// What stands before the name, up to a slash, and the name.
fn called(subject: &Subject<'_>) -> (Option<Formatted>, Option<Formatted>) {
    let of = |key: &str| {
        let (_, node, trail) = subject.option(key)?;
        subject.format(&node, &trail)
    };
    if let Some(whole) = of("image_name") {
        return (None, Some(whole));
    }
    let name = match subject.option("name") {
        Some((_, node, trail)) => subject.format(&node, &trail),
        None => Some(Formatted::text(&*subject.key)),
    };
    let is_said = |text: &Formatted| text.as_text() != Some("");
    let mut name = match (of("image_name_prefix").filter(is_said), name) {
        (Some(prefix), Some(name)) => prefix.and(Formatted::text("-")).and(name),
        (_, Some(name)) => name,
        (_, None) => return (None, None),
    };
    let surroundings = &subject.harpoon.surroundings;
    if let Some(extra) = surroundings.env.get(EXTRA_NAME).filter(|_| !surroundings.is_written) {
        name.push(Formatted::text(extra));
    }
    match of("image_index").filter(is_said) {
        // Without a slash at its end it is the beginning of the name.
        Some(index) if index.as_text().is_some_and(|text| !text.ends_with('/')) => {
            (None, Some(index.and(name)))
        }
        index => (index, Some(name)),
    }
}

/// `name:tag`, as far as that is known.
pub(super) fn reference(subject: &Subject<'_>) -> Option<String> {
    let (index, name) = called(subject);
    let tag = subject.option("tag");
    let tag =
        tag.and_then(|(_, node, trail)| Some(subject.format(&node, &trail)?.as_text()?.to_owned()));
    let index = index.map_or(Some(String::new()), |index| index.as_text().map(str::to_owned))?;
    Some(format!("{index}{}:{}", name?.as_text()?, tag.as_deref().unwrap_or("latest")))
}

/// True is its own name; images of the file are meant by their names, and are not built for it.
fn cache_from(subject: &Subject<'_>, image: &mut Made) {
    let Some((key, node, trail)) = subject.option("cache_from") else { return };
    match node.as_scalar().map(crate::yaml::Scalar::resolve) {
        Some(Resolved::Bool(false)) => return,
        Some(Resolved::Bool(true)) => {
            let own = reference(subject).map(|text| Formatted::text(text).node(node.span));
            return image.put("cache_from", key, sequence(node.span, own.into_iter().collect()));
        }
        _ => {}
    }
    let mut all = Vec::new();
    for (at, item) in items(&node).iter().enumerate() {
        let trail = trail.index(at);
        let used = subject.uses.borrow().clone();
        let Some(text) = subject.format(item, &trail) else { continue };
        let Some(other) = text.as_image() else {
            all.push(text.node(item.span));
            continue;
        };
        let other = subject.of(other);
        *subject.uses.borrow_mut() = used;
        all.extend(reference(&other).map(|text| Formatted::text(text).node(item.span)));
    }
    if all.is_empty() {
        return;
    }
    image.put("cache_from", key, sequence(node.span, all));
}
