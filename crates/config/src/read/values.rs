//! Single values: text, booleans, numbers, lists, pairs.
//!
//! Invariant: a secret is handed out only by `text`, marked as one; every other method refuses it.

use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use super::item::{Item, Spanned};
use super::reader::Reader;
use crate::diagnostic::Diagnostic;
use crate::scalar::ScalarError;
use crate::yaml::{Entry, Key, Node, Resolved, Secrecy, Style, Value, legacy_bool};

/// A string that may have a secret in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    pub value: String,
    pub sensitive: Option<Arc<Secrecy>>,
}

impl Reader {
    /// Any scalar but null, as it is spelled.
    pub fn text(&self, item: &Item) -> Option<Text> {
        let item = self.resolve(item)?;
        match item.node.as_scalar() {
            Some(scalar) if scalar.text.contains('\0') => {
                let found = self.error(&item, "bad-value", "a NUL character ends a string");
                self.report(found.help("no engine takes one: remove it, or encode the value"));
                None
            }
            Some(scalar) if scalar.resolve() != Resolved::Null => Some(Text {
                value: scalar.text.to_string(),
                sensitive: item.node.sensitive.clone(),
            }),
            _ => {
                self.expected(&item, "a string", None);
                None
            }
        }
    }

    /// Any scalar but null, as it is spelled; secrets are refused.
    pub fn string(&self, item: &Item) -> Option<String> {
        let text = self.text(item)?;
        if text.sensitive.is_none() {
            return Some(text.value);
        }
        let help = if item.path.to_string().contains("resources[") {
            "only commands are given secrets: `execute: {command: install -m 0600 $KEY /etc/key, secrets: {KEY: name}}`"
        } else {
            "secrets may go into `env`, or into a file by the container's `secrets`"
        };
        self.report(self.error(item, "secret-exposed", "a secret cannot be used here").help(help));
        None
    }

    pub fn spanned(&self, item: &Item) -> Option<Spanned<String>> {
        self.string(item).map(|value| Spanned::new(value, item.span()))
    }

    /// A string that a scalar parser understands.
    pub fn parse<T>(
        &self,
        item: &Item,
        parser: impl FnOnce(&str) -> Result<T, ScalarError>,
    ) -> Option<T> {
        let item = self.resolve(item)?;
        let text = self.string(&item)?;
        match parser(&text) {
            Ok(value) => Some(value),
            Err(error) => {
                self.report(self.scalar_error(&item, error));
                None
            }
        }
    }

    /// What a scalar parser said, placed.
    pub fn scalar_error(&self, item: &Item, error: ScalarError) -> Diagnostic {
        let sources = self.sources();
        let source = sources.get(item.span().file).map_or("", |file| file.text());
        let span = match error.range {
            Some(range) => item.node.place(source, range),
            None => item.span(),
        };
        Diagnostic::error("bad-value", error.message)
            .at(span, "")
            .in_path(item.path.to_string())
            .maybe_help(super::variables::in_value(item, self.dialect()).or(error.help))
    }

    pub fn bool(&self, item: &Item) -> Option<bool> {
        let item = self.resolve(item)?;
        let scalar = item.node.as_scalar();
        if let Some(Resolved::Bool(value)) = scalar.map(crate::yaml::Scalar::resolve) {
            return Some(value);
        }
        let text = scalar.map_or("", |scalar| &*scalar.text);
        if scalar.is_some_and(|scalar| scalar.style == Style::Rendered) {
            match text {
                "true" => return Some(true),
                "false" => return Some(false),
                _ => {}
            }
        }
        if let (Some(value), Some(Style::Plain)) = (legacy_bool(text), scalar.map(|s| s.style)) {
            self.report(
                Diagnostic::warning("legacy-bool", format!("`{text}` is read as {value}"))
                    .at(item.span(), "")
                    .in_path(item.path.to_string())
                    .help(format!("write `{value}`; in YAML 1.2 `{text}` is a string"))
                    .patch(item.span(), value.to_string()),
            );
            return Some(value);
        }
        self.expected(&item, "true or false", None);
        None
    }

