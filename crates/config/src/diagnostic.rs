//! What is wrong with the user's files, as data that a person, an editor or a build server can be shown.
//!
//! Invariant: a diagnostic that points into a text always has a primary label; messages are complete without the
//! labels, so that they can also be printed on one line.

use std::fmt::Write as _;

use serde::Serialize;

use crate::source::{Location, SourceMap, Span};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nothing can be planned from these files.
    Error,
    /// The files mean something, but probably not this.
    Warning,
}

impl Severity {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// A place and what is to be said about it there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label {
    pub span: Span,
    pub text: String,
}

/// A replacement that a person or an editor can apply as it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Patch {
    pub span: Span,
    pub replacement: String,
}

/// One finding. `code` is stable (kebab-case), `message` is a sentence fragment in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Diagnostic {
    pub severity: Severity,
    pub code: &'static str,
    /// Where in the document, such as `containers.web.ports[0]`; empty for findings about a whole file.
    pub path: String,
    pub message: String,
    pub primary: Option<Label>,
    pub secondary: Vec<Label>,
    pub notes: Vec<String>,
    pub help: Option<String>,
    pub patch: Option<Patch>,
}

impl Diagnostic {
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, message.into())
    }

    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, message.into())
    }

    fn new(severity: Severity, code: &'static str, message: String) -> Self {
        Self {
            severity,
            code,
            path: String::new(),
            message,
            primary: None,
            secondary: Vec::new(),
            notes: Vec::new(),
            help: None,
            patch: None,
        }
    }

    /// Sets the primary place; its label repeats nothing and may be empty.
    #[must_use]
    pub fn at(mut self, span: Span, text: impl Into<String>) -> Self {
        self.primary = Some(Label { span, text: text.into() });
        self
    }

    #[must_use]
    pub fn in_path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    #[must_use]
    pub fn also(mut self, span: Span, text: impl Into<String>) -> Self {
        self.secondary.push(Label { span, text: text.into() });
        self
    }

    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }

    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    /// As [`Diagnostic::help`], when there is something to say.
    #[must_use]
    pub fn maybe_help(mut self, text: Option<String>) -> Self {
        if text.is_some() {
            self.help = text;
        }
        self
    }

    #[must_use]
    pub fn patch(mut self, span: Span, replacement: impl Into<String>) -> Self {
        self.patch = Some(Patch { span, replacement: replacement.into() });
        self
    }

    /// Path and message on one line, as in `containers.web: unknown key "imag"`.
    pub fn title(&self) -> String {
        if self.path.is_empty() {
            self.message.clone()
        } else {
            format!("{}: {}", self.path, self.message)
        }
    }
}

/// Every finding of one load, sorted by place, without repetitions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagnostics {
    items: Vec<Diagnostic>,
    /// Errors and warnings that were only counted.
    more: [usize; 2],
}

/// Findings that are kept. Whoever has more of them needs none of the rest.
const MAX_KEPT: usize = 10_000;

impl Diagnostics {
    pub fn push(&mut self, diagnostic: Diagnostic) {
        if self.items.len() < MAX_KEPT {
            self.items.push(diagnostic);
        } else {
            self.more[diagnostic.severity as usize] += 1;
        }
    }

    pub fn extend(&mut self, other: Self) {
        for (own, more) in self.more.iter_mut().zip(other.more) {
            *own += more;
        }
        for item in other.items {
            self.push(item);
        }
    }

    /// Gives the finding at a place another help.
    pub(crate) fn advise(&mut self, span: Span, help: &str) {
        let is_there =
            |item: &&mut Diagnostic| item.primary.as_ref().is_some_and(|label| label.span == span);
        if let Some(item) = self.items.iter_mut().find(is_there) {
            item.help = Some(help.to_owned());
            item.patch = None;
        }
    }

