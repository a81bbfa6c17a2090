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
        let found = find(project, reference);
        if found.is_empty() {
            let candidates = candidates(project);
            return Err(Trouble::usage(
                format!("there is no `{reference}` in this project"),
                hint::unknown_reference(reference, &candidates),
            ));
        }
        selected.extend(found);
    }
    Ok(selected)
}

/// The images whose inputs matter to references: their own, and those of containers that they
/// name or need. A reference that names nothing makes it all of them.
pub(crate) fn images(project: &Project, references: &[String]) -> ImageFilter {
    let mut images = BTreeSet::new();
    let mut next = BTreeSet::new();
    for reference in references {
        let found = find(project, reference);
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
        let Some(spec) = project.containers.get(&address) else { continue };
        if let ImageUse::Project(key) = &spec.image {
            images.insert(key.clone());
        }
        let named = spec.needs.iter().filter(|address| address.kind == Kind::Image);
        images.extend(named.map(|address| address.name.clone()));
        seen.insert(address);
        let needed = spec.depends_on.iter().map(|dependency| &dependency.on);
        next.extend(needed.filter(|on| !seen.contains(on)).cloned());
    }
    ImageFilter::Only(images)
}

fn find(project: &Project, reference: &str) -> BTreeSet<Address> {
    let name = match reference.split_once('/') {
        Some((owner, name)) if owner == project.name.as_str() => name,
        Some(_) => return BTreeSet::new(),
        None => reference,
    };
    let containers = container(project, name);
    if !containers.is_empty() {
        return containers;
    }
    let members = project.groups.get(name).into_iter().flatten();
    members.flat_map(|member| container(project, member)).collect()
}

/// By key, by `key.instance`, or by the name on the engine.
fn container(project: &Project, name: &str) -> BTreeSet<Address> {
    project
        .containers
        .iter()
        .filter(|(address, spec)| spec.key == name || address.name == name || spec.name == name)
        .map(|(address, _)| address.clone())
        .collect()
}

fn candidates(project: &Project) -> Vec<String> {
    let names: BTreeSet<_> = project
        .containers
        .iter()
        .flat_map(|(address, spec)| [spec.key.clone(), address.name.clone()])
        .chain(project.groups.keys().cloned())
        .collect();
    names.into_iter().collect()
}