    /// A whole number that fits `T`. `what` names it in messages, as in "a whole number from 0".
    pub fn integer<T: TryFrom<i64>>(&self, item: &Item, what: &str) -> Option<T> {
        let item = self.resolve(item)?;
        let resolved = item.node.as_scalar().map(|scalar| match scalar.style {
            Style::Rendered => {
                scalar.text.trim().parse().map_or_else(|_| scalar.resolve(), Resolved::Integer)
            }
            Style::Plain | Style::Quoted | Style::Block => scalar.resolve(),
        });
        match resolved {
            Some(Resolved::Integer(value)) => {
                if let Ok(value) = T::try_from(value) {
                    return Some(value);
                }
                self.expected(&item, what, None);
            }
            Some(Resolved::LeadingZero(text)) => {
                self.report(self.leading_zero(&item, text));
            }
            Some(Resolved::String(text))
                if text.parse::<i64>().is_ok() && item.node.sensitive.is_none() =>
            {
                let help = format!("remove the quotes: {text}");
                self.expected(&item, what, Some(help));
            }
            _ => self.expected(&item, what, None),
        }
        None
    }

    /// As [`Reader::integer`], within an engine's bounds.
    pub fn integer_in<T: TryFrom<i64> + PartialOrd>(
        &self,
        item: &Item,
        bounds: std::ops::RangeInclusive<T>,
        what: &str,
    ) -> Option<T> {
        let value = self.integer(item, what)?;
        if bounds.contains(&value) {
            return Some(value);
        }
        self.expected(item, what, None);
        None
    }

    /// `0755` is octal to some readers of YAML and decimal to others.
    pub fn leading_zero(&self, item: &Item, text: &str) -> Diagnostic {
        let digits = text.trim_start_matches('0');
        let octal = format!("0o{}", if digits.is_empty() { "0" } else { digits });
        self.error(item, "leading-zero", format!("`{text}` may be octal or decimal"))
            .help(format!("write {octal} or quote it"))
            .patch(item.span(), octal)
    }

    pub fn float(&self, item: &Item, what: &str) -> Option<f64> {
        let item = self.resolve(item)?;
        let scalar = item.node.as_scalar();
        let number = scalar.and_then(|scalar| match scalar.resolve() {
            #[expect(clippy::cast_precision_loss, reason = "counts of CPUs are small")]
            Resolved::Integer(value) => Some(value as f64),
            Resolved::Float(value) if value.is_finite() => Some(value),
            Resolved::String(text) => {
                text.trim().parse().ok().filter(|value: &f64| value.is_finite())
            }
            Resolved::Null | Resolved::Bool(_) | Resolved::LeadingZero(_) | Resolved::Float(_) => {
                None
            }
        });
        if number.is_none() {
            self.expected(&item, what, None);
        }
        number
    }

    /// The items of a list; null is empty.
    pub fn list(&self, item: &Item, what: &str) -> Vec<Item> {
        let Some(item) = self.resolve(item) else { return Vec::new() };
        match &item.node.value {
            Value::Sequence(items) => self.children(&item, items),
            Value::Scalar(_) if item.node.is_null() => Vec::new(),
            Value::Scalar(_) | Value::Mapping(_) => {
                let help = item.node.as_scalar().filter(|_| item.node.sensitive.is_none());
                let help =
                    help.map(|scalar| format!("write [{}]", crate::yaml::shorten(&scalar.text)));
                self.expected(&item, what, help);
                Vec::new()
            }
        }
    }

    /// The items of a list, or the one scalar or mapping that stands for a list of one.
    pub fn list_or_one(&self, item: &Item) -> Vec<Item> {
        let Some(item) = self.resolve(item) else { return Vec::new() };
        match &item.node.value {
            Value::Sequence(items) => self.children(&item, items),
            Value::Scalar(_) if item.node.is_null() => Vec::new(),
            Value::Scalar(_) | Value::Mapping(_) => vec![item.into_owned()],
        }
    }

    /// The items of a sequence. An item that is wholly a template for a list is spliced in.
    fn children(&self, item: &Item, nodes: &[Arc<Node>]) -> Vec<Item> {
        let mut all = Vec::with_capacity(nodes.len());
        for (index, node) in nodes.iter().enumerate() {
            let child = item.child(index, node);
            let Some(child) = self.resolve(&child).map(std::borrow::Cow::into_owned) else {
                continue;
            };
            match &child.node.value {
                Value::Sequence(parts) if node.as_scalar().is_some() => {
                    all.extend(parts.iter().map(|part| child.with_node(Arc::clone(part))));
                }
                Value::Sequence(_) | Value::Scalar(_) | Value::Mapping(_) => all.push(child),
            }
        }
        all
    }

    pub fn strings(&self, item: &Item) -> Vec<String> {
        self.list_or_one(item).iter().filter_map(|item| self.string(item)).collect()
    }

    pub fn spanned_strings(&self, item: &Item) -> Vec<Spanned<String>> {
        self.list_or_one(item).iter().filter_map(|item| self.spanned(item)).collect()
    }

