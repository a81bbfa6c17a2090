//! Diagnostics for people: file, line, column, the text underlined, and help.
//!
//! Invariant: all of them are shown, and then counted.

use annotate_snippets::{AnnotationKind, Element, Group, Level, Patch, Renderer, Snippet};
use std::collections::BTreeMap;
use std::ops::Range;
use windlass::config::{Diagnostic, Diagnostics, FileId, Severity, SourceMap, Span};

use super::escape;
use super::style::Style;
use crate::words;

/// Every finding, and how many there are.
pub(crate) fn diagnostics(diagnostics: &Diagnostics, sources: &SourceMap, style: Style) -> String {
    let renderer = if style.colour { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.term_width(style.width.unwrap_or(140));
    let mut out = String::new();
    for diagnostic in diagnostics {
        out.push_str(&one(diagnostic, sources, &renderer));
        out.push_str("\n\n");
    }
    out.push_str(&summary(diagnostics));
    out
}

/// `2 errors, 1 warning`; empty if there are none.
fn summary(diagnostics: &Diagnostics) -> String {
    let parts: Vec<_> = [(Severity::Error, "error"), (Severity::Warning, "warning")]
        .into_iter()
        .map(|(severity, noun)| (diagnostics.count(severity), noun))
        .filter(|(number, _)| *number > 0)
        .map(|(number, noun)| words::count(number, noun))
        .collect();
    if parts.is_empty() { String::new() } else { format!("{}\n", parts.join(", ")) }
}

fn one(diagnostic: &Diagnostic, sources: &SourceMap, renderer: &Renderer) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = diagnostic.title();
    let title = level.primary_title(escape::line(&title).into_owned()).id(diagnostic.code);
    let mut group = title.elements(snippets(diagnostic, sources));
    for note in &diagnostic.notes {
        group = group.element(Level::NOTE.message(escape::block(note).into_owned()));
    }
    let mut report = vec![group];
    match (&diagnostic.help, patch(diagnostic, sources)) {
        (Some(help), Some(patch)) => {
            let help = Level::HELP.secondary_title(escape::line(help).into_owned());
            report.push(help.element(patch));
        }
        (Some(help), None) => {
            let message: Element<'_> = Level::HELP.message(escape::block(help).into_owned()).into();
            let first = report.remove(0);
            report.push(first.element(message));
        }
        (None, Some(patch)) => {
            report
                .push(Group::with_title(Level::HELP.secondary_title("replace it")).element(patch));
        }
        (None, None) => {}
    }
    renderer.render(&report)
}

/// One snippet per file, the primary one first.
fn snippets<'a>(
    diagnostic: &'a Diagnostic,
    sources: &'a SourceMap,
) -> Vec<Snippet<'a, annotate_snippets::Annotation<'a>>> {
    let Some(primary) = &diagnostic.primary else {
        return Vec::new();
    };
    let mut by_file: BTreeMap<(bool, FileId), Vec<annotate_snippets::Annotation<'a>>> =
        BTreeMap::new();
    let labels = std::iter::once((AnnotationKind::Primary, primary))
        .chain(diagnostic.secondary.iter().map(|label| (AnnotationKind::Context, label)));
    for (kind, label) in labels {
        let Some(range) = range(label.span, sources) else { continue };
        let annotation = kind.span(range);
        let annotation = if label.text.is_empty() {
            annotation
        } else {
            annotation.label(escape::line(&label.text).into_owned())
        };
        let other = label.span.file != primary.span.file;
        by_file.entry((other, label.span.file)).or_default().push(annotation);
    }
    by_file
        .into_iter()
        .filter_map(|((_, file), annotations)| {
            let file = sources.get(file)?;
            let name = escape::line(file.name()).into_owned();
            Some(Snippet::source(file.text().as_ref()).path(name).annotations(annotations))
        })
        .collect()
}

fn patch<'a>(diagnostic: &'a Diagnostic, sources: &'a SourceMap) -> Option<Snippet<'a, Patch<'a>>> {
    let patch = diagnostic.patch.as_ref()?;
    let file = sources.get(patch.span.file)?;
    let range = range(patch.span, sources)?;
    Some(Snippet::source(file.text().as_ref()).patch(Patch::new(range, patch.replacement.as_str())))
}

/// The bytes of a span; `None` where it is not a place in the text.
fn range(span: Span, sources: &SourceMap) -> Option<Range<usize>> {
    let text = sources.get(span.file)?.text();
    let range = span.start as usize..(span.end as usize).min(text.len());
    text.get(range.clone())?;
    Some(range)
}
