//! What is wrong with resources as a whole, at its place.
//!
//! Invariant: nothing is said of a resource that could not be read but what that was.

use std::cell::LazyCell;

use windlass_bundle::{Mode, ResourceError};

use super::{ResourcePlace, Resources};
use crate::diagnostic::Diagnostic;
use crate::read::{Reader, did_you_mean};

/// Reports all of it. `is_complete`: no resource is missing, so a name that nothing has is a mistake.
pub(super) fn report(reader: &Reader, resources: &Resources, is_complete: bool) {
    let place = |index: usize| resources.places.get(index);
    let all_whole = is_complete && resources.places.iter().all(|place| place.is_whole);
    let names = LazyCell::new(|| -> Vec<String> {
        let all = resources.bundle.resources.iter();
        all.filter_map(|one| one.id.clone().or_else(|| one.name())).collect()
    });
    for error in windlass_bundle::check(&resources.bundle) {
        let Some(own) = error.index().and_then(place) else { continue };
        let about = std::iter::once(own).chain(error.others().iter().filter_map(|one| place(*one)));
        let names_another = matches!(error.field.as_deref(), Some("watches" | "after"));
        let is_unknown = names_another && error.others().is_empty();
        if !about.clone().all(|place| place.is_whole) || (is_unknown && !all_whole) {
            continue;
        }
        let mut found = diagnostic(&resources.places, own, &error);
        if is_unknown {
            let word = error.reference().unwrap_or_default();
            let mut all = resources.bundle.resources.iter();
            let renamed = all
                .find_map(|one| one.id.as_deref().filter(|_| one.name().as_deref() == Some(word)));
            let near = || did_you_mean(word, names.iter().map(String::as_str));
            found = found.maybe_help(match renamed {
                Some(id) => Some(format!("what has an id is called by that: \"{id}\"")),
                None => reader.budgeted(near),
            });
        }
        reader.report(found);
    }
}

/// Reports what has no place in a mode.
pub(super) fn report_for(reader: &Reader, resources: &Resources, mode: Mode) {
    for error in windlass_bundle::check_for(&resources.bundle, mode) {
        if let Some(own) = error.index().and_then(|index| resources.places.get(index)) {
            reader.report(diagnostic(&resources.places, own, &error));
        }
    }
}

/// An error of a bundle with its place and those of the others that it is about.
pub(crate) fn diagnostic(
    places: &[ResourcePlace],
    own: &ResourcePlace,
    error: &ResourceError,
) -> Diagnostic {
    let span = own.of(error.field.as_deref(), error.reference());
    let mut found = Diagnostic::error("bad-resource", error.message.clone())
        .at(span, "")
        .in_path(own.path.clone())
        .maybe_help(error.help.clone());
    for other in error.others().iter().filter_map(|other| places.get(*other)) {
        found = found.also(other.span, format!("the other one: {}", other.path));
    }
    if error.said().is_empty() { found } else { found.note(error.said().join("\n")) }
}
