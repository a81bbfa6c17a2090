//! What stands under the word of a type, being read.
//!
//! Invariant: what could not be read leaves its default, and the draft knows that it is not whole.

use windlass_bundle::Kind;

use super::common::COMMON;
use crate::read::{Field, Item, Reader, Spanned, names, suggest};
use crate::source::Span;
use crate::yaml::{Mapping, Value};

/// What is read of a type `K`.
pub(super) struct Draft<K> {
    pub(super) kind: K,
    /// The words of keys that have several, each with its key.
    pub(super) words: Vec<(&'static str, Spanned<String>)>,
    /// Files of this machine.
    pub(super) sources: Vec<Spanned<String>>,
    /// What no excerpt shows if it is sensitive.
    pub(super) contents: Vec<Span>,
    /// Names of secrets.
    pub(super) secrets: Vec<Spanned<String>>,
}

/// What a type was read to.
pub(super) struct Read {
    pub(super) kind: Kind,
    /// The value of each key.
    pub(super) keys: Vec<(String, Span)>,
    pub(super) words: Vec<(&'static str, Spanned<String>)>,
    pub(super) sources: Vec<Spanned<String>>,
    pub(super) contents: Vec<Span>,
    pub(super) secrets: Vec<Spanned<String>>,
}

/// How a type is read.
pub(super) struct Form<K: 'static> {
    pub(super) keys: &'static [Field<Draft<K>>],
    /// The key that a text alone is the value of, if there is one.
    pub(super) short: Option<&'static str>,
    /// So is a list alone.
    pub(super) takes_list: bool,
    /// Keys without which it means nothing.
    pub(super) required: &'static [&'static str],
}

impl<K> Form<K> {
    /// Whether an item is the short form.
    fn is_short(&self, item: &Item) -> bool {
        let takes = !item.node.is_null() && (self.takes_list || item.node.as_scalar().is_some());
        takes && self.short.is_some()
    }
}

/// Reads what stands under the word of a type.
pub(super) fn read<K: Into<Kind>>(
    reader: &Reader,
    item: &Item,
    kind: K,
    form: &Form<K>,
    check: fn(&mut Draft<K>, &Reader, &Item),
) -> Option<Read> {
    let item = reader.resolve(item)?;
    let (words, sources, contents, secrets) = Default::default();
    let mut draft = Draft { kind, words, sources, contents, secrets };
    let mut keys = Vec::new();
    match &item.node.value {
        Value::Mapping(map) => {
            reader.fields(&item, &mut draft, &[form.keys]);
            advise(reader, map, &names(&[form.keys]));
            for key in form.required {
                let is_absent = map.get(key).is_none_or(|entry| entry.value.is_null());
                if is_absent && !is_misspelt(map, key, &names(&[form.keys])) {
                    let found = reader.error(&item, "missing-key", format!("it has no `{key}`"));
                    let help = format!("add `{key}: …`");
                    reader.report(found.at(item.key_span(), "").help(help));
                }
            }
            let entries = map.entries().iter();
            keys.extend(entries.map(|entry| (entry.key.text.to_string(), entry.value.span)));
            check(&mut draft, reader, &item);
        }
        Value::Scalar(_) | Value::Sequence(_) if form.is_short(&item) => {
            for field in form.keys.iter().filter(|field| Some(field.name) == form.short) {
                (field.read)(&mut draft, reader, &item);
                keys.push((field.name.to_owned(), item.span()));
            }
        }
        Value::Scalar(_) | Value::Sequence(_) => {
            let required = form.required.iter().map(|key| format!("{key}: …"));
            let required = required.collect::<Vec<_>>().join(", ");
            reader.expected(&item, "a mapping", Some(format!("write {{{required}}}")));
            return None;
        }
    }
    let Draft { kind, words, sources, contents, secrets } = draft;
    Some(Read { kind: kind.into(), keys, words, sources, contents, secrets })
}

/// Whether a key is there under a name that is nearly its own, which has been told of.
fn is_misspelt(map: &Mapping, key: &'static str, known: &[&str]) -> bool {
    let unknown = map.entries().iter().filter(|entry| !known.contains(&&*entry.key.text));
    unknown.into_iter().any(|entry| suggest(&entry.key.text, [key]).is_some())
}

/// Keys of every resource do not stand under its type.
fn advise(reader: &Reader, map: &Mapping, own: &[&str]) {
    for entry in map.entries() {
        let key = &*entry.key.text;
        if !own.contains(&key) && COMMON.iter().any(|field| field.name == key) {
            let help = format!("`{key}` stands beside the type, indented as it is");
            reader.advise(entry.key.span, &help);
        }
    }
}
