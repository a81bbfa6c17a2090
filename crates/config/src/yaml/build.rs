//! Parser events to the tree: anchors, aliases, merge keys, duplicate keys, and the limits.
//!
//! Invariant: an alias is accepted only if what it expands to stays inside the limits, so whoever walks the tree
//! later needs no limit of their own.

use std::collections::HashMap;
use std::sync::Arc;

use granit_parser::{Event, Options, Parser, ScalarStyle};

use super::error::{diagnose, duplicate_key, template_key};
use super::node::{Entry, Key, Mapping, Node, Scalar, Style, Tag, Value};
use super::scalar::shorten;
use super::texts::Texts;
use super::{EXPANSION_CEILING, EXPANSION_RATIO, MAX_DEPTH, MAX_EXPANSION, ParseOptions};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::source::{FileId, Span};

const CORE_TAGS: &[&str] = &["str", "int", "float", "bool", "null", "map", "seq"];

pub(super) struct Builder<'a> {
    file: FileId,
    text: &'a str,
    options: ParseOptions,
    diagnostics: &'a mut Diagnostics,
    texts: Texts,
    anchors: HashMap<usize, Arc<Node>>,
    stack: Vec<Frame>,
    root: Option<Arc<Node>>,
    written: usize,
    expanded: usize,
}

/// A collection that is still open.
struct Frame {
    start: Span,
    tag: Option<Tag>,
    anchor: usize,
    parts: Parts,
}

enum Parts {
    Sequence(Vec<Arc<Node>>),
    Mapping { map: Mapping, pending: Option<PendingKey>, merges: Vec<(Span, Arc<Node>)> },
}

enum PendingKey {
    Named(Key),
    Merge(Span),
    /// Already complained about; its value is dropped.
    Broken,
}

/// Reading ends at once.
struct Stop;

impl<'a> Builder<'a> {
    pub(super) fn new(
        file: FileId,
        text: &'a str,
        options: ParseOptions,
        diagnostics: &'a mut Diagnostics,
    ) -> Self {
        Self {
            file,
            text,
            options,
            diagnostics,
            texts: Texts::default(),
            anchors: HashMap::new(),
            stack: Vec::new(),
            root: None,
            written: 0,
            expanded: 0,
        }
    }

