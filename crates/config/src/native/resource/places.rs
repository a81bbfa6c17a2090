//! Resources with where they are written.
//!
//! Invariant: there are as many places as resources, in the same order.

use windlass_bundle::{Bundle, Kind};

use crate::diagnostic::Diagnostic;
use crate::read::Spanned;
use crate::source::Span;

/// A bundle, and where it is written.
#[derive(Debug, Clone, Default)]
pub struct Resources {
    pub bundle: Bundle,
    /// By the place in the bundle.
    pub places: Vec<ResourcePlace>,
}

impl Resources {
    /// What is wrong with the files of this machine that they are made of.
    pub(crate) fn check_sources(&self) -> impl Iterator<Item = Diagnostic> {
        let all = self.bundle.resources.iter().zip(&self.places);
        all.flat_map(|(resource, place)| {
            let kind = &resource.kind;
            let wrong = move |source: &Spanned<String>| {
                let wrong = wrong_source(&source.value, kind)?;
                Some(Diagnostic::error("unreadable-file", wrong).at(source.span, ""))
            };
            place.sources.iter().filter_map(wrong)
        })
    }
}

/// Why a file can't be what something is made of.
fn wrong_source(path: &str, kind: &Kind) -> Option<String> {
    // What a command is given is either.
    let (is_tree, is_either) = (matches!(kind, Kind::Tree(_)), matches!(kind, Kind::Execute(_)));
    match std::fs::metadata(path) {
        Err(error) => Some(format!("{path} cannot be read: {error}")),
        Ok(found) if found.is_dir() && !is_tree && !is_either => {
            Some(format!("{path} is a directory: `tree` takes one"))
        }
        Ok(found) if found.is_dir() => None,
        Ok(_) if is_tree => Some(format!("{path} is no directory: `file` takes a file")),
        Ok(found) if !found.is_file() => Some(format!("{path} is a pipe, a socket or a device")),
        Ok(_) => None,
    }
}

/// Where one resource is written.
#[derive(Debug, Clone)]
pub struct ResourcePlace {
    /// The word of its type.
    pub span: Span,
    /// `resources[0].file`.
    pub path: String,
    /// The value of each key.
    pub keys: Vec<(String, Span)>,
    /// The words of keys that have several, each with its key.
    pub words: Vec<(&'static str, Spanned<String>)>,
    /// Files of this machine that it is made of, absolute.
    pub sources: Vec<Spanned<String>>,
    /// Names of secrets that it is given.
    pub secrets: Vec<Spanned<String>>,
    /// All of it could be read.
    pub(super) is_whole: bool,
}

impl ResourcePlace {
    /// The place of a key's value, or of one word of it; of the resource where that is not written.
    pub fn of(&self, key: Option<&str>, word: Option<&str>) -> Span {
        let found = self.keys.iter().find(|(name, _)| Some(name.as_str()) == key);
        let of_key = self.words.iter().filter(|(name, _)| Some(*name) == key);
        let word = of_key.map(|(_, one)| one).find(|one| Some(one.value.as_str()) == word);
        word.map(|one| one.span).or(found.map(|(_, span)| *span)).unwrap_or(self.span)
    }
}
