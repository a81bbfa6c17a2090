//! Subject: one image with its options, and what format strings in it can look up.
//!
//! Invariant: what a format string uses is recorded: images, containers, and variables that are not set.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use super::dialect::Harpoon;
use super::format_string::{Part, parse};
use super::formatted::{Formatted, Piece};
use super::trail::Trail;
use super::tree::{entries, get};
use super::{keys, python, tree};
use crate::diagnostic::Diagnostic;
use crate::read::did_you_mean;
use crate::source::Span;
use crate::yaml::{Mapping, Node, Resolved, Value};

/// Longest text that a format string may give, in bytes.
const MAX_TEXT: usize = 1 << 20;
/// Format strings that look one another up.
const MAX_CHAIN: usize = 48;

/// What one image needs beside what is written in it.
#[derive(Debug, Clone, Default)]
pub(super) struct Uses {
    /// Keys of images.
    pub(super) images: BTreeSet<String>,
    /// Variables of the environment that are not set, with where they are asked for.
    pub(super) unset: BTreeSet<(String, Span)>,
    /// Volumes of the engine that it mounts.
    pub(super) volumes: BTreeSet<(String, Span)>,
    pub(super) has_links: bool,
}

pub(super) struct Subject<'t> {
    pub(super) harpoon: &'t Harpoon<'t>,
    /// The configuration that paths start from.
    root: Arc<Node>,
    /// The image's own key.
    pub(super) key: String,
    /// Where the image is written.
    pub(super) span: Span,
    /// Of the image, over those of the root.
    pub(super) options: Arc<Node>,
    pub(super) trail: Trail,
    pub(super) uses: RefCell<Uses>,
}

/// Where a format string stands, and by way of what it was come to.
struct Place<'p> {
    node: &'p Node,
    trail: &'p Trail,
    chain: &'p [String],
}

impl<'t> Subject<'t> {
    pub(super) fn new(harpoon: &'t Harpoon<'t>, root: &Arc<Node>, key: &str, span: Span) -> Self {
        let own = get(root, "images").and_then(|images| get(&images.value, key));
        let mut defaults = tree::Made::at(span);
        for entry in entries(root).filter(|entry| keys::IMAGE.contains(&&*entry.key.text)) {
            defaults.put(&entry.key.text, entry.key.span, Arc::clone(&entry.value));
        }
        let defaults = defaults.node();
        let options = match own.filter(|own| own.value.as_mapping().is_some()) {
            Some(own) => tree::merged(&defaults, &own.value),
            None => defaults,
        };
        Self {
            harpoon,
            root: Arc::clone(root),
            key: key.to_owned(),
            span,
            options,
            trail: Trail::default().key("images").key(key),
            uses: RefCell::default(),
        }
    }

    pub(super) fn root(&self) -> &Arc<Node> {
        &self.root
    }

    /// Another image of the same configuration.
    pub(super) fn of(&self, key: &str) -> Self {
        Self::new(self.harpoon, &self.root, key, self.span)
    }

    /// The keys of all images.
    pub(super) fn keys(&self) -> impl Iterator<Item = String> {
        let images = get(&self.root, "images").map(|images| Arc::clone(&images.value));
        let keys = images.iter().flat_map(|images| entries(images));
        keys.map(|entry| entry.key.text.to_string()).collect::<Vec<_>>().into_iter()
    }

    /// Whether an image has this key.
    pub(super) fn is_image(&self, key: &str) -> bool {
        get(&self.root, "images").is_some_and(|images| get(&images.value, key).is_some())
    }

    /// An option and the way to it.
    pub(super) fn option(&self, key: &str) -> Option<(Span, Arc<Node>, Trail)> {
        let entry = get(&self.options, key)?;
        Some((entry.key.span, Arc::clone(&entry.value), self.trail.key(key)))
    }