    /// The entries of a mapping; null is empty.
    pub fn entries(&self, item: &Item, what: &str) -> Vec<(Key, Item)> {
        let Some(item) = self.resolve(item) else { return Vec::new() };
        if item.node.is_null() {
            return Vec::new();
        }
        let Some(map) = item.node.as_mapping() else {
            self.expected(&item, what, None);
            return Vec::new();
        };
        let keys = map.entries().iter().filter(|entry| self.plain_key(&item, entry));
        keys.map(|entry| (entry.key.clone(), item.entry(entry))).collect()
    }

    /// Reports a key that is a template: keys are read before templates are.
    pub fn plain_key(&self, item: &Item, entry: &Entry) -> bool {
        if !entry.key.text.contains("{{") {
            return true;
        }
        let found = Diagnostic::error("template-key", "a key cannot be a template")
            .at(entry.key.span, "")
            .in_path(item.path.to_string());
        self.report(found.help("write a list such as [\"{{ name }}=value\"], or the key itself"));
        false
    }

    /// Labels; those that windlass writes itself are refused.
    pub fn labels(&self, item: &Item) -> Vec<(String, String)> {
        let pairs = self.string_pairs(item, "labels");
        for (key, _) in &pairs {
            let own = key.starts_with(windlass_model::label::PREFIX);
            let (message, help) = if own {
                let shown = crate::yaml::shorten(key);
                (format!("the label \"{shown}\" is windlass's own"), "choose another prefix")
            } else if key.is_empty() {
                ("a label has no name".to_owned(), "write name=value")
            } else {
                continue;
            };
            let found = self.error(item, "bad-value", message).help(help);
            self.report(match item.get(key) {
                Some(entry) => found.at(entry.key_span(), ""),
                None => found,
            });
        }
        pairs
    }

    /// A mapping of strings, or a list of `key=value`. A null value is an empty string.
    pub fn string_pairs(&self, item: &Item, what: &str) -> Vec<(String, String)> {
        let Some(item) = self.resolve(item) else { return Vec::new() };
        if item.node.as_sequence().is_some() {
            let items = self.list(&item, what);
            let texts = items.iter().filter_map(|item| self.string(item));
            return texts
                .map(|text| match text.split_once('=') {
                    Some((key, value)) => (key.to_owned(), value.to_owned()),
                    None => (text, String::new()),
                })
                .collect();
        }
        let entries = self.entries(&item, what).into_iter();
        entries
            .filter_map(|(key, value)| {
                let value = self.resolve(&value)?;
                self.warn_of_variables(&value);
                let text =
                    if value.node.is_null() { Some(String::new()) } else { self.string(&value) };
                Some((key.text.to_string(), text?))
            })
            .collect()
    }

    /// Options of a driver: as [`Reader::string_pairs`], but each has a value.
    pub fn options(&self, item: &Item) -> Vec<(String, String)> {
        let Some(item) = self.resolve(item) else { return Vec::new() };
        let is_list = item.node.as_sequence().is_some();
        let items = if is_list { self.list(&item, "options") } else { Vec::new() };
        let text = |one: &Item| one.node.as_scalar().map(|scalar| Arc::clone(&scalar.text));
        let bare =
            items.iter().find_map(|one| Some((one, text(one).filter(|t| !t.contains('='))?)));
        let Some((one, name)) = bare.filter(|(one, _)| one.node.sensitive.is_none()) else {
            return self.string_pairs(&item, "options");
        };
        let message = format!("the option \"{}\" has no value", crate::yaml::shorten(&name));
        self.report(self.error(one, "bad-value", message).help("write name=value"));
        Vec::new()
    }

    /// A path of this machine, absolute and cleaned: against the directory of the file that wrote it.
    pub fn path(&self, item: &Item) -> Option<String> {
        let text = self.string(item)?;
        self.warn_of_variables(item);
        if text.is_empty() {
            self.expected(item, "a path", None);
            return None;
        }
        Some(self.absolute(item, &text))
    }

    /// As [`Reader::path`], for text that was part of a value. `~` is the home directory.
    pub fn absolute(&self, item: &Item, text: &str) -> String {
        let path = match (text.strip_prefix('~'), self.templates().home()) {
            (Some(rest), Some(home)) if rest.is_empty() || rest.starts_with('/') => {
                PathBuf::from(format!("{}{rest}", home.display()))
            }
            _ => self.directory(item.span()).join(text),
        };
        clean(&path)
    }
}

/// Without `.`, `..` and doubled separators; links are not looked at.
pub(crate) fn clean(path: &FilePath) -> String {
    let mut parts: Vec<&str> = Vec::new();
    let text = path.to_string_lossy();
    for part in text.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}
