//! Formatted: what a format string came to: text, and what the native format's own templates put in later.
//!
//! Invariant: text stays text: braces in it are no template of the native format.

use std::sync::Arc;

use crate::source::Span;
use crate::yaml::{Node, Style};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    Text(String),
    /// A variable of the caller's environment.
    Env(String),
    /// The words of the command line.
    Args,
    /// The directory of the main file.
    Root,
    /// An image of the file, by its key.
    Image(String),
    /// A part of its reference: `name`, `tag`.
    ImagePart(String, &'static str),
    /// The container of an image, by its key.
    Container(String),
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Formatted {
    pieces: Vec<Piece>,
    /// It is a number as it stands.
    pub(super) is_number: bool,
}

impl Formatted {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::piece(Piece::Text(text.into()))
    }

    pub(super) fn piece(piece: Piece) -> Self {
        Self { pieces: vec![piece], is_number: false }
    }

    /// Whether Python has a number there.
    #[must_use]
    pub(super) fn with_number(mut self, is_number: bool) -> Self {
        self.is_number = is_number;
        self
    }

    pub(super) fn push(&mut self, more: Self) {
        for piece in more.pieces {
            match (self.pieces.last_mut(), piece) {
                (Some(Piece::Text(text)), Piece::Text(more)) => text.push_str(&more),
                (_, piece) => self.pieces.push(piece),
            }
        }
    }

    #[must_use]
    pub(super) fn and(mut self, more: Self) -> Self {
        self.push(more);
        self
    }

    /// The text, if nothing is left to be put in.
    pub(super) fn as_text(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [] => Some(""),
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// What it begins with, as far as that is known.
    pub(super) fn beginning(&self) -> Option<&str> {
        match self.pieces.first() {
            Some(Piece::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The image that it is, with nothing beside it.
    pub(super) fn as_image(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [Piece::Image(key)] => Some(key),
            _ => None,
        }
    }

    /// The variable that it is, with nothing beside it.
    pub(super) fn as_env(&self) -> Option<&str> {
        match self.pieces.as_slice() {
            [Piece::Env(name)] => Some(name),
            _ => None,
        }
    }

    pub(super) fn length(&self) -> usize {
        let lengths = self.pieces.iter().map(|piece| match piece {
            Piece::Text(text) => text.len(),
            Piece::Env(_)
            | Piece::Args
            | Piece::Root
            | Piece::Image(_)
            | Piece::ImagePart(..)
            | Piece::Container(_) => 16,
        });
        lengths.sum()
    }

    /// As the native format writes it.
    pub(super) fn node(&self, span: Span) -> Arc<Node> {
        match self.as_text() {
            Some(text) => verbatim(span, text),
            None => Arc::new(Node::string(span, self.template(), Style::Quoted)),
        }
    }

    fn template(&self) -> String {
        let mut out = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => out.push_str(&escaped(text)),
                Piece::Env(name) => expression(&mut out, "env", name, ""),
                Piece::Args => out.push_str("{{ args }}"),
                Piece::Root => out.push_str("{{ config_root }}"),
                Piece::Image(key) => expression(&mut out, "images", key, ""),
                Piece::ImagePart(key, part) => expression(&mut out, "images", key, part),
                Piece::Container(key) => expression(&mut out, "containers", key, ""),
            }
        }
        out
    }
}

/// Text that is never taken for a template.
pub(super) fn verbatim(span: Span, text: &str) -> Arc<Node> {
    let is_more = ["{{", "{%", "${"].iter().any(|marker| text.contains(marker));
    let style = if is_more { Style::Rendered } else { Style::Quoted };
    Arc::new(Node::string(span, text, style))
}

/// Text as a template of the native format that gives it.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let opens = letter == '{' && letters.peek().is_none_or(|next| "{%#".contains(*next));
        if opens { out.push_str("{{ '{' }}") } else { out.push(letter) }
    }
    out
}

fn expression(out: &mut String, scope: &str, name: &str, part: &str) {
    let is_word = !name.is_empty()
        && !name.starts_with(|letter: char| letter.is_ascii_digit())
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    out.push_str("{{ ");
    out.push_str(scope);
    if is_word {
        out.push('.');
        out.push_str(name);
    } else {
        let name = name.replace('\\', "\\\\").replace('\'', "\\'");
        out.extend(["['", &name, "']"]);
    }
    if !part.is_empty() {
        out.push('.');
        out.push_str(part);
    }
    out.push_str(" }}");
}