    /// The value of a format string; what is wrong with it is reported.
    pub(super) fn format(&self, node: &Node, trail: &Trail) -> Option<Formatted> {
        let place = Place { node, trail, chain: &[] };
        self.value(&place)
    }

    /// As [`Self::format`], of a part of a scalar's text.
    pub(super) fn format_part(&self, text: &str, node: &Node, trail: &Trail) -> Option<Formatted> {
        self.text(text, &Place { node, trail, chain: &[] })
    }

    /// As a node of the native format.
    pub(super) fn formatted(&self, node: &Node, trail: &Trail) -> Option<Arc<Node>> {
        let value = self.format(node, trail)?;
        if value.is_number {
            return Some(tree::plain(node.span, value.as_text()?));
        }
        Some(value.node(node.span))
    }

    fn value(&self, place: &Place<'_>) -> Option<Formatted> {
        match &place.node.value {
            Value::Scalar(scalar) => {
                if let Resolved::String(text) = scalar.resolve() {
                    return self.text(text, place);
                }
                let text = Formatted::text(python::text(place.node));
                Some(text.with_number(python::is_number(place.node)))
            }
            Value::Sequence(_) if !place.chain.is_empty() => {
                Some(Formatted::text(python::repr(place.node)))
            }
            Value::Sequence(_) | Value::Mapping(_) => {
                let message = format!("expected text, found {}", place.node.describe());
                let found = Diagnostic::error("wrong-type", message).at(place.node.span, "");
                let help = "write one value, in quotes where it has braces or a colon";
                self.harpoon.report(found.in_path(place.trail.to_string()).help(help));
                None
            }
        }
    }

    fn text(&self, text: &str, place: &Place<'_>) -> Option<Formatted> {
        let parts = match parse(text) {
            Ok(parts) => parts,
            Err(error) => {
                let found = Diagnostic::error("bad-format", error.message);
                let help = "a brace that is meant is written twice: `{{`";
                self.fail(place, error.range, found.help(help));
                return None;
            }
        };
        let mut all = Formatted::default();
        for part in parts {
            match part {
                Part::Text(text) => all.push(Formatted::text(text)),
                Part::Field { name, conversion, spec, range } => {
                    let value = self.field(&name, &spec, range.clone(), place)?;
                    all.push(self.specified(value, conversion, &spec, range, place)?);
                }
            }
            if all.length() > MAX_TEXT {
                let found = Diagnostic::error("too-large", "the text would have more than 1 MiB");
                self.fail(place, 0..text.len(), found.help("look up less, or copy a file"));
                return None;
            }
        }
        Some(all)
    }

    fn field(
        &self,
        name: &str,
        spec: &str,
        range: Range<usize>,
        place: &Place<'_>,
    ) -> Option<Formatted> {
        match spec {
            "env" => return Some(Formatted::text(format!("${{{name}}}"))),
            "from_env" => {
                self.reads(name, place.node.span);
                return Some(Formatted::piece(Piece::Env(name.to_owned())));
            }
            _ => {}
        }
        if !self.harpoon.spend() || place.chain.len() > MAX_CHAIN {
            let found = Diagnostic::error("too-large", "the format strings look up too much");
            self.fail(place, range, found.help("look up fewer values that look up others"));
            return None;
        }
        if let Some(known) = self.computed(name, place) {
            return Some(known);
        }
        let found = match name.strip_prefix("content.") {
            Some(key) => return self.content(name, key, range, place),
            None => self.lookup(name),
        };
        let Some(node) = found.filter(|node| node.as_mapping().is_none()) else {
            self.fail(place, range, self.missing(name));
            return None;
        };
        if place.chain.iter().any(|known| known == name) {
            let chain: Vec<_> = place.chain.iter().map(String::as_str).chain([name]).collect();
            let from = chain.iter().position(|known| *known == name).unwrap_or(0);
            let circle = chain.get(from..).unwrap_or_default().join(" → ");
            let message = format!("the values look one another up in a circle: {circle}");
            self.fail(
                place,
                range,
                Diagnostic::error("cycle", message).help("write one of them out"),
            );
            return None;
        }
        let chain: Vec<String> = place.chain.iter().cloned().chain([name.to_owned()]).collect();
        self.value(&Place { node: &node, trail: place.trail, chain: &chain })
    }

