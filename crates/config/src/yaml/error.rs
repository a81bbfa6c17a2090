//! The parser's complaints in the words of somebody who wants to repair the file.
//!
//! Invariant: every syntax error names a place and says what would be right; the parser's own wording is the last
//! resort.

use granit_parser::{ErrorKind, ScanError};

use super::MAX_DEPTH;
use super::node::Key;
use super::scalar::shorten;
use crate::diagnostic::Diagnostic;
use crate::source::{FileId, Span};

/// Kind, message, help.
const WORDS: &[(ErrorKind, &str, &str)] = &[
    (
        ErrorKind::MappingValueNotAllowed,
        "a `:` cannot start a value here",
        "line the key up with its siblings, or quote the text if the colon belongs to it",
    ),
    (
        ErrorKind::MappingKeyNotAllowed,
        "a key cannot start here",
        "line it up with the keys beside it",
    ),
    (
        ErrorKind::ExpectedBlockMappingKey,
        "expected a key here",
        "keys of one mapping start in the same column; write `key: value`",
    ),
    (
        ErrorKind::ExpectedBlockSequenceEntry,
        "expected another `-` item here",
        "a list cannot be followed by keys at the same indentation: indent or move one of them",
    ),
    (
        ErrorKind::BlockSequenceEntryNotAllowed,
        "a `-` item cannot start here",
        "start the list on a line of its own",
    ),
    (
        ErrorKind::SimpleKeyExpected,
        "expected `:` after this key",
        "write `key: value`; a line without `:` is not a key",
    ),
    (
        ErrorKind::InvalidSimpleKey,
        "this key is too long or spans lines",
        "a key is one line of at most 1024 characters",
    ),
    (
        ErrorKind::InvalidIndentation,
        "the indentation of this line fits nothing above it",
        "line it up with its siblings",
    ),
    (
        ErrorKind::UnclosedQuotedScalar,
        "a quote is never closed",
        "add the closing quote, or remove the opening one",
    ),
    (
        ErrorKind::InvalidQuotedScalarIndent,
        "a quote is not closed before this line",
        "add the closing quote, or indent the lines that belong to the text",
    ),
    (
        ErrorKind::InvalidTrailingDoubleQuotedScalar,
        "text follows the closing quote",
        "put the quotes around the whole value; write `\\\"` for a quote inside it",
    ),
    (
        ErrorKind::InvalidTrailingSingleQuotedScalar,
        "text follows the closing quote",
        "put the quotes around the whole value; write `''` for a quote inside it",
    ),
    (
        ErrorKind::UnknownQuotedScalarEscape,
        "this escape means nothing in double quotes",
        "write `\\\\` for a backslash, or use single quotes",
    ),
    (
        ErrorKind::UnknownAnchor,
        "this alias has no anchor above it",
        "define it with `&name` before the first `*name`, or quote the text if `*` belongs to it",
    ),
    (
        ErrorKind::ExpectedFlowMappingSeparator,
        "expected `,` or `}` here",
        "close the `{` or separate the entries",
    ),
    (
        ErrorKind::ExpectedFlowSequenceSeparator,
        "expected `,` or `]` here",
        "close the `[` or separate the items",
    ),
    (
        ErrorKind::InvalidColonPlacement,
        "a `:` cannot stand here",
        "a `[` or `{` above may never be closed",
    ),
    (
        ErrorKind::MisplacedFlowCollectionEnd,
        "this bracket closes nothing",
        "remove it, or quote it",
    ),
    (
        ErrorKind::InvalidBlockScalarIndent,
        "this line is indented less than the text block it is in",
        "indent every line of the block alike",
    ),
    (
        ErrorKind::ExpectedDocumentStart,
        "nothing can follow the document here",
        "check the indentation of this line",
    ),
    (
        ErrorKind::CommentInterceptedScalar,
        "a comment interrupts this text",
        "quote the text, or move the comment",
    ),
];

