//! Origin: the files of a loaded project, for what is found out about it later.
//!
//! Invariant: what is found is shown as findings of a load are, at the place in the files that is to be changed.

use std::collections::BTreeMap;
use std::path::Path;
use windlass::config::{Diagnostic, Diagnostics, SourceMap, Span};
use windlass::model::Address;
use windlass::model::note::{Blocker, BlockerReason};
use windlass::{ImagePlaces, InputError, InputPlace, Places, SecretError};

use crate::hint;
use crate::render::blocker;
use crate::trouble::with_causes;

/// Where a project comes from.
#[derive(Debug)]
pub(crate) struct Origin {
    pub(crate) sources: SourceMap,
    pub(crate) places: Places,
    /// Variables as they are written, for templates that are written again.
    pub(crate) vars: BTreeMap<String, serde_json::Value>,
}

/// What was found out, with the texts that it points into.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) diagnostics: Diagnostics,
    pub(crate) sources: SourceMap,
}

impl Origin {
    /// Local files of images, and secrets, that can't be read.
    pub(crate) fn unreadable(&self, inputs: &[InputError], secrets: &[SecretError]) -> Found {
        let mut sources = self.sources.clone();
        let mut diagnostics = Diagnostics::default();
        for error in inputs {
            diagnostics.push(self.input(error, &mut sources));
        }
        for error in secrets {
            let place = self.places.secrets.get(error.name()).copied();
            let found = Diagnostic::error("unreadable-secret", plain(&with_causes(error)));
            let found = placed(found, place).in_path(format!("secrets.{}", error.name()));
            diagnostics.push(found.help(hint::secret(error)));
        }
        diagnostics.sort();
        Found { diagnostics, sources }
    }

    fn input(&self, error: &InputError, sources: &mut SourceMap) -> Diagnostic {
        let nowhere = ImagePlaces::default();
        let places = self.places.images.get(&error.image).unwrap_or(&nowhere);
        let found = Diagnostic::error("unreadable-input", plain(&error.reason()));
        let found = found.in_path(format!("images.{}", error.image));
        let (place, help) = match &error.place {
            InputPlace::Source => (None, hint::INPUT),
            InputPlace::Context => (places.context, hint::CONTEXT),
            InputPlace::Command(index) => (places.commands.get(*index).copied(), hint::COMMAND),
            InputPlace::Line(line) => (places.lines.get(*line).copied(), hint::DOCKERFILE),
            InputPlace::Dockerfile { path, line } => {
                let found = found.help(hint::DOCKERFILE);
                return match (line_of(path, *line, sources), places.source) {
                    (Some(line), Some(named)) => found.at(line, "").also(named, "named here"),
                    (line, named) => placed(found, line.or(named)),
                };
            }
        };
        let object = windlass::model::EngineName::default();
        let object = windlass::model::Address::image(&object, &error.image);
        placed(found, place.or(places.source).or_else(|| self.places.of(&object))).help(help)
    }

    /// Where an object is declared, as `FILE:LINE:COLUMN`.
    pub(crate) fn place(&self, address: &Address) -> Option<String> {
        Some(self.sources.locate(self.places.of(address)?).to_string())
    }

    /// What stands in the way of a plan.
    pub(crate) fn blocked(&self, blockers: &[Blocker]) -> Found {
        let mut diagnostics = Diagnostics::default();
        for blocker in blockers {
            let mut found = Diagnostic::error("blocked", blocker::title(blocker));
            if let BlockerReason::VolumeDiverged { changes, .. } = &blocker.reason {
                for change in changes {
                    found = found.note(crate::render::plan::change_words(change));
                }
            }
            let found = placed(found, self.places.of(&blocker.address));
            diagnostics.push(found.help(hint::blocker(&blocker.address, &blocker.reason)));
        }
        diagnostics.sort();
        Found { diagnostics, sources: self.sources.clone() }
    }
}

/// Without the number that the operating system gives an error.
fn plain(text: &str) -> String {
    let end = text.rfind(" (os error ").filter(|_| text.ends_with(')'));
    text[..end.unwrap_or(text.len())].to_owned()
}

/// A line, from 0, of a Dockerfile that is not among the files of the project.
fn line_of(path: &Path, line: usize, sources: &mut SourceMap) -> Option<Span> {
    let text = std::fs::read_to_string(path).ok()?;
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let length = text.get(start..)?.lines().next().map_or(0, str::len);
    let directory = path.parent().unwrap_or(Path::new("/")).to_path_buf();
    let file = sources.add(path.display().to_string(), directory, text);
    Some(Span::new(file, start, start + length))
}

fn placed(diagnostic: Diagnostic, span: Option<Span>) -> Diagnostic {
    match span {
        Some(span) => diagnostic.at(span, ""),
        None => diagnostic,
    }
}
