//! Diagnostics for people: file, line, column, the text underlined, and help.
//!
//! Invariant: all of them are counted, and enough of them are shown, errors first.

use annotate_snippets::{AnnotationKind, Element, Group, Level, Origin, Patch, Renderer, Snippet};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;
use windlass::config::{Diagnostic, Diagnostics, FileId, Label, Severity, SourceMap, Span};

use super::escape;
use super::excerpt::excerpt;
use super::style::Style;
use crate::words;

/// Findings that are shown; the rest are counted.
const MAX_SHOWN: usize = 100;

/// The findings, and how many there are.
pub(crate) fn diagnostics(diagnostics: &Diagnostics, sources: &SourceMap, style: Style) -> String {
    let renderer = if style.colour { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.term_width(style.width.unwrap_or(140));
    let mut out = String::new();
    let of = |severity| diagnostics.iter().filter(move |found| found.severity == severity);
    let shown = |found: &Diagnostic| -> String { one(found, sources, &renderer) + "\n\n" };
    if diagnostics.len() <= MAX_SHOWN {
        out.extend(diagnostics.iter().map(shown));
    } else {
        let first = of(Severity::Error).chain(of(Severity::Warning)).take(MAX_SHOWN);
        out.extend(first.map(shown));
        let _ = writeln!(out, "… and {} more\n", diagnostics.len() - MAX_SHOWN);
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
    // A snippet whose place was said in a line of its own begins with the sign of another file, and nothing behind it.
    let text = renderer.render(&report);
    text.lines().filter(|line| line.trim() != ":::").collect::<Vec<_>>().join("\n")
}

/// One snippet per file, the primary one first.
fn snippets<'a>(diagnostic: &'a Diagnostic, sources: &'a SourceMap) -> Vec<Element<'a>> {
    let Some(primary) = &diagnostic.primary else {
        return Vec::new();
    };
    let mut by_file: BTreeMap<(bool, FileId), Vec<(AnnotationKind, &Label)>> = BTreeMap::new();
    let labels = std::iter::once((AnnotationKind::Primary, primary))
        .chain(diagnostic.secondary.iter().map(|label| (AnnotationKind::Context, label)));
    for (kind, label) in labels {
        let other = label.span.file != primary.span.file;
        by_file.entry((other, label.span.file)).or_default().push((kind, label));
    }
    by_file.into_values().filter_map(|labels| snippet(&labels, sources)).flatten().collect()
}

/// The places in one file, with the line that says where they are if the excerpt alone cannot.
fn snippet<'a>(
    labels: &[(AnnotationKind, &Label)],
    sources: &SourceMap,
) -> Option<Vec<Element<'a>>> {
    let (kinds, ranges): (Vec<_>, Vec<_>) = labels
        .iter()
        .filter_map(|(kind, label)| Some(((*kind, *label), range(label.span, sources)?)))
        .unzip();
    let main = kinds.first()?.1.span;
    let file = sources.get(main.file)?;
    let excerpt = excerpt(file.text(), &ranges)?;
    let annotations = kinds.into_iter().zip(excerpt.ranges).filter_map(|((kind, label), range)| {
        let annotation = kind.span(range?);
        Some(if label.text.is_empty() {
            annotation
        } else {
            annotation.label(escape::line(&label.text).into_owned())
        })
    });
    let line = sources.locate(Span::new(main.file, excerpt.start, excerpt.start)).line;
    let name = escape::line(file.name()).into_owned();
    let snippet = Snippet::source(excerpt.text).line_start(line).annotations(annotations);
    if !excerpt.is_cut {
        return Some(vec![snippet.path(name).into()]);
    }
    let place = sources.locate(main);
    let origin = Origin::path(name).line(place.line).char_column(place.column);
    Some(vec![origin.into(), snippet.into()])
}

/// What the line would be; nothing if it is too long to be shown.
fn patch<'a>(diagnostic: &Diagnostic, sources: &SourceMap) -> Option<Snippet<'a, Patch<'a>>> {
    let patch = diagnostic.patch.as_ref()?;
    let file = sources.get(patch.span.file)?;
    let range = range(patch.span, sources)?;
    let excerpt = excerpt(file.text(), &[range]).filter(|excerpt| !excerpt.is_cut)?;
    let line = sources.locate(Span::new(patch.span.file, excerpt.start, excerpt.start)).line;
    let range = excerpt.ranges.into_iter().next().flatten()?;
    let replacement = escape::block(&patch.replacement).into_owned();
    Some(Snippet::source(excerpt.text).line_start(line).patch(Patch::new(range, replacement)))
}

/// The bytes of a span; `None` where it is not a place in the text.
fn range(span: Span, sources: &SourceMap) -> Option<Range<usize>> {
    let text = sources.get(span.file)?.text();
    let range = span.start as usize..(span.end as usize).min(text.len());
    text.get(range.clone())?;
    Some(range)
}
