//! Resources with where they are written.
//!
//! Invariant: there are as many places as resources, in the same order.

use windlass_bundle::Bundle;

use crate::read::Spanned;
use crate::source::Span;

/// A bundle, and where it is written.
#[derive(Debug, Clone, Default)]
pub struct Resources {
    pub bundle: Bundle,
    /// By the place in the bundle.
    pub places: Vec<ResourcePlace>,
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
    /// What `watches` and `after` name.
    pub references: Vec<Spanned<String>>,
    /// Files of this machine that it is made of, absolute.
    pub sources: Vec<Spanned<String>>,
    /// All of it could be read.
    pub(super) is_whole: bool,
}

impl ResourcePlace {
    /// The place of a key's value; of the resource where that is not written.
    pub fn of(&self, key: Option<&str>) -> Span {
        let found = self.keys.iter().find(|(name, _)| Some(name.as_str()) == key);
        found.map_or(self.span, |(_, span)| *span)
    }
}
