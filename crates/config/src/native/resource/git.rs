//! `git`: what is in a commit of a repository.
//!
//! Invariant: a repository of this machine is named by a path that starts from the file that names it.

use windlass_bundle::Git;

use super::Type;
use super::draft::{self, Draft, Form};
use super::mode::owner;
use super::url::url;
use crate::native::{put, set};
use crate::read::{Field, Item, Reader, names};

pub(super) const TYPE: Type = Type {
    word: "git",
    keys: || names(&[KEYS]),
    read: |reader, item| draft::read(reader, item, Git::new("", "", ""), &FORM, |_, _, _| {}),
};

const FORM: Form<Git> =
    Form { keys: KEYS, short: None, takes_list: false, required: &["path", "repository", "rev"] };

const KEYS: &[Field<Draft<Git>>] = &[
    Field { name: "path", read: |d, r, i| set(&mut d.kind.path, r.string(i)) },
    Field { name: "repository", read: |d, r, i| set(&mut d.kind.repository, repository(r, i)) },
    Field { name: "rev", read: |d, r, i| set(&mut d.kind.rev, r.string(i)) },
    Field { name: "submodules", read: |d, r, i| set(&mut d.kind.submodules, r.bool(i)) },
    Field { name: "owner", read: |d, r, i| put(&mut d.kind.owner, owner(r, i)) },
    Field { name: "group", read: |d, r, i| put(&mut d.kind.group, owner(r, i)) },
    Field { name: "prune", read: |d, r, i| set(&mut d.kind.prune, r.bool(i)) },
];

/// A URL or `user@host:path` as it stands, and a path.
fn repository(reader: &Reader, item: &Item) -> Option<String> {
    let text = url(reader, item)?;
    let is_path = text.starts_with(['.', '/', '~']) || !text.contains(':');
    Some(if is_path && !text.is_empty() { reader.absolute(item, &text) } else { text })
}
