//! Select: what references on the command line name, for commands that only look.
//!
//! Invariant: no reference means every container; one that names nothing is an error with a hint.

use std::collections::BTreeSet;
use windlass::ImageFilter;
use windlass::model::image::ImageUse;
use windlass::model::project::Project;
use windlass::model::request::{Request, Verb};
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
            return Err(unknown(reference, project.names()));
        }
        selected.extend(found.into_iter().cloned());
    }
    Ok(selected)
}

/// The containers that references name, and the keys of images that others name. None: neither.
pub(crate) fn containers_and_images(
    project: &Project,
    references: &[String],
) -> Result<(BTreeSet<Address>, BTreeSet<String>)> {
    let (mut selected, mut images) = (BTreeSet::new(), BTreeSet::new());
    for reference in references {
        let found = project.named(reference);
        if found.is_empty() && project.images.contains_key(reference) {
            images.insert(reference.clone());
        } else if found.is_empty() {
            let mut candidates = project.names();
            candidates.extend(project.images.keys().cloned());
            return Err(unknown(reference, candidates));
        }
        selected.extend(found.into_iter().cloned());
    }
    Ok((selected, images))
}

fn unknown(reference: &str, candidates: BTreeSet<String>) -> Trouble {
    let candidates: Vec<_> = candidates.into_iter().collect();
    Trouble::usage(
        format!("there is no `{reference}` in this project"),
        hint::unknown_reference(reference, &candidates),
    )
}

/// The images whose inputs matter to references: their own, and those of containers that they
/// name or need. A reference that names nothing makes it all of them.
pub(crate) fn images(project: &Project, request: &Request) -> ImageFilter {
    let references = &request.references;
    if request.verb == Verb::Push && references.is_empty() {
        let pushed = project.images.values().filter(|spec| spec.push);
        return ImageFilter::Only(pushed.map(|spec| spec.key.clone()).collect());
    }
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
        images.extend(named.map(|address| address.name.to_string()));
        seen.insert(address);
        let needed = spec.depends_on.iter().map(|dependency| &dependency.on);
        next.extend(needed.filter(|on| !seen.contains(on)));
    }
    ImageFilter::Only(images)
}
