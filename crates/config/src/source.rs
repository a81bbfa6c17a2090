//! The texts that a project was read from, and places in them.
//!
//! Invariant: a `Span` is meaningful only with the `SourceMap` that handed out its `FileId`; its offsets are bytes
//! of that file's text and always lie on character boundaries.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use serde::Serialize;

/// One text in a [`SourceMap`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct FileId(u32);

/// A byte range in one file. `start == end` marks a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Span {
    pub file: FileId,
    pub start: u32,
    pub end: u32,
}

impl Span {
    pub fn new(file: FileId, start: usize, end: usize) -> Self {
        Self { file, start: offset(start), end: offset(end.max(start)) }
    }

    /// The smallest span that covers both; `other` must be in the same file, or `self` is returned.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        if self.file != other.file {
            return self;
        }
        Self { file: self.file, start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// The point just after the span.
    #[must_use]
    pub fn after(self) -> Self {
        Self { start: self.end, ..self }
    }
}

/// Texts are capped far below 4 GiB before they get here, so saturation is never seen.
fn offset(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// A span in human terms: 1-based lines, 1-based columns counted in characters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Location {
    pub file: String,
    pub line: usize,
    pub column: usize,
    pub end_line: usize,
    pub end_column: usize,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// One text: a file, standard input, or a value given on the command line.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// As a person would name it: the path as given, `<stdin>`, `--set`.
    name: String,
    /// Relative paths written in this text start here.
    directory: PathBuf,
    text: Arc<str>,
    line_starts: OnceLock<Vec<u32>>,
    /// Characters that begin before each block of bytes, because a line may be as long as the file.
    characters: OnceLock<Vec<u32>>,
}

/// Bytes that are counted together.
const BLOCK: usize = 1024;

impl SourceFile {
    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn directory(&self) -> &Path {
        &self.directory
    }

    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    fn line_starts(&self) -> &[u32] {
        self.line_starts.get_or_init(|| {
            let breaks = self.text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
            std::iter::once(0).chain(breaks.map(|(index, _)| offset(index + 1))).collect()
        })
    }

    /// 1-based line and character column of a byte offset.
    fn line_column(&self, at: u32) -> (usize, usize) {
        let starts = self.line_starts();
        let line = starts.partition_point(|start| *start <= at).max(1);
        let start = starts.get(line - 1).copied().unwrap_or(0) as usize;
        let end = (at as usize).min(self.text.len());
        (line, self.characters_before(end).saturating_sub(self.characters_before(start)) + 1)
    }

    /// How many characters begin before a byte offset.
    fn characters_before(&self, at: usize) -> usize {
        let bytes = self.text.as_bytes();
        let begin = |bytes: &[u8]| bytes.iter().filter(|byte| **byte & 0xC0 != 0x80).count();
        let blocks = self.characters.get_or_init(|| {
            let mut total = 0;
            let blocks = bytes.chunks(BLOCK).map(|block| {
                total += begin(block);
                offset(total)
            });
            std::iter::once(0).chain(blocks).collect()
        });
        let block = (at / BLOCK).min(blocks.len() - 1);
        let rest = bytes.get(block * BLOCK..at).unwrap_or_default();
        blocks.get(block).copied().unwrap_or(0) as usize + begin(rest)
    }
}

/// All texts of one load, in the order in which they were read.
#[derive(Debug, Clone, Default)]
pub struct SourceMap {
    files: Vec<SourceFile>,
}

impl SourceMap {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn add(
        &mut self,
        name: impl Into<String>,
        directory: impl Into<PathBuf>,
        text: impl Into<Arc<str>>,
    ) -> FileId {
        let id = FileId(offset(self.files.len()));
        self.files.push(SourceFile {
            name: name.into(),
            directory: directory.into(),
            text: text.into(),
            line_starts: OnceLock::new(),
            characters: OnceLock::new(),
        });
        id
    }

    /// The file behind an id; `None` only for an id of another map.
    pub fn get(&self, id: FileId) -> Option<&SourceFile> {
        self.files.get(id.0 as usize)
    }

    pub fn iter(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        self.files.iter().enumerate().map(|(index, file)| (FileId(offset(index)), file))
    }

    /// Covers a text that nobody shall read, so that no excerpt shows it. Places stay as they are.
    pub fn hide(&mut self, span: Span) {
        let Some(file) = self.files.get_mut(span.file.0 as usize) else { return };
        let (start, end) = (span.start as usize, span.end as usize);
        let Some(covered) = file.text.get(start..end) else { return };
        let cover: String = covered
            .chars()
            .map(|c| if c.is_whitespace() { c.to_string() } else { "*".repeat(c.len_utf8()) })
            .collect();
        file.text = [&file.text[..start], cover.as_str(), &file.text[end..]].concat().into();
        file.characters = OnceLock::new();
    }

    /// The text that a span covers.
    pub fn slice(&self, span: Span) -> &str {
        self.get(span.file)
            .and_then(|file| file.text.get(span.start as usize..span.end as usize))
            .unwrap_or("")
    }

    pub fn locate(&self, span: Span) -> Location {
        let Some(file) = self.get(span.file) else {
            return Location {
                file: String::new(),
                line: 1,
                column: 1,
                end_line: 1,
                end_column: 1,
            };
        };
        let (line, column) = file.line_column(span.start);
        let (end_line, end_column) = file.line_column(span.end);
        Location { file: file.name.clone(), line, column, end_line, end_column }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locates_lines_and_character_columns() {
        let mut map = SourceMap::new();
        let file = map.add("a.yaml", "/p", "wéb: 1\nb: 2\n");
        for (start, end, expected) in [
            (0, 4, (1, 1, 1, 4)),
            (4, 5, (1, 4, 1, 5)),
            (8, 9, (2, 1, 2, 2)),
            (13, 13, (3, 1, 3, 1)),
            (0, 9, (1, 1, 2, 2)),
        ] {
            let found = map.locate(Span::new(file, start, end));
            let found = (found.line, found.column, found.end_line, found.end_column);
            assert_eq!(found, expected, "{start}..{end}");
        }
        let file_of_one_line = map.add("b.yaml", "/p", "é".repeat(5000));
        let at = Span::new(file_of_one_line, 9000, 9002);
        assert_eq!(map.locate(at).to_string(), "b.yaml:1:4501");
        assert_eq!(map.locate(Span::new(file, 8, 9)).to_string(), "a.yaml:2:1");
        assert_eq!(map.slice(Span::new(file, 0, 4)), "wéb");
    }
}
