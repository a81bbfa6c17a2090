//! What an image is called.
//!
//! Invariant: an image's reference is known before any other image, container or task is read, so it can use no names
//! of those.

use std::collections::BTreeMap;

use windlass_model::SortedMap;
use windlass_model::image::familiar_reference;

use super::put;
use crate::read::{Field, Item, Reader};
use crate::scalar::image_reference;
use crate::template::Named;

/// What an image is called.
#[derive(Default)]
pub(super) struct Identity {
    image: Option<String>,
    name: Option<String>,
    index: Option<String>,
    prefix: Option<String>,
    tag: Option<String>,
}

const IDENTITY: &[Field<Identity>] = &[
    Field { name: "image", read: |n, r, i| put(&mut n.image, reference(r, i)) },
    Field { name: "name", read: |n, r, i| put(&mut n.name, r.string(i)) },
    Field { name: "index", read: |n, r, i| put(&mut n.index, r.string(i)) },
    Field { name: "image_index", read: |n, r, i| put(&mut n.index, r.string(i)) },
    Field { name: "image_name_prefix", read: |n, r, i| put(&mut n.prefix, r.string(i)) },
    Field { name: "tag", read: |n, r, i| put(&mut n.tag, r.string(i)) },
];

/// The keys that say what an image is called, of all that it has.
pub(super) fn identity(reader: &Reader, item: &Item, into: &mut Identity) {
    let Some(item) = reader.resolve(item) else { return };
    for field in IDENTITY {
        if let Some(value) = item.get(field.name).filter(|item| !item.node.is_null()) {
            (field.read)(into, reader, &value);
        }
    }
}

fn reference(reader: &Reader, item: &Item) -> Option<String> {
    reader.parse(item, |text| {
        image_reference(text).map(|image| familiar_reference(&image.to_string()))
    })
}

/// The primary reference: an external image's own, or `<index><name>:<tag>`.
pub(super) fn primary(
    reader: &Reader,
    item: &Item,
    key: &str,
    project: &str,
    identity: &Identity,
) -> String {
    if let Some(image) = &identity.image {
        return image.clone();
    }
    let lower = key.to_lowercase();
    let index = identity.index.as_deref().map_or(String::new(), |index| {
        if index.is_empty() || index.ends_with('/') {
            index.to_owned()
        } else {
            format!("{index}/")
        }
    });
    let name = match (&identity.name, &identity.prefix) {
        (Some(name), _) => name.clone(),
        (None, Some(prefix)) if !prefix.is_empty() => format!("{prefix}-{lower}"),
        (None, _) if !index.is_empty() => lower,
        (None, _) => format!("{project}/{lower}"),
    };
    let text = format!("{index}{name}");
    // A registry may have a port.
    let has_tag = name.rsplit('/').next().is_some_and(|last| last.contains([':', '@']));
    let full = match &identity.tag {
        None if has_tag => text,
        Some(tag) if has_tag => {
            let message = format!("\"{name}\" has a tag, and `tag` says {tag:?}");
            let found = reader.error(item, "conflict", message);
            reader.report(found.at(item.key_span(), "").help("write one of them"));
            text
        }
        tag => format!("{text}:{}", tag.as_deref().unwrap_or("latest")),
    };
    if let Err(error) = image_reference(&full) {
        let found = reader.error(
            item,
            "bad-value",
            format!("the image would be called {full}: {}", error.message),
        );
        reader.report(found.at(item.key_span(), "").maybe_help(error.help));
    }
    full
}

/// What a template sees of an image.
pub(super) fn named(reference: &str) -> Named {
    let mut parts = SortedMap::from([("reference", reference.to_owned())]);
    if let Ok(image) = image_reference(reference) {
        let registry = image.registry.map(|registry| format!("{registry}/")).unwrap_or_default();
        parts.insert("name", format!("{registry}{}", image.repository));
        parts.insert("tag", image.tag.unwrap_or_default());
    }
    Named { text: reference.to_owned(), parts, instances: BTreeMap::new() }
}
