//! Origin: the files of a loaded project, for what is found out about it later.
//!
//! Invariant: what is found is shown as findings of a load are, at the place in the files that is to be changed.

use std::collections::BTreeMap;
use std::path::Path;
use windlass::bundle::{ResourceError, diagnose_resources};
use windlass::config::{Diagnostic, Diagnostics, SourceMap, Span};
use windlass::model::image::{DockerfileSource, ImageSource, ImageSpec};
use windlass::model::note::{Blocker, BlockerReason};
use windlass::model::plan::{Action, FieldChange, Step};
use windlass::model::report::{Failure, FailureKind};
use windlass::model::{Address, EngineName};
use windlass::{ImagePlaces, InputError, InputPlace, Places, SecretError};

use crate::hint;
use crate::render::{blocker, plan};
use crate::trouble::with_causes;

/// Where a project comes from.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    pub(crate) sources: SourceMap,
    pub(crate) places: Places,
    /// Variables as they are written, for templates that are written again.
    pub(crate) vars: BTreeMap<String, serde_json::Value>,
    /// Two containers publish one port of the host, and the files allow it.
    pub(crate) shares_ports: bool,
}

/// Whether a load that went well found a port that two containers publish.
pub(crate) fn shares_ports(diagnostics: &Diagnostics) -> bool {
    diagnostics.iter().any(|found| found.code == "port-conflict")
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
            InputPlace::Context(trouble) => (places.context, hint::context(*trouble)),
            InputPlace::Command(index) => (places.commands.get(*index).copied(), hint::COMMAND),
            InputPlace::Resource(index) => {
                let place = places.resources.get(*index);
                (place.map(|place| place.of(error.key(), None)), hint::INPUT)
            }
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
        let help = error.help().unwrap_or(help);
        placed(found, place.or(places.source).or_else(|| self.places.of(&object))).help(help)
    }

    /// Where it is said which owner or permissions a volume should have.
    pub(crate) fn place_of_owner(&self, volume: &Address, change: &FieldChange) -> Option<String> {
        let span = self.places.of_owner(volume, plan::is_of_permissions(change))?;
        Some(self.sources.locate(span).to_string())
    }

    /// The line that wrote the step of a build that failed.
    pub(crate) fn place_of_step(&self, step: &Step, failure: &Failure) -> Option<String> {
        let (Action::BuildImage(build), FailureKind::BuildStep { line, command, .. }) =
            (&step.action, &failure.kind)
        else {
            return None;
        };
        let places = self.places.images.get(&build.spec.key)?;
        let span = match &build.spec.source {
            ImageSource::Dockerfile { dockerfile: DockerfileSource::Path(path), .. } => {
                return Some(format!("{}:{line}", near(Path::new(path)).display()));
            }
            ImageSource::Dockerfile { dockerfile: DockerfileSource::Inline(_), .. } => {
                places.lines.get(line - 1)
            }
            ImageSource::Commands { .. } => places.commands.get((*command)?),
            ImageSource::Provision(_) => Some(&places.resources.get((*command)?)?.span),
            ImageSource::Import { .. } | ImageSource::External { .. } => None,
        };
        Some(self.sources.locate(*span?).to_string())
    }

    /// What can't be planned of an image's resources.
    pub(crate) fn resources(&self, spec: &ImageSpec, errors: &[ResourceError]) -> Diagnostics {
        let places = self.places.images.get(&spec.key).map_or(&[][..], |places| &places.resources);
        let resources = match &spec.source {
            ImageSource::Provision(provision) => &provision.bundle.resources[..],
            ImageSource::Dockerfile { .. }
            | ImageSource::Commands { .. }
            | ImageSource::Import { .. }
            | ImageSource::External { .. } => &[],
        };
        diagnose_resources(resources, places, errors)
    }

    /// Two engines of the files that are one.
    pub(crate) fn same_engine(&self, one: &EngineName, other: &EngineName) -> Found {
        let place = |name: &EngineName| self.places.engines.get(name).copied();
        // As it is written: the default one has a name of its own in a file of clients.
        let word = |name: &EngineName| match place(name) {
            Some(span) => self.sources.slice(span).to_owned(),
            None => name.to_string(),
        };
        let message = format!("`{}` and `{}` are one and the same engine", word(one), word(other));
        let found = Diagnostic::error("same-engine", message);
        let found = placed(found, place(other).or(place(one)));
        let found = match place(one).filter(|_| place(other).is_some()) {
            Some(span) => found.also(span, "the other one"),
            None => found,
        };
        let mut diagnostics = Diagnostics::default();
        diagnostics.push(found.help("declare it once, under one name"));
        Found { diagnostics, sources: self.sources.clone() }
    }

    /// What stands in the way of a plan.
    pub(crate) fn blocked(&self, blockers: &[Blocker]) -> Found {
        let mut diagnostics = Diagnostics::default();
        for blocker in blockers {
            let mut found = Diagnostic::error("blocked", blocker::title(blocker));
            if let BlockerReason::VolumeDiverged { changes, .. } = &blocker.reason {
                for change in changes {
                    found = found.note(plan::change_words(change));
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

/// A path as it is shorter to read from here.
fn near(path: &Path) -> &Path {
    let here = std::env::current_dir().ok();
    here.and_then(|here| path.strip_prefix(here).ok()).unwrap_or(path)
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
