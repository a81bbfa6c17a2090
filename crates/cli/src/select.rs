//! Select: what references on the command line name, for commands that only look.
//!
//! Invariant: no reference means every container; one that names nothing is an error with a hint.

use std::collections::BTreeSet;
use windlass::ImageFilter;
use windlass::model::image::ImageUse;
use windlass::model::project::Project;
use windlass::model::{Address, Kind};

use crate::hint;
use crate::trouble::{Result, Trouble};

/// The containers that references name. None: every declared one.
pub(crate) fn containers(project: &Project, references: &[String]) -> Result<BTreeSet<Address>> {
    if references.is_empty() {
        return Ok(project.containers.keys().cloned().collect());
    }
    let mut selected = BTreeSet::new();
    for reference in references {
        let found = project.named(reference);
        if found.is_empty() {
            let candidates: Vec<_> = project.names().into_iter().collect();
            return Err(Trouble::usage(
                format!("there is no `{reference}` in this project"),
                hint::unknown_reference(reference, &candidates),
            ));
        }
        selected.extend(found.into_iter().cloned());
    }
    Ok(selected)
}

/// The images whose inputs matter to references: their own, and those of containers that they
/// name or need. A reference that names nothing makes it all of them.
pub(crate) fn images(project: &Project, references: &[String]) -> ImageFilter {
    let mut images = BTreeSet::new();
    let mut next: BTreeSet<&Address> = BTreeSet::new();
    for reference in references {
        let found = project.named(reference);
        if project.images.contains_key(reference) {
            images.insert(reference.clone());
        } else if found.is_empty() {
            return ImageFilter::All;
        }
        next.extend(found);
    }
    if references.is_empty() {
        return ImageFilter::All;
    }
    let mut seen = BTreeSet::new();
    while let Some(address) = next.pop_first() {
        let Some(spec) = project.containers.get(address) else { continue };
        if let ImageUse::Project(key) = &spec.image {
            images.insert(key.clone());
        }
        let named = spec.needs.iter().filter(|address| address.kind == Kind::Image);
        images.extend(named.map(|address| address.name.clone()));
        seen.insert(address);
        let needed = spec.depends_on.iter().map(|dependency| &dependency.on);
        next.extend(needed.filter(|on| !seen.contains(on)));
    }
    ImageFilter::Only(images)
}
