//! The order of containers by their dependencies.
//!
//! Invariant: deterministic and linear. Where `config` let a cycle through, what is on it comes
//! last, in order of address, so that a plan is still a plan.

use std::collections::{BTreeMap, BTreeSet};
use windlass_model::Address;
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
