//! `resources`: what a file system shall have in it, as a list with one entry for each thing.
//!
//! Invariant: one file a type, which knows its keys; here is one line for each. Every resource of the bundle has a place.

mod block;
mod common;
mod content;
mod cron;
mod directory;
mod draft;
mod execute;
mod fetch;
mod file;
mod git;
mod group;
mod line;
mod link;
mod mode;
mod mount;
mod package;
mod places;
mod repo;
mod service;
mod sysctl;
mod tree;
mod url;
mod user;
mod wrong;

pub use places::{ResourcePlace, Resources};
pub(crate) use wrong::diagnostic;

use windlass_bundle::{Mode, Resource};

use self::common::{COMMON, Common};
use self::draft::Read;
use crate::diagnostic::Diagnostic;
use crate::read::{Field, Item, Reader};
use crate::yaml::{Mapping, Value};

/// A type: its word, and how what stands under it is read.
struct Type {
    word: &'static str,
    /// What may stand under it.
    keys: fn() -> Vec<&'static str>,
    read: fn(&Reader, &Item) -> Option<Read>,
}

const TYPES: &[Type] = &[
    block::TYPE,
    cron::TYPE,
    directory::TYPE,
    execute::TYPE,
    fetch::TYPE,
    file::TYPE,
    git::TYPE,
    group::TYPE,
    line::TYPE,
    link::TYPE,
    mount::TYPE,
    package::TYPE,
    repo::TYPE,
    service::TYPE,
    sysctl::TYPE,
    tree::TYPE,
    user::TYPE,
];

/// Most resources of one list.
const MAX_RESOURCES: usize = 20_000;

/// Reads a list of resources, and says all that is wrong with them, each by itself and as a whole.
pub(crate) fn read(reader: &Reader, item: &Item) -> Resources {
    let mut resources = Resources::default();
    let items = reader.list(item, "a list of resources");
    if items.len() > MAX_RESOURCES {
        let message = format!("there are more than {MAX_RESOURCES} resources");
        reader.report(reader.error(item, "too-many", message).help("make several bundles"));
        return resources;
    }
    let mut is_complete = true;
    reader.templates().without_secrets(|| {
        for item in items {
            match entry(reader, &item) {
                Some((resource, place)) => {
                    resources.bundle.resources.push(resource);
                    resources.places.push(place);
                }
                None => is_complete = false,
            }
        }
    });
    wrong::report(reader, &resources, is_complete);
    resources
}

/// The same for a mode that is known: what has no place there is reported, too.
pub(crate) fn read_for(reader: &Reader, item: &Item, mode: Mode) -> Resources {
    let resources = read(reader, item);
    wrong::report_for(reader, &resources, mode);
    resources
}

/// An entry: a mapping with the word of a type, and beside it the keys that every resource has.
fn entry(reader: &Reader, item: &Item) -> Option<(Resource, ResourcePlace)> {
    let before = reader.errors();
    let item = reader.resolve(item)?;
    let Value::Mapping(map) = &item.node.value else {
        let help = "write `- file: {path: /etc/motd, contents: text}`".to_owned();
        reader.expected(&item, "a resource under the word of its type", Some(help));
        return None;
    };
    let find = |word: &str| TYPES.iter().find(|known| known.word == word);
    let typed = map.entries().iter().find_map(|entry| Some((entry, find(&entry.key.text)?)));
    let Some((entry, found)) = typed else {
        unknown(reader, &item, map);
        return None;
    };
    let mut common = Common::default();
    let own = [Field { name: found.word, read: |_: &mut Common, _: &Reader, _: &Item| {} }];
    reader.fields(&item, &mut common, &[COMMON, &own]);
    advise(reader, map, found);
    let Read { kind, mut keys, words: own_words, sources, contents, secrets } =
        (found.read)(reader, &item.entry(entry))?;
    if common.sensitive {
        for span in contents {
            if !is_reference(reader.sources().slice(span)) {
                reader.hide(span);
            }
        }
    }
    // Those beside the type come first: `after` of a line is not what others mean by it.
    let beside = map.entries().iter().map(|one| (one.key.text.to_string(), one.value.span));
    keys.splice(0..0, beside.filter(|(key, _)| key != found.word));
    let Common { id, watches, after, only_if, sensitive, own_layer, mut words } = common;
    words.extend(own_words);
    let place = ResourcePlace {
        span: entry.key.span,
        path: item.entry(entry).path.to_string(),
        keys,
        words,
        sources,
        secrets,
        is_whole: reader.errors() == before,
    };
    Some((Resource { id, watches, after, only_if, sensitive, own_layer, kind }, place))
}

/// Whether a text says only where a value is, as `{{ vars.token }}` does.
fn is_reference(text: &str) -> bool {
    let text = text.trim_matches(['"', '\'']);
    let inner = text.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}"));
    let is_name = |inner: &str| inner.chars().all(|c| c.is_alphanumeric() || "_.".contains(c));
    inner.is_some_and(|inner| inner.contains('.') && is_name(inner.trim()))
}

/// Help for keys beside the type that have no meaning there.
fn advise(reader: &Reader, map: &Mapping, own: &Type) {
    let is_common = |key: &str| COMMON.iter().any(|field| field.name == key);
    for entry in map.entries() {
        let key = &*entry.key.text;
        if is_common(key) || key == own.word || key.starts_with("x-") {
            continue;
        }
        if TYPES.iter().any(|known| known.word == key) {
            let help = format!("`{}` and `{key}` are two resources: begin a new entry", own.word);
            reader.advise(entry.key.span, &help);
        } else if (own.keys)().contains(&key) {
            reader.advise(entry.key.span, &format!("`{key}` stands under `{}`", own.word));
        }
    }
}

/// The type of what goes by another word elsewhere.
fn of_others(word: &str) -> Option<&'static str> {
    Some(match word {
        "apk" | "apt" | "dnf" | "packages" | "yum" => "package",
        "command" | "run" | "script" | "shell" => "execute",
        "copy" | "template" => "file",
        "download" | "get_url" | "url" => "fetch",
        "lineinfile" => "line",
        "symlink" => "link",
        "systemd" => "service",
        _ => return None,
    })
}

/// Reports an entry whose type is not there, or is none.
fn unknown(reader: &Reader, item: &Item, map: &Mapping) {
    let is_common = |key: &str| COMMON.iter().any(|field| field.name == key);
    let words = TYPES.iter().map(|known| known.word);
    let listed = || format!("types are {}", words.clone().collect::<Vec<_>>().join(", "));
    let entry = map.entries().iter().find(|entry| !is_common(&entry.key.text));
    let (span, message, help) = match entry {
        None => (item.span(), "a resource has a type".to_owned(), listed()),
        Some(entry) => {
            let word = &*entry.key.text;
            let shown = crate::yaml::shorten(word);
            let message = format!("unknown type of resource \"{shown}\"");
            let near = reader.budgeted(|| crate::read::suggest(word, words.clone()));
            let near = of_others(word).or(near);
            let help = near.map_or_else(listed, |near| format!("did you mean \"{near}\"?"));
            (entry.key.span, message, help)
        }
    };
    let found = Diagnostic::error("unknown-type", message).at(span, "");
    reader.report(found.in_path(item.path.to_string()).help(help));
}
