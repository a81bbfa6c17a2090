//! `file`: a file with contents of its own, of another file, or of a template.
//!
//! Invariant: at most one of `contents`, `source` and `template`; none of them: it is there, whatever is in it.

use windlass_bundle::{File, FilePolicy};

use super::Type;
use super::content::{one_of, source, template, text};
use super::draft::{self, Draft, Form};
use super::mode::{mode, owner};
use crate::native::container::choice;
use crate::native::{put, set};
use crate::read::{Field, names};

pub(super) const TYPE: Type = Type {
    word: "file",
    keys: || names(&[KEYS]),
    read: |reader, item| {
        draft::read(reader, item, File::new(""), &FORM, |draft, reader, item| {
            one_of(reader, item, &["contents", "source", "template"]);
            if let Some(text) = template(reader, item, &mut draft.contents) {
                draft.kind.content = Some(text);
            }
        })
    },
};

const FORM: Form<File> =
    Form { keys: KEYS, short: Some("path"), takes_list: false, required: &["path"] };

const POLICIES: &[(&str, FilePolicy)] =
    &[("apply", FilePolicy::Apply), ("remove", FilePolicy::Remove)];

const KEYS: &[Field<Draft<File>>] = &[
    Field { name: "path", read: |d, r, i| set(&mut d.kind.path, r.string(i)) },
    Field {
        name: "contents",
        read: |d, r, i| {
            d.contents.push(i.span());
            put(&mut d.kind.content, text(r, i));
        },
    },
    Field {
        name: "source",
        read: |d, r, i| put(&mut d.kind.content, source(r, i, &mut d.sources)),
    },
    // Read last, with `vars`.
    Field { name: "template", read: |_, _, _| {} },
    Field { name: "vars", read: |_, _, _| {} },
    Field { name: "policy", read: |d, r, i| set(&mut d.kind.policy, choice(r, i, POLICIES)) },
    Field { name: "owner", read: |d, r, i| put(&mut d.kind.owner, owner(r, i)) },
    Field { name: "group", read: |d, r, i| put(&mut d.kind.group, owner(r, i)) },
    Field { name: "mode", read: |d, r, i| set(&mut d.kind.mode, mode(r, i)) },
    Field { name: "backup", read: |d, r, i| put(&mut d.kind.backup, r.string(i)) },
    Field { name: "follow", read: |d, r, i| set(&mut d.kind.follow, r.bool(i)) },
];