    pub(super) fn run(mut self) -> Option<Arc<Node>> {
        let mut options = Options::default();
        options.set_emit_comments(false);
        options.block_nesting_limit = MAX_DEPTH;
        options.flow_nesting_limit = MAX_DEPTH;
        let mut last = None;
        for event in Parser::new_from_str_with_options(self.text, options) {
            let (event, at) = match event {
                Ok(event) => event,
                Err(error) => {
                    self.diagnostics.push(diagnose(&error, self.file, self.text, last));
                    return None;
                }
            };
            let tag_span = at.tag_span().and_then(|span| span.byte_range());
            let range = at.byte_range().unwrap_or(0..0);
            let span = Span::new(self.file, range.start, range.end);
            if span.end > span.start {
                last = Some(span);
            }
            if self.event(event, span, tag_span.as_ref()).is_err() {
                break;
            }
        }
        self.root
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the parser's enum is open")]
    fn event(
        &mut self,
        event: Event<'_>,
        span: Span,
        tag_span: Option<&std::ops::Range<usize>>,
    ) -> Result<(), Stop> {
        let file = self.file;
        let tag = |tag: &granit_parser::Tag| {
            let range = tag_span.cloned().unwrap_or(span.start as usize..span.start as usize);
            (tag.clone(), Span::new(file, range.start, range.end))
        };
        match event {
            Event::DocumentStart(..) if self.root.is_some() => {
                self.report(
                    Diagnostic::error("multiple-documents", "a second document starts here")
                        .at(span, "")
                        .help("one file is one document: put this into a file of its own and name it under `include`"),
                );
                Err(Stop)
            }
            Event::Scalar(text, style, anchor, raw) => {
                if anchor == 0 && raw.is_none() && self.plain_key(&text, style, span)? {
                    return Ok(());
                }
                let tag = raw.as_deref().map(tag).and_then(|(tag, at)| self.tag(&tag, at));
                let node = self.scalar(&text, style, span, tag)?;
                self.finish(Arc::new(node), anchor);
                Ok(())
            }
            Event::SequenceStart(_, anchor, raw) => {
                let tag = raw.as_deref().map(tag).and_then(|(tag, at)| self.tag(&tag, at));
                self.open(span, tag, anchor, Parts::Sequence(Vec::new()))
            }
            Event::MappingStart(_, anchor, raw) => {
                let tag = raw.as_deref().map(tag).and_then(|(tag, at)| self.tag(&tag, at));
                let map = Mapping::default();
                let parts = Parts::Mapping { map, pending: None, merges: Vec::new() };
                self.open(span, tag, anchor, parts)
            }
            Event::SequenceEnd | Event::MappingEnd => {
                self.close(span);
                Ok(())
            }
            Event::Alias(anchor) => self.alias(anchor, span),
            _ => Ok(()),
        }
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Core tags of strings are honoured by the caller; other core tags change nothing; unknown tags are errors.
    fn tag(&mut self, tag: &granit_parser::Tag, span: Span) -> Option<Tag> {
        if let Some(suffix) = tag.core_suffix()
            && CORE_TAGS.contains(&suffix)
        {
            return (suffix == "str").then(|| Tag { name: "!!str".into(), span });
        }
        let name = tag.original();
        if self.options.tags.contains(&name.as_str()) {
            return Some(Tag { name: name.into(), span });
        }
        let known = self.options.tags.iter().copied();
        let help = if crate::docker_map::TAGS.contains(&name.as_str()) {
            "is this a map of docker-map? Add `--dialect docker-map`".to_owned()
        } else if let Some(near) = crate::read::suggest(&name, known.clone()) {
            format!("did you mean `{near}`?")
        } else {
            let known: Vec<_> = known.map(|tag| format!("`{tag}`")).collect();
            format!("the tags are {}; remove it, or quote the text", known.join(", "))
        };
        let message = format!("unknown tag `{}`", shorten(&name));
        self.report(Diagnostic::error("unknown-tag", message).at(span, "").help(help));
        None
    }

    fn count(&mut self, span: Span) -> Result<(), Stop> {
        self.written += 1;
        if self.written <= self.options.max_nodes {
            return Ok(());
        }
        let message = format!("the file has more than {} values", self.options.max_nodes);
        self.report(
            Diagnostic::error("file-too-large", message)
                .at(span, "")
                .help("split it and name the parts under `include`"),
        );
        Err(Stop)
    }

    fn scalar(
        &mut self,
        text: &str,
        style: ScalarStyle,
        span: Span,
        tag: Option<Tag>,
    ) -> Result<Node, Stop> {
        self.count(span)?;
        let style = match style {
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Style::Quoted,
            ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
        };
        // An absent value is reported as `~` without extent.
        let text = if style == Style::Plain && span.start == span.end { "" } else { text };
        let is_string = tag.as_ref().is_some_and(|tag| &*tag.name == "!!str");
        let style = if is_string { Style::Quoted } else { style };
        let mut node = Node::new(span, Value::Scalar(Scalar { text: self.texts.get(text), style }));
        node.tag = tag.filter(|_| !is_string).map(Box::new);
        Ok(node)
    }

    fn open(
        &mut self,
        start: Span,
        tag: Option<Tag>,
        anchor: usize,
        parts: Parts,
    ) -> Result<(), Stop> {
        self.count(start)?;
        self.stack.push(Frame { start, tag, anchor, parts });
        if self.stack.len() <= MAX_DEPTH {
            return Ok(());
        }
        let message = format!("nested deeper than {MAX_DEPTH} levels");
        self.report(
            Diagnostic::error("too-deep", message).at(start, "").help("flatten the structure"),
        );
        Err(Stop)
    }

    fn close(&mut self, end: Span) {
        let Some(frame) = self.stack.pop() else { return };
        let value = match frame.parts {
            Parts::Sequence(items) => Value::Sequence(items.into_boxed_slice().into_vec()),
            Parts::Mapping { mut map, merges, .. } => {
                for (at, merged) in merges {
                    self.merge(&mut map, at, &merged, 0);
                }
                map.shrink();
                Value::Mapping(map)
            }
        };
        let span = self.trim(frame.start.to(end));
        let mut node = Node::new(span, value);
        node.tag = frame.tag.map(Box::new);
        self.finish(Arc::new(node), frame.anchor);
    }

    /// Block collections are reported to end where the next thing begins.
    fn trim(&self, span: Span) -> Span {
        let covered = self.text.get(span.start as usize..span.end as usize).unwrap_or("");
        Span::new(span.file, span.start as usize, span.start as usize + covered.trim_end().len())
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Result<(), Stop> {
        self.count(span)?;
        let Some(target) = self.anchors.get(&anchor).cloned() else {
            let open = self.stack.iter().find(|frame| frame.anchor == anchor);
            let mut found = Diagnostic::error("alias-cycle", "this alias is inside its own anchor")
                .at(span, "")
                .help("a value cannot contain itself");
            if let Some(frame) = open {
                found = found.also(frame.start, "the anchor is on this value");
            }
            self.report(found);
            return Err(Stop);
        };
        self.expanded = self.expanded.saturating_add(target.weight as usize);
        let limit = (self.written * EXPANSION_RATIO).clamp(MAX_EXPANSION, EXPANSION_CEILING);
        if self.expanded > limit {
            let message = format!("the aliases up to here expand to more than {limit} values");
            self.report(
                Diagnostic::error("alias-bomb", message)
                    .at(span, "")
                    .help("aliases of aliases multiply; write the values out, or use `extends`"),
            );
            return Err(Stop);
        }
        if self.stack.len() + usize::from(target.height) > MAX_DEPTH {
            let message = format!("with this alias expanded, nesting is over {MAX_DEPTH} levels");
            self.report(
                Diagnostic::error("too-deep", message).at(span, "").help("flatten the structure"),
            );
            return Err(Stop);
        }
        self.finish(target, 0);
        Ok(())
    }

    /// Hands a finished node to the collection that is open, or makes it the root.
    fn finish(&mut self, node: Arc<Node>, anchor: usize) {
        if anchor != 0 {
            self.anchors.insert(anchor, Arc::clone(&node));
        }
        let Some(frame) = self.stack.last_mut() else {
            self.root = Some(node);
            return;
        };
        let (map, pending, merges) = match &mut frame.parts {
            Parts::Sequence(items) => {
                items.push(node);
                return;
            }
            Parts::Mapping { map, pending, merges } => (map, pending, merges),
        };
        match pending.take() {
            None => {
                let key = self.key(&node);
                self.set_pending(key);
            }
            Some(PendingKey::Broken) => {}
            Some(PendingKey::Merge(at)) => merges.push((at, node)),
            Some(PendingKey::Named(key)) => {
                if let Err(entry) = map.insert(Entry { key, value: node, merged: None }) {
                    let first = map.get(&entry.key.text).map(|entry| entry.key.span);
                    let found = duplicate_key(&entry.key, first);
                    self.report(found);
                }
            }
        }
    }

    /// Takes a scalar as the key that is due, without making a node of it first: half of all scalars are keys.
    fn plain_key(&mut self, text: &str, style: ScalarStyle, span: Span) -> Result<bool, Stop> {
        let Some(Frame { parts: Parts::Mapping { pending: pending @ None, .. }, .. }) =
            self.stack.last_mut()
        else {
            return Ok(false);
        };
        let plain = style == ScalarStyle::Plain;
        *pending = Some(if plain && text == "<<" {
            PendingKey::Merge(span)
        } else {
            let text = if plain && span.start == span.end { "" } else { text };
            PendingKey::Named(Key { text: self.texts.get(text), span })
        });
        self.count(span)?;
        Ok(true)
    }

    fn set_pending(&mut self, key: PendingKey) {
        if let Some(Frame { parts: Parts::Mapping { pending, .. }, .. }) = self.stack.last_mut() {
            *pending = Some(key);
        }
    }

    fn key(&mut self, node: &Arc<Node>) -> PendingKey {
        match &node.value {
            Value::Scalar(scalar) if scalar.style == Style::Plain && &*scalar.text == "<<" => {
                PendingKey::Merge(node.span)
            }
            Value::Scalar(scalar) => {
                PendingKey::Named(Key { text: Arc::clone(&scalar.text), span: node.span })
            }
            Value::Sequence(_) | Value::Mapping(_) => {
                let found = template_key(self.file, self.text, node.span).unwrap_or_else(|| {
                    Diagnostic::error("bad-key", format!("{} cannot be a key", node.describe()))
                        .at(node.span, "")
                        .help("a key is a word; quote it if it has special characters")
                });
                self.report(found);
                PendingKey::Broken
            }
        }
    }

    /// Adds what `from` has and `map` has not. In a list of mappings the earlier one wins.
    fn merge(&mut self, map: &mut Mapping, at: Span, from: &Arc<Node>, depth: usize) {
        match &from.value {
            Value::Mapping(other) => {
                for entry in other.entries() {
                    let merged = Some(entry.merged.unwrap_or(at));
                    let _ = map.insert(Entry { merged, ..entry.clone() });
                }
            }
            Value::Sequence(items) if depth == 0 => {
                for item in items {
                    self.merge(map, at, item, 1);
                }
            }
            Value::Scalar(_) | Value::Sequence(_) => {
                let message = format!("`<<` merges mappings, not {}", from.describe());
                self.report(
                    Diagnostic::error("bad-merge", message)
                        .at(from.span, "")
                        .also(at, "merged here")
                        .help("give it an alias of a mapping, or a list of them"),
                );
            }
        }
    }
}
