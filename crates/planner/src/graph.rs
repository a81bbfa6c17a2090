//! The order of containers, and of images, by their dependencies.
//!
//! Invariant: deterministic and linear. Where `config` let a cycle through, what is on it comes
//! last, in order of address, so that a plan is still a plan.

use std::collections::{BTreeMap, BTreeSet};
use windlass_model::Address;
use windlass_model::image::ImageSpec;
use windlass_model::project::Project;

/// Containers so that each comes after what it depends on; ties by address.
pub(crate) fn order(project: &Project) -> Vec<&Address> {
    let dependents = dependents(project);
    let mut missing: BTreeMap<&Address, usize> = project
        .containers
        .values()
        .map(|spec| (&spec.address, dependencies(project, &spec.address).len()))
        .collect();
    let mut ready: BTreeSet<&Address> =
        missing.iter().filter(|(_, count)| **count == 0).map(|(address, _)| *address).collect();
    let mut order = Vec::with_capacity(missing.len());
    while let Some(address) = ready.pop_first() {
        missing.remove(address);
        order.push(address);
        for dependent in dependents.get(address).into_iter().flatten() {
            let Some(count) = missing.get_mut(dependent) else { continue };
            *count -= 1;
            if *count == 0 {
                ready.insert(dependent);
            }
        }
    }
    order.extend(missing.into_keys());
    order
}

/// Images so that each comes after those that are made of it, which stand beside it.
pub(crate) fn images_last_first(project: &Project) -> Vec<(&ImageSpec, BTreeSet<&str>)> {
    let mut children: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for spec in project.images.values() {
        for on in spec.depends_on.iter().filter(|on| **on != spec.key) {
            children.entry(on).or_default().insert(&spec.key);
        }
    }
    let count = |key: &str| children.get(key).map_or(0, BTreeSet::len);
    let mut missing: BTreeMap<&str, usize> =
        project.images.keys().map(|key| (key.as_str(), count(key))).collect();
    let mut ready: BTreeSet<&str> =
        missing.iter().filter(|(_, count)| **count == 0).map(|(key, _)| *key).collect();
    let mut order = Vec::with_capacity(missing.len());
    while let Some(key) = ready.pop_first() {
        missing.remove(key);
        order.push(key);
        for on in &project.images[key].depends_on {
            let Some(count) = missing.get_mut(on.as_str()) else { continue };
            *count = count.saturating_sub(1);
            if *count == 0 {
                ready.insert(on);
            }
        }
    }
    order.extend(missing.into_keys());
    let with = |key: &str| (&project.images[key], children.get(key).cloned().unwrap_or_default());
    order.into_iter().map(with).collect()
}

/// The containers that one depends on, each once.
pub(crate) fn dependencies<'a>(project: &'a Project, address: &Address) -> BTreeSet<&'a Address> {
    project
        .containers
        .get(address)
        .into_iter()
        .flat_map(|spec| &spec.depends_on)
        .filter_map(|dependency| project.containers.get_key_value(&dependency.on))
        .map(|(on, _)| on)
        .filter(|on| *on != address)
        .collect()
}

/// For each container, those that depend on it.
pub(crate) fn dependents(project: &Project) -> BTreeMap<&Address, BTreeSet<&Address>> {
    let mut dependents: BTreeMap<&Address, BTreeSet<&Address>> = BTreeMap::new();
    for address in project.containers.keys() {
        for on in dependencies(project, address) {
            dependents.entry(on).or_default().insert(address);
        }
    }
    dependents
}
