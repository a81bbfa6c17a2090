//! Mappings with known keys, as tables: one line per key.
//!
//! Invariant: a key that is in no table is reported once, with the nearest one that is; `x-*` keys are always allowed.

use super::item::Item;
use super::reader::Reader;
use super::suggest::did_you_mean;
use crate::diagnostic::Diagnostic;
use crate::yaml::Mapping;

/// One key of a mapping, and how its value is put into a `T`.
pub struct Field<T: ?Sized> {
    pub name: &'static str,
    pub read: fn(&mut T, &Reader, &Item),
}

/// The keys of a table.
pub fn names<'a, T: ?Sized>(tables: &[&'a [Field<T>]]) -> Vec<&'static str>
where
    Field<T>: 'a,
{
    tables.iter().flat_map(|table| table.iter().map(|field| field.name)).collect()
}

impl Reader {
    /// Reads every entry of a mapping by the tables' lines. Null is an empty mapping. `false` if it was no mapping.
    pub fn fields<T: ?Sized>(&self, item: &Item, into: &mut T, tables: &[&[Field<T>]]) -> bool {
        let Some(item) = self.resolve(item) else { return false };
        if item.node.is_null() {
            return true;
        }
        let Some(map) = item.node.as_mapping() else {
            let keys = names(tables);
            let keys = keys.iter().take(4).copied().collect::<Vec<_>>().join("`, `");
            let help = format!("write a mapping with keys such as `{keys}`");
            self.expected(&item, "a mapping", Some(help));
            return false;
        };
        for entry in map.entries() {
            let key = &*entry.key.text;
            let mut lines = tables.iter().flat_map(|table| table.iter());
            match lines.find(|field| field.name == key) {
                // Null is as if the key were not written.
                Some(_) if entry.value.is_null() => {}
                Some(field) => (field.read)(into, self, &item.entry(entry)),
                None if key.starts_with("x-") => {}
                None => self.unknown_key(&item, entry, map, &names(tables)),
            }
        }
        true
    }

    /// Reports a key that means nothing where it stands.
    pub fn unknown_key(
        &self,
        item: &Item,
        entry: &crate::yaml::Entry,
        map: &Mapping,
        known: &[&'static str],
    ) {
        let key = &*entry.key.text;
        let unused = known.iter().copied().filter(|name| map.get(name).is_none());
        let near = self.budgeted(|| super::suggest(key, unused));
        let shown = crate::yaml::shorten(key);
        let mut found = Diagnostic::error("unknown-key", format!("unknown key \"{shown}\""))
            .at(entry.key.span, "not a key that is known here")
            .in_path(item.path.to_string());
        if let Some(near) = near {
            found = found.help(format!("did you mean \"{near}\"?")).patch(entry.key.span, near);
        } else if let Some(help) = super::suggest::in_our_words(key) {
            found = found.help(help);
        } else if known.len() <= 12 {
            found = found.maybe_help(did_you_mean(key, known.iter().copied()));
        } else {
            found = found.help("keys for your own use start with `x-`");
        }
        if let Some(at) = entry.merged {
            found = found.also(at, "merged here");
        }
        self.report(found);
    }
}
