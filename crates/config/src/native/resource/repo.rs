//! `repo`: where a package manager looks for packages.
//!
//! Invariant: its key is a text or a file of this machine, never something that is looked for.

use windlass_bundle::{PackageSystem, Repo, RepoPolicy};

use super::Type;
use super::content::{one_of, source, text};
use super::draft::{self, Draft, Form};
use super::url::url;
use crate::native::container::choice;
use crate::native::{put, set};
use crate::read::{Field, names};

pub(super) const TYPE: Type = Type {
    word: "repo",
    keys: || names(&[KEYS]),
    read: |reader, item| {
        draft::read(reader, item, Repo::new("", ""), &FORM, |_, reader, item| {
            one_of(reader, item, &["key", "key_source"]);
        })
    },
};

const FORM: Form<Repo> = Form { keys: KEYS, short: None, takes_list: false, required: &["name"] };

const POLICIES: &[(&str, RepoPolicy)] =
    &[("apply", RepoPolicy::Apply), ("remove", RepoPolicy::Remove)];

pub(super) const MANAGERS: &[(&str, PackageSystem)] =
    &[("apt", PackageSystem::Apt), ("apk", PackageSystem::Apk), ("dnf", PackageSystem::Dnf)];

const KEYS: &[Field<Draft<Repo>>] = &[
    Field { name: "name", read: |d, r, i| set(&mut d.kind.name, r.string(i)) },
    Field { name: "manager", read: |d, r, i| put(&mut d.kind.manager, choice(r, i, MANAGERS)) },
    Field { name: "url", read: |d, r, i| set(&mut d.kind.url, url(r, i)) },
    Field { name: "suites", read: |d, r, i| d.kind.suites = r.strings(i) },
    Field { name: "components", read: |d, r, i| d.kind.components = r.strings(i) },
    Field { name: "architectures", read: |d, r, i| d.kind.architectures = r.strings(i) },
    Field { name: "key", read: |d, r, i| put(&mut d.kind.key, text(r, i)) },
    Field {
        name: "key_source",
        read: |d, r, i| put(&mut d.kind.key, source(r, i, &mut d.sources)),
    },
    Field { name: "key_name", read: |d, r, i| put(&mut d.kind.key_name, r.string(i)) },
    Field { name: "policy", read: |d, r, i| set(&mut d.kind.policy, choice(r, i, POLICIES)) },
];
