//! `package`: packages of the target's own system.
//!
//! Invariant: a text or a list alone is their names.

use windlass_bundle::{Package, PackagePolicy};

use super::Type;
use super::common::words;
use super::draft::{self, Draft, Form};
use super::repo::MANAGERS;
use crate::native::container::choice;
use crate::native::{put, set};
use crate::read::{Field, names};

pub(super) const TYPE: Type = Type {
    word: "package",
    keys: || names(&[KEYS]),
    read: |reader, item| {
        let none = Package::new(Vec::<String>::new());
        draft::read(reader, item, none, &FORM, |draft, reader, item| {
            let version = item.get("version");
            if let (Some(version), [name, ..]) = (version, draft.kind.names.as_slice()) {
                let word = version.node.as_scalar().map_or("VERSION", |scalar| &*scalar.text);
                let name = crate::yaml::shorten(name);
                let help = format!("write `{name}={}`", crate::yaml::shorten(word));
                reader.advise(version.key_span(), &help);
            }
        })
    },
};

const FORM: Form<Package> =
    Form { keys: KEYS, short: Some("names"), takes_list: true, required: &["names"] };

const POLICIES: &[(&str, PackagePolicy)] = &[
    ("install", PackagePolicy::Install),
    ("remove", PackagePolicy::Remove),
    ("purge", PackagePolicy::Purge),
];

const KEYS: &[Field<Draft<Package>>] = &[
    Field { name: "names", read: |d, r, i| d.kind.names = words(&mut d.words, "names", r, i) },
    Field { name: "manager", read: |d, r, i| put(&mut d.kind.manager, choice(r, i, MANAGERS)) },
    Field { name: "recommends", read: |d, r, i| set(&mut d.kind.recommends, r.bool(i)) },
    Field { name: "update", read: |d, r, i| set(&mut d.kind.update, r.bool(i)) },
    Field { name: "clean", read: |d, r, i| set(&mut d.kind.clean, r.bool(i)) },
    Field { name: "policy", read: |d, r, i| set(&mut d.kind.policy, choice(r, i, POLICIES)) },
];