    /// A variable of the environment, which must be there when the image is used.
    pub(super) fn reads(&self, name: &str, span: Span) {
        if !self.harpoon.surroundings.env.contains_key(name) {
            self.uses.borrow_mut().unset.insert((name.to_owned(), span));
        }
    }

    /// What stands under `content` is put in as it is.
    fn content(
        &self,
        name: &str,
        key: &str,
        range: Range<usize>,
        place: &Place<'_>,
    ) -> Option<Formatted> {
        let content = get(&self.root, "content").and_then(|content| path(&content.value, key));
        let Some(scalar) = content.as_ref().and_then(|node| node.as_scalar()) else {
            self.fail(place, range, self.missing(name));
            return None;
        };
        Some(Formatted::text(&*scalar.text))
    }

    /// What is nowhere written.
    fn computed(&self, name: &str, place: &Place<'_>) -> Option<Formatted> {
        if let Some(steps) = name.strip_prefix("_key_name_") {
            let steps = steps.parse().ok()?;
            return place.trail.nth_last(steps).map(Formatted::text);
        }
        match name {
            "$@" | "harpoon.extra" | "args_dict.harpoon.extra" => {
                Some(Formatted::piece(Piece::Args))
            }
            "config_root" | "__image__.config_root" => Some(Formatted::piece(Piece::Root)),
            "__image__" => Some(self.image(&self.key)),
            _ => {
                let (key, rest) = match name.strip_prefix("__image__.") {
                    Some(rest) => (self.key.clone(), rest.to_owned()),
                    None => self.of_image(name.strip_prefix("images.")?)?,
                };
                match rest.as_str() {
                    "" => Some(self.image(&key)),
                    _ if self.lookup(name).is_some() => None,
                    "image_name" => {
                        self.uses.borrow_mut().images.insert(key.clone());
                        Some(Formatted::piece(Piece::ImagePart(key, "name")))
                    }
                    "container_name" => Some(Formatted::piece(Piece::Container(key))),
                    "name" | "key_name" => Some(Formatted::text(key)),
                    _ => None,
                }
            }
        }
    }

    fn image(&self, key: &str) -> Formatted {
        self.uses.borrow_mut().images.insert(key.to_owned());
        Formatted::piece(Piece::Image(key.to_owned()))
    }

    /// The image that a path begins with, and what follows.
    fn of_image(&self, name: &str) -> Option<(String, String)> {
        let images = &get(&self.root, "images")?.value;
        let mut ends: Vec<usize> = name.match_indices('.').map(|(at, _)| at).collect();
        ends.push(name.len());
        let end = ends.into_iter().rev().find(|end| get(images, &name[..*end]).is_some())?;
        let rest = name[end..].strip_prefix('.').unwrap_or("");
        Some((name[..end].to_owned(), rest.to_owned()))
    }

    /// What a path leads to: of an image first its own options, then those of the root.
    fn lookup(&self, name: &str) -> Option<Arc<Node>> {
        if let Some(rest) = name.strip_prefix("__image__.") {
            return path(&self.options, rest).or_else(|| path(&self.root, rest));
        }
        let found = path(&self.root, name);
        found.or_else(|| {
            let (_, rest) = self.of_image(name.strip_prefix("images.")?)?;
            path(&self.root, &rest).filter(|_| keys::IMAGE.iter().any(|key| rest.starts_with(key)))
        })
    }

