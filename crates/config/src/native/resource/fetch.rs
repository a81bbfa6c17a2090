//! `fetch`: a download, or what is in an archive.
//!
//! Invariant: it never stands alone: without a digest nobody knows what it is.

use windlass_bundle::Fetch;

use super::Type;
use super::draft::{self, Draft, Form};
use super::mode::{mode, owner};
use super::url::url;
use crate::native::{put, set};
use crate::read::{Field, Item, Reader, names};

pub(super) const TYPE: Type = Type {
    word: "fetch",
    keys: || names(&[KEYS]),
    read: |reader, item| {
        let empty = Fetch { urls: Vec::new(), ..Fetch::new("", "", "") };
        draft::read(reader, item, empty, &FORM, |_, _, _| {})
    },
};

const FORM: Form<Fetch> =
    Form { keys: KEYS, short: None, takes_list: false, required: &["path", "urls", "sha256"] };

const KEYS: &[Field<Draft<Fetch>>] = &[
    Field { name: "path", read: |d, r, i| set(&mut d.kind.path, r.string(i)) },
    Field { name: "urls", read: |d, r, i| d.kind.urls = urls(r, i) },
    Field {
        name: "sha256",
        read: |d, r, i| {
            set(&mut d.kind.sha256, r.string(i).map(|digest| digest.to_ascii_lowercase()));
        },
    },
    Field { name: "owner", read: |d, r, i| put(&mut d.kind.owner, owner(r, i)) },
    Field { name: "group", read: |d, r, i| put(&mut d.kind.group, owner(r, i)) },
    Field { name: "mode", read: |d, r, i| put(&mut d.kind.mode, mode(r, i)) },
    Field { name: "directory_mode", read: |d, r, i| set(&mut d.kind.directory_mode, mode(r, i)) },
    Field { name: "extract", read: |d, r, i| set(&mut d.kind.extract, r.bool(i)) },
    Field {
        name: "strip",
        read: |d, r, i| set(&mut d.kind.strip, r.integer(i, "how many parts of names go")),
    },
    Field { name: "prune", read: |d, r, i| set(&mut d.kind.prune, r.bool(i)) },
];

/// One or more; what is no URL is a file by a path that starts from the file that names it.
fn urls(reader: &Reader, item: &Item) -> Vec<String> {
    let place = |item: Item| {
        let text = url(reader, &item)?;
        if text.is_empty() || text.contains("://") {
            return Some(text);
        }
        Some(format!("file://{}", reader.absolute(&item, &text)))
    };
    reader.list_or_one(item).into_iter().filter_map(place).collect()
}
