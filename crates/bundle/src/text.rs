//! Texts by lines.
//!
//! Invariant: what is not edited comes back byte by byte: line ends, a missing last one, and what is no UTF-8.

use crate::ResourceError;
use regex_lite::Regex;
use std::ops::RangeInclusive;

/// A line without its end, and that: `"\n"`, `"\r\n"` or, at the end of a text, `""`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) text: String,
    end: &'static str,
}

/// How some programs begin a text: a byte order mark, which is no part of its first line.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) lines: Vec<Line>,
    has_mark: bool,
    /// It was no UTF-8: every byte is the character of its number, as in Latin-1.
    is_latin: bool,
}

impl Text {
    pub(crate) fn new(bytes: &[u8]) -> Self {
        let (has_mark, bytes) = match bytes.strip_prefix(MARK) {
            Some(rest) => (true, rest),
            None => (false, bytes),
        };
        let (text, is_latin) = match str::from_utf8(bytes) {
            Ok(text) => (text.to_owned(), false),
            Err(_) => (bytes.iter().map(|byte| char::from(*byte)).collect(), true),
        };
        let lines = text.split_inclusive('\n').map(|line| {
            let (text, end) = match (line.strip_suffix("\r\n"), line.strip_suffix('\n')) {
                (Some(text), _) => (text, "\r\n"),
                (None, Some(text)) => (text, "\n"),
                (None, None) => (line, ""),
            };
            Line { text: text.to_owned(), end }
        });
        Self { lines: lines.collect(), has_mark, is_latin }
    }

    /// # Errors
    ///
    /// If something was put in that its encoding does not have.
    pub(crate) fn bytes(&self) -> Result<Vec<u8>, ResourceError> {
        let mut bytes = if self.has_mark { MARK.to_vec() } else { Vec::new() };
        let text: String = self.lines.iter().flat_map(|line| [&*line.text, line.end]).collect();
        if !self.is_latin {
            bytes.extend(text.into_bytes());
            return Ok(bytes);
        }
        let byte = |one: char| {
            u8::try_from(one).map_err(|_| {
                ResourceError::new(format!("the file is no UTF-8, and `{one}` is not in Latin-1"))
            })
        };
        for one in text.chars() {
            bytes.push(byte(one)?);
        }
        Ok(bytes)
    }

    /// Puts a line in front of that at a place; at the end it leaves a missing last line end missing.
    pub(crate) fn insert(&mut self, place: usize, text: &str) {
        let usual = self.lines.first().map_or("\n", |line| line.end);
        let usual = if usual.is_empty() { "\n" } else { usual };
        let mut end = usual;
        if let (true, Some(last)) = (place == self.lines.len(), self.lines.last_mut())
            && last.end.is_empty()
        {
            last.end = usual;
            end = "";
        }
        self.lines.insert(place, Line { text: text.to_owned(), end });
    }

    /// Takes lines away; a missing last line end stays missing.
    pub(crate) fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        let ends_bare = self.ends_bare();
        self.lines.retain(|line| keep(&line.text));
        self.end(ends_bare);
    }

    /// The same, by their places.
    pub(crate) fn remove(&mut self, places: RangeInclusive<usize>) {
        let ends_bare = self.ends_bare();
        self.lines.drain(places);
        self.end(ends_bare);
    }

    fn ends_bare(&self) -> bool {
        self.lines.last().is_some_and(|line| line.end.is_empty())
    }

    fn end(&mut self, is_bare: bool) {
        if let (true, Some(last)) = (is_bare, self.lines.last_mut()) {
            last.end = "";
        }
    }

    /// Where a new line goes: behind the last that matches, before the first, at the end.
    pub(crate) fn place(&self, after: Option<&Regex>, before: Option<&Regex>) -> usize {
        let matches =
            |one: Option<&Regex>, line: &Line| one.is_some_and(|r| r.is_match(&line.text));
        let behind = self.lines.iter().rposition(|line| matches(after, line)).map(|at| at + 1);
        let ahead = || self.lines.iter().position(|line| matches(before, line));
        behind.or_else(ahead).unwrap_or(self.lines.len())
    }
}

/// The expression of a field.
pub(crate) fn expression(
    text: Option<&String>,
    field: &'static str,
) -> Result<Option<Regex>, ResourceError> {
    text.map(|text| {
        Regex::new(text).map_err(|error| {
            let message = format!("`{text}` is no regular expression: {error}");
            ResourceError::new(message).field(field)
        })
    })
    .transpose()
}
