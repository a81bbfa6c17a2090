//! What can't be planned.
//!
//! Invariant: what only follows from something else that can't be planned is not in it.

use crate::index::Index;
use crate::{Bundle, Kind, ResourceError, ResourcePlan};
use std::path::Path;

/// What is said at once; whatever is wrong with all of a large bundle is seen in so many, too.
const MOST: usize = 100;

/// See the module.
pub(crate) struct Failures<'b> {
    bundle: &'b Bundle,
    index: &'b Index,
    errors: Vec<ResourceError>,
    /// Places in the bundle of what is not there because of them.
    missing: Vec<usize>,
}

impl<'b> Failures<'b> {
    pub(crate) fn new(bundle: &'b Bundle, index: &'b Index) -> Self {
        Self { bundle, index, errors: Vec::new(), missing: Vec::new() }
    }

    /// Whether no more is looked for.
    pub(crate) fn is_full(&self) -> bool {
        self.errors.len() >= MOST
    }

    /// What is wrong with one of those that are one transaction.
    pub(crate) fn push(&mut self, group: &[usize], error: ResourceError) {
        let follows = |other: &usize| group.iter().any(|one| self.follows(*one, *other, &error));
        if !self.missing.iter().any(follows) {
            self.errors.push(error);
        }
        self.missing.extend(group);
    }

    /// Whether an error of a resource may be there only because another one is not: it comes after it, lies below it, or
    /// names the user or the group.
    fn follows(&self, place: usize, other: usize, error: &ResourceError) -> bool {
        let all = &self.bundle.resources;
        let (resource, other_kind) = (&all[place], &all[other].kind);
        let comes_after = resource.after.iter().chain(&resource.watches);
        let mut comes_after = comes_after.map(|name| self.index.called(name).contains(&other));
        let is_below = match (resource.kind.path(), other_kind.path()) {
            (Some(path), Some(above)) => Path::new(path).starts_with(above),
            (None | Some(_), None) | (None, Some(_)) => false,
        };
        let is_account = matches!(other_kind, Kind::User(_) | Kind::Group(_));
        let names_it = || error.message.contains(&format!("`{}`", other_kind.name()));
        comes_after.any(|is_named| is_named) || is_below || is_account && names_it()
    }

    /// The plans, if there is none.
    pub(crate) fn none(
        self,
        plans: Vec<ResourcePlan>,
    ) -> Result<Vec<ResourcePlan>, Vec<ResourceError>> {
        if self.errors.is_empty() { Ok(plans) } else { Err(self.errors) }
    }
}