/// Words for `error`; `after` is the last thing that was understood.
pub(super) fn diagnose(
    error: &ScanError,
    file: FileId,
    text: &str,
    after: Option<Span>,
) -> Diagnostic {
    let marker = error.marker();
    let at = floor_boundary(text, marker.byte_offset().unwrap_or(text.len()));
    let span = one_character(file, text, at);
    let (message, help) = words(error);
    let line = line_around(text, at);
    if let Some(tab) = tab_in_indentation(line.1) {
        let start = line.0 + tab;
        return Diagnostic::error("yaml-syntax", "a tab cannot indent YAML")
            .at(Span::new(file, start, start + 1), "this is a tab")
            .help("indent with spaces")
            .patch(Span::new(file, start, start + 1), "  ");
    }
    let mut out = Diagnostic::error("yaml-syntax", message).at(span, "").maybe_help(help);
    if bare_template(line.1) {
        out = out.help("a value that starts with `{{` must be quoted: \"{{ … }}\"");
    }
    match after {
        Some(after) if after.end < span.start && !line_covers(text, after, span) => {
            out.also(after, "understood up to here")
        }
        _ => out,
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the parser's enum is open")]
fn words(error: &ScanError) -> (String, Option<String>) {
    if let Some((_, message, help)) = WORDS.iter().find(|(kind, _, _)| kind == error.kind()) {
        return ((*message).to_owned(), Some((*help).to_owned()));
    }
    let (message, help) = match error.kind() {
        ErrorKind::UnexpectedCharacter { character } => (
            format!("a value cannot start with `{}`", character.escape_default()),
            "quote the value".to_owned(),
        ),
        ErrorKind::UnclosedFlowCollection { open } => (
            format!("this `{open}` is never closed"),
            format!("add the closing `{}`, or quote the value", closing(*open)),
        ),
        ErrorKind::MismatchedFlowCollectionEnd { open, close } => (
            format!("`{open}` is closed by `{close}`"),
            format!("close it by `{}`", closing(*open)),
        ),
        ErrorKind::RecursionLimitExceeded => {
            (format!("nested deeper than {MAX_DEPTH} levels"), "flatten the structure".to_owned())
        }
        other => return (other.to_string(), None),
    };
    (message, Some(help))
}

fn closing(open: char) -> char {
    if open == '[' { ']' } else { '}' }
}

pub(super) fn floor_boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn one_character(file: FileId, text: &str, at: usize) -> Span {
    let width = text.get(at..).and_then(|rest| rest.chars().next());
    let width = width.filter(|c| *c != '\n').map_or(0, char::len_utf8);
    Span::new(file, at, at + width)
}

/// The line that holds a byte offset, and where it starts. The scanner often stops at the start of the next line.
fn line_around(text: &str, at: usize) -> (usize, &str) {
    let start = text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |index| index + 1);
    let line = text.get(start..).and_then(|rest| rest.lines().next()).unwrap_or("");
    (start, line)
}

fn tab_in_indentation(line: &str) -> Option<usize> {
    let blank = line.len() - line.trim_start_matches([' ', '\t']).len();
    line.get(..blank).and_then(|indent| indent.find('\t'))
}

/// Whether the line has an unquoted `{{` where a value starts.
fn bare_template(line: &str) -> bool {
    [": {{", "- {{"].iter().any(|start| line.contains(start))
}

fn line_covers(text: &str, after: Span, span: Span) -> bool {
    !text.get(after.end as usize..span.start as usize).unwrap_or("").contains('\n')
}

/// `key: {{ x }}` without quotes is YAML for a mapping whose key is a mapping; `inner` is that key.
pub(super) fn template_key(file: FileId, text: &str, inner: Span) -> Option<Diagnostic> {
    let start = (inner.start as usize).checked_sub(1)?;
    let line = text.get(start..)?.lines().next().filter(|line| line.starts_with("{{"))?;
    let template = line.get(..line.find("}}")? + 2)?;
    let span = Span::new(file, start, start + template.len());
    let quoted = if template.contains('"') {
        format!("'{}'", template.replace('\'', "''"))
    } else {
        format!("\"{template}\"")
    };
    Some(
        Diagnostic::error("unquoted-template", "a template must be quoted")
            .at(span, "to YAML this is a mapping in a mapping")
            .help(format!("write {quoted}"))
            .patch(span, quoted),
    )
}

/// A key for the second time.
pub(crate) fn duplicate_key(key: &Key, first: Option<Span>) -> Diagnostic {
    let message = format!("duplicate key `{}`", shorten(&key.text));
    let found = Diagnostic::error("duplicate-key", message)
        .at(key.span, "this one would be lost")
        .help("remove one of them, or merge their values");
    match first {
        Some(first) => found.also(first, "first written here"),
        None => found,
    }
}
