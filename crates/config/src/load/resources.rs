//! Lists of resources that several files say for one bundle or image.
//!
//! Invariant: no resource is lost; a list that can't be joined with the others is an error at its place.

use std::sync::Arc;

use super::merge::merge;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::yaml::{Entry, Key, Mapping, Node, Value};

const RESOURCES: &str = "resources";

/// `merged` with the resources of all its parts, in their order.
pub(super) fn join(
    merged: &Arc<Node>,
    parts: &[Arc<Node>],
    diagnostics: &mut Diagnostics,
) -> Arc<Node> {
    let images = merged.as_mapping().and_then(|map| map.get("images"));
    let images = images.and_then(|entry| entry.value.as_mapping()).map(Mapping::entries);
    let of_images = images.into_iter().flatten().map(|image| vec!["images", &image.key.text]);
    let owners = std::iter::once(Vec::new()).chain(of_images);
    let joined: Vec<_> = owners
        .filter_map(|owner| {
            let lists: Vec<_> = parts.iter().filter_map(|part| list(part, &owner)).collect();
            let joined = join_lists(&lists, diagnostics)?;
            let path = owner.iter().chain([&RESOURCES]).rev();
            Some(path.fold(joined, |node, name| under(name, node)))
        })
        .collect();
    joined.iter().fold(Arc::clone(merged), |root, over| merge(&root, over))
}

/// What a file says as the resources of an owner.
fn list<'a>(part: &'a Node, owner: &[&str]) -> Option<&'a Arc<Node>> {
    let get = |node: &'a Node, name: &str| Some(&node.as_mapping()?.get(name)?.value);
    let owner = owner.iter().try_fold(part, |node, name| get(node, name).map(Arc::as_ref))?;
    get(owner, RESOURCES).filter(|node| !node.is_null())
}

fn join_lists(lists: &[&Arc<Node>], diagnostics: &mut Diagnostics) -> Option<Arc<Node>> {
    let (last, _) = lists.split_last().filter(|(_, others)| !others.is_empty())?;
    let mut all = Vec::new();
    for list in lists {
        if let Value::Sequence(items) = &list.value {
            all.extend(items.iter().cloned());
            continue;
        }
        let message = format!("expected a list of resources, found {}", list.describe());
        let found = Diagnostic::error("wrong-type", message).at(list.span, "");
        let help = "several files say these resources: those of each are a list";
        diagnostics.push(found.in_path(RESOURCES).help(help));
    }
    Some(Arc::new(Node::new(last.span, Value::Sequence(all))))
}

fn under(name: &str, value: Arc<Node>) -> Arc<Node> {
    let span = value.span;
    let mut map = Mapping::default();
    map.replace(Entry { key: Key { text: name.into(), span }, value, merged: None });
    Arc::new(Node::new(span, Value::Mapping(map)))
}