    /// Puts findings in the order of the files; those without a place come first.
    pub fn sort(&mut self) {
        self.items.sort_by(|a, b| {
            let key = |d: &Diagnostic| (d.primary.as_ref().map(|label| label.span), d.severity);
            key(a).cmp(&key(b)).then_with(|| (&a.path, &a.message).cmp(&(&b.path, &b.message)))
        });
        // What fails inside of a template is also found by asking for it; one of the two knows the path.
        self.items.dedup_by(|later, kept| {
            let is_same = kept.path.is_empty()
                && kept.primary.is_some()
                && (kept.code, &kept.message, &kept.primary)
                    == (later.code, &later.message, &later.primary);
            if is_same {
                std::mem::swap(kept, later);
            }
            is_same
        });
        self.items.dedup();
    }

    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.items.iter()
    }

    /// How many there are, with those that were only counted.
    pub fn len(&self) -> usize {
        self.items.len() + self.more.iter().sum::<usize>()
    }

    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    pub fn has_errors(&self) -> bool {
        self.more[Severity::Error as usize] > 0
            || self.items.iter().any(|item| item.severity == Severity::Error)
    }

    pub fn count(&self, severity: Severity) -> usize {
        let kept = self.items.iter().filter(|item| item.severity == severity).count();
        kept + self.more[severity as usize]
    }

    /// One block of lines per finding, without colour or snippets. Control characters are shown escaped, because
    /// messages quote text that others wrote.
    pub fn render_plain(&self, sources: &SourceMap) -> String {
        let mut out = String::new();
        for item in &self.items {
            let place = item.primary.as_ref().map(|label| sources.locate(label.span));
            let place = place.map_or(String::new(), |place| format!("{place}: "));
            let line = format!("{place}{}: {}", item.severity.as_str(), item.title());
            push_line(&mut out, &line);
            for label in &item.secondary {
                let at = sources.locate(label.span);
                push_line(&mut out, &format!("  {at}: {}", label.text));
            }
            for note in &item.notes {
                push_line(&mut out, &format!("  note: {note}"));
            }
            if let Some(help) = &item.help {
                push_line(&mut out, &format!("  help: {help}"));
            }
        }
        out
    }

    /// The findings with their places resolved, for editors and build servers.
    pub fn to_json(&self, sources: &SourceMap) -> serde_json::Value {
        let rows: Vec<_> = self.items.iter().map(|item| Json::new(item, sources)).collect();
        serde_json::to_value(rows).expect("invariant: diagnostics are plain data")
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl IntoIterator for Diagnostics {
    type Item = Diagnostic;
    type IntoIter = std::vec::IntoIter<Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
    }
}

fn push_line(out: &mut String, line: &str) {
    for c in line.chars() {
        if c.is_control() {
            let _ = write!(out, "{}", c.escape_default());
        } else {
            out.push(c);
        }
    }
    out.push('\n');
}

#[derive(Serialize)]
struct Json<'a> {
    severity: Severity,
    code: &'static str,
    path: &'a str,
    message: &'a str,
    location: Option<Location>,
    label: &'a str,
    related: Vec<JsonLabel<'a>>,
    notes: &'a [String],
    help: Option<&'a str>,
    patch: Option<JsonPatch<'a>>,
}

#[derive(Serialize)]
struct JsonLabel<'a> {
    location: Location,
    label: &'a str,
}

#[derive(Serialize)]
struct JsonPatch<'a> {
    location: Location,
    start_byte: u32,
    end_byte: u32,
    replacement: &'a str,
}

impl<'a> Json<'a> {
    fn new(item: &'a Diagnostic, sources: &SourceMap) -> Self {
        let related = item.secondary.iter();
        let related = related
            .map(|label| JsonLabel { location: sources.locate(label.span), label: &label.text });
        Self {
            severity: item.severity,
            code: item.code,
            path: &item.path,
            message: &item.message,
            location: item.primary.as_ref().map(|label| sources.locate(label.span)),
            label: item.primary.as_ref().map_or("", |label| &label.text),
            related: related.collect(),
            notes: &item.notes,
            help: item.help.as_deref(),
            patch: item.patch.as_ref().map(|patch| JsonPatch {
                location: sources.locate(patch.span),
                start_byte: patch.span.start,
                end_byte: patch.span.end,
                replacement: &patch.replacement,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> (Diagnostics, SourceMap) {
        let mut sources = SourceMap::new();
        let file = sources.add("a.yaml", "/p", "imag: x\nb: 1\n");
        let mut all = Diagnostics::default();
        all.push(Diagnostic::warning("late", "second").at(Span::new(file, 8, 9), ""));
        let first = Diagnostic::error("unknown-key", "unknown key \"imag\u{1b}\"")
            .at(Span::new(file, 0, 4), "not a key")
            .in_path("containers.web")
            .also(Span::new(file, 8, 9), "near this")
            .help("did you mean \"image\"?")
            .patch(Span::new(file, 0, 4), "image");
        all.push(first.clone());
        all.push(first);
        all.sort();
        (all, sources)
    }

    #[test]
    fn renders_sorted_and_without_repetition() {
        let (all, sources) = sample();
        assert_eq!(
            all.render_plain(&sources),
            "a.yaml:1:1: error: containers.web: unknown key \"imag\\u{1b}\"\n  \
             a.yaml:2:1: near this\n  help: did you mean \"image\"?\na.yaml:2:1: warning: second\n"
        );
        assert!(all.has_errors());
        assert_eq!((all.count(Severity::Error), all.len()), (1, 2));
    }

    #[test]
    fn json_has_places_and_patch() {
        let (all, sources) = sample();
        let json = all.to_json(&sources);
        assert_eq!(json[0]["location"]["line"], 1);
        assert_eq!(json[0]["related"][0]["location"]["line"], 2);
        assert_eq!(json[0]["patch"]["replacement"], "image");
        assert_eq!(json[0]["severity"], "error");
        assert_eq!(json[1]["code"], "late");
    }
}
