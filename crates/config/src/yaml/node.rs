//! The tree: scalars, sequences and mappings, each with its place, tag and style.
//!
//! Invariant: merge keys are already resolved and keys are unique; every entry's spans are those of the text that
//! really said it, also when it came through an alias or a merge.

use std::collections::HashMap;
use std::sync::Arc;

use super::scalar::{Resolved, resolve_plain};
use crate::source::Span;

impl Node {
    /// Where a byte range of a scalar's text stands in `source`, the text of its file; the whole scalar where the
    /// two can't be matched, as with escapes and folded lines.
    pub fn place(&self, source: &str, range: std::ops::Range<usize>) -> Span {
        self.offset_of(source, range.start).map_or(self.span, |start| {
            let length = range.end.saturating_sub(range.start);
            let end = (start + length).min(self.span.end as usize);
            Span::new(self.span.file, start, end.max(start))
        })
    }

    fn offset_of(&self, source: &str, at: usize) -> Option<usize> {
        let scalar = self.as_scalar()?;
        let start = self.span.start as usize;
        let written = source.get(start..self.span.end as usize)?;
        let text = &*scalar.text;
        match scalar.style {
            Style::Plain | Style::Quoted if written == text => Some(start + at),
            Style::Quoted if written.get(1..written.len().checked_sub(1)?)? == text => {
                Some(start + 1 + at)
            }
            Style::Block => {
                let before = text.get(..at)?;
                let line = before.matches('\n').count();
                let column = before.len() - before.rfind('\n').map_or(0, |found| found + 1);
                let wanted = text.split('\n').nth(line)?;
                let line_start: usize =
                    written.split_inclusive('\n').take(line).map(str::len).sum();
                let found = written.get(line_start..)?.lines().next()?;
                let indent = found.strip_suffix(wanted)?.len();
                Some(start + line_start + indent + column)
            }
            Style::Plain | Style::Quoted | Style::Rendered => None,
        }
    }
}

/// How a scalar was written. Only plain scalars are anything else than strings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    Plain,
    Quoted,
    /// `|` or `>`.
    Block,
    /// Text that a template produced.
    Rendered,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// With its exclamation mark: `!lazy`.
    pub name: Box<str>,
    pub span: Span,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scalar {
    pub text: Arc<str>,
    pub style: Style,
}

impl Scalar {
    /// The value under the YAML 1.2 core schema.
    pub fn resolve(&self) -> Resolved<'_> {
        match self.style {
            Style::Plain => resolve_plain(&self.text),
            Style::Quoted | Style::Block | Style::Rendered => Resolved::String(&self.text),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    pub text: Arc<str>,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub struct Entry {
    pub key: Key,
    pub value: Arc<Node>,
    /// The `<<` that brought this entry here.
    pub merged: Option<Span>,
}

/// Entries in the order of the text, merged ones last.
#[derive(Debug, Clone, Default)]
pub struct Mapping {
    entries: Vec<Entry>,
    /// Only for large mappings; small ones are searched.
    index: Option<Box<Index>>,
}

/// Positions by key.
type Index = HashMap<Arc<str>, usize>;

const SEARCHED: usize = 16;

impl Mapping {
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.position(key).and_then(|at| self.entries.get(at))
    }

    fn position(&self, key: &str) -> Option<usize> {
        if self.entries.len() <= SEARCHED {
            self.entries.iter().position(|entry| &*entry.key.text == key)
        } else {
            self.index.as_ref().and_then(|index| index.get(key).copied())
        }
    }

    /// Adds an entry; gives it back if its key is taken.
    pub fn insert(&mut self, entry: Entry) -> Result<(), Entry> {
        if self.position(&entry.key.text).is_some() {
            return Err(entry);
        }
        let at = self.entries.len();
        self.entries.push(entry);
        if at == SEARCHED {
            let all = self.entries.iter().enumerate();
            let all = all.map(|(at, entry)| (Arc::clone(&entry.key.text), at));
            self.index = Some(Box::new(all.collect()));
        } else if at > SEARCHED {
            let key = self.entries.last().map(|entry| Arc::clone(&entry.key.text));
            if let Some(index) = &mut self.index {
                index.extend(key.map(|key| (key, at)));
            }
        }
        Ok(())
    }

    /// Gives back what it has room for beyond its entries.
    pub(super) fn shrink(&mut self) {
        self.entries.shrink_to_fit();
    }

    /// Adds an entry or takes the place of the one with its key.
    pub fn replace(&mut self, entry: Entry) {
        match self.position(&entry.key.text) {
            Some(at) => self.entries[at] = entry,
            None => {
                let _ = self.insert(entry);
            }
        }
    }
}

#[derive(Debug, Clone)]
pub enum Value {
    Scalar(Scalar),
    Sequence(Vec<Arc<Node>>),
    Mapping(Mapping),
}

/// That a secret went into a value.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Secrecy {
    /// A template of the same value that needs nothing of the file but what its long form has too.
    pub template: Option<Arc<str>>,
}