    fn missing(&self, name: &str) -> Diagnostic {
        const INJECTED: [&str; 5] = ["getpass", "collector", "task_runner", "args_dict", "harpoon"];
        let first = name.split('.').next().unwrap_or(name);
        let shown = crate::yaml::shorten(name);
        if name.is_empty() {
            let found = Diagnostic::error("undefined", "the braces name nothing");
            return found.help("write {path.to.a.value}, or `{{}}` for braces");
        }
        if INJECTED.contains(&first) && path(&self.root, name).is_none() {
            let message = format!("`{shown}` is a part of Harpoon itself, which is not here");
            return Diagnostic::error("undefined", message)
                .help("give the value by `--set NAME=VALUE`");
        }
        if let Some(node) = path(&self.root, name).filter(|node| node.as_mapping().is_some()) {
            let found =
                Diagnostic::error("undefined", format!("`{shown}` is a mapping, not a value"));
            let keys: Vec<_> = entries(&node).map(|entry| &*entry.key.text).take(6).collect();
            return found.help(format!("name one of its keys: {}", keys.join(", ")));
        }
        let found = Diagnostic::error("undefined", format!("nothing here is called `{shown}`"));
        let parent =
            name.rsplit_once('.').and_then(|(parent, last)| Some((self.lookup(parent)?, last)));
        let (near, word) = match parent {
            Some((node, last)) => (Some(node), last),
            None => (Some(Arc::clone(&self.root)).filter(|_| !name.contains('.')), name),
        };
        let known = near.as_ref().and_then(|node| node.as_mapping()).map(Mapping::entries);
        let known: Vec<&str> = known.into_iter().flatten().map(|entry| &*entry.key.text).collect();
        let help = did_you_mean(word, known.iter().copied());
        found
            .help(help.unwrap_or_else(|| format!("declare it at the root of the file: {first}: …")))
    }

    fn specified(
        &self,
        value: Formatted,
        conversion: Option<char>,
        spec: &str,
        range: Range<usize>,
        place: &Place<'_>,
    ) -> Option<Formatted> {
        if conversion.is_none() && matches!(spec, "" | "env" | "from_env") {
            return Some(value);
        }
        let Some(text) = value.as_text() else {
            let message = "only text that is in the file can be formatted further";
            self.fail(
                place,
                range,
                Diagnostic::error("bad-format", message).help("leave out what follows the name"),
            );
            return None;
        };
        let (text, is_number) = match conversion {
            Some('r' | 'a') if !value.is_number => (python::quoted(text), false),
            Some(_) => (text.to_owned(), false),
            None => (text.to_owned(), value.is_number),
        };
        let Some(text) = python::format(&text, is_number, spec) else {
            let message = format!("`{}` is no format of this value", crate::yaml::shorten(spec));
            let help = "known are env, from_env, and Python's widths: `>8`, `04d`, `.2f`";
            self.fail(place, range, Diagnostic::error("bad-format", message).help(help));
            return None;
        };
        Some(Formatted::text(text).with_number(is_number))
    }

    fn fail(&self, place: &Place<'_>, range: Range<usize>, found: Diagnostic) {
        let source = self.harpoon.surroundings.sources.get(place.node.span.file);
        let is_whole = place.node.as_scalar().is_some_and(|scalar| scalar.text.len() >= range.end);
        let span = match source.filter(|_| is_whole) {
            Some(source) => place.node.place(source.text(), range),
            None => place.node.span,
        };
        let mut found = found.at(span, "").in_path(place.trail.to_string());
        if !place.chain.is_empty() {
            found = found.note(format!("looked up by way of {}", place.chain.join(" → ")));
        }
        self.harpoon.report(found);
    }
}

/// What a dotted path leads to. Keys may have dots themselves: the longest one counts.
pub(crate) fn path(node: &Arc<Node>, name: &str) -> Option<Arc<Node>> {
    let map = node.as_mapping()?;
    if let Some(entry) = map.get(name) {
        return Some(Arc::clone(&entry.value));
    }
    name.match_indices('.').rev().find_map(|(at, _)| {
        let entry = map.get(&name[..at])?;
        path(&entry.value, &name[at + 1..])
    })
}