#[derive(Debug, Clone)]
pub struct Node {
    pub span: Span,
    pub tag: Option<Box<Tag>>,
    pub value: Value,
    /// A secret went into it: it is used, never shown.
    pub sensitive: Option<Arc<Secrecy>>,
    /// Nodes in this subtree with aliases expanded.
    pub(super) weight: u32,
    /// Levels in this subtree; 1 for a scalar.
    pub(super) height: u16,
}

impl Node {
    pub fn new(span: Span, value: Value) -> Self {
        let (weight, height) = match &value {
            Value::Scalar(_) => (1, 1),
            Value::Sequence(items) => measure(items.iter()),
            Value::Mapping(map) => measure(map.entries.iter().map(|entry| &entry.value)),
        };
        Self { span, tag: None, value, sensitive: None, weight, height }
    }

    pub fn string(span: Span, text: impl Into<Arc<str>>, style: Style) -> Self {
        Self::new(span, Value::Scalar(Scalar { text: text.into(), style }))
    }

    pub fn as_scalar(&self) -> Option<&Scalar> {
        match &self.value {
            Value::Scalar(scalar) => Some(scalar),
            Value::Sequence(_) | Value::Mapping(_) => None,
        }
    }

    pub fn as_sequence(&self) -> Option<&[Arc<Self>]> {
        match &self.value {
            Value::Sequence(items) => Some(items),
            Value::Scalar(_) | Value::Mapping(_) => None,
        }
    }

    pub fn as_mapping(&self) -> Option<&Mapping> {
        match &self.value {
            Value::Mapping(map) => Some(map),
            Value::Scalar(_) | Value::Sequence(_) => None,
        }
    }

    pub fn is_null(&self) -> bool {
        self.as_scalar().is_some_and(|scalar| scalar.resolve() == Resolved::Null)
    }

    pub fn has_tag(&self, name: &str) -> bool {
        self.tag.as_ref().is_some_and(|tag| &*tag.name == name)
    }

    /// The value as plain data. A number keeps its spelling, if need be as a string.
    pub fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Scalar(scalar) => match scalar.resolve() {
                Resolved::Null => serde_json::Value::Null,
                Resolved::Bool(value) => value.into(),
                Resolved::Integer(value) => value.into(),
                Resolved::Float(value) if value.to_string() == *scalar.text => value.into(),
                Resolved::Float(_) | Resolved::LeadingZero(_) | Resolved::String(_) => {
                    serde_json::Value::from(&*scalar.text)
                }
            },
            Value::Sequence(items) => items.iter().map(|item| item.to_json()).collect(),
            Value::Mapping(map) => {
                let entries = map.entries.iter();
                entries.map(|entry| (entry.key.text.to_string(), entry.value.to_json())).collect()
            }
        }
    }

    /// The value as a message shows it: `the string "x"`, `a list`. Long text is cut.
    pub fn describe(&self) -> String {
        if self.sensitive.is_some() {
            return "a secret".to_owned();
        }
        match &self.value {
            Value::Scalar(scalar) => scalar.resolve().describe(),
            Value::Sequence(_) => "a list".to_owned(),
            Value::Mapping(_) => "a mapping".to_owned(),
        }
    }
}

fn measure<'a>(children: impl Iterator<Item = &'a Arc<Node>>) -> (u32, u16) {
    let (weight, height) = children.fold((1_u32, 0_u16), |(weight, height), child| {
        (weight.saturating_add(child.weight), height.max(child.height))
    });
    (weight, height.saturating_add(1))
}
