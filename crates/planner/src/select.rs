//! From references on the command line to containers and images.
//!
//! Invariant: a reference that names nothing is a blocker, never ignored.

use crate::verb::{Traversal, row};
use crate::world::World;
use std::collections::BTreeSet;
use windlass_model::container::ContainerSpec;
use windlass_model::name::EngineName;
use windlass_model::note::{Blocker, BlockerReason};
use windlass_model::request::{Request, Verb};
use windlass_model::{Address, Kind};

/// What a request is for.
#[derive(Debug, Default)]
pub(crate) struct Selection<'a> {
    /// What was named (or everything).
    pub(crate) named: BTreeSet<&'a Address>,
    /// The same, and what the verb's traversal adds.
    pub(crate) containers: BTreeSet<&'a Address>,
    /// Keys of images that were named; `None`: those that the containers need.
    pub(crate) images: Option<BTreeSet<&'a str>>,
    /// References of images that the project does not declare.
    pub(crate) outside: BTreeSet<String>,
    /// Nothing was named: the whole project is meant.
    pub(crate) everything: bool,
}

/// Resolves the references of a request.
pub(crate) fn select<'a>(
    world: &World<'a>,
    request: &Request,
) -> Result<Selection<'a>, Vec<Blocker>> {
    let mut selection = Selection::default();
    let mut blockers = Vec::new();
    if request.references.is_empty() {
        selection.everything = true;
        let active = world.project.containers.values().filter(|spec| is_active(spec, request));
        selection.named = active.map(|spec| &spec.address).collect();
    }
    for reference in &request.references {
        let found = world.project.named(reference);
        let image = world.project.images.get_key_value(reference.as_str());
        match image {
            Some((key, _)) if request.verb.is_about_images() => {
                selection.images.get_or_insert_default().insert(key);
            }
            None if found.is_empty() && is_outside(world, request, reference) => {
                selection.outside.insert(reference.clone());
            }
            Some(_) | None if found.is_empty() => blockers.push(unknown(world, request, reference)),
            Some(_) | None => selection.named.extend(found),
        }
    }
    let forced = request.options.recreate.iter();
    let nobody = forced.filter(|reference| world.project.named(reference).is_empty());
    blockers.extend(nobody.map(|reference| unknown(world, request, reference)));
    let volumes = request.options.destroy_volumes.iter();
    let nothing = volumes.filter(|name| !is_volume(world, name));
    blockers.extend(nothing.map(|name| unknown_volume(world, name)));
    if !blockers.is_empty() {
        return Err(blockers);
    }
    let traversal =
        if request.options.no_deps { Traversal::Only } else { row(request.verb).traversal };
    selection.containers = walk(world, &selection.named, traversal);
    Ok(selection)
}

/// Whether a container is part of a run that names none.
fn is_active(spec: &ContainerSpec, request: &Request) -> bool {
    spec.profiles.is_empty()
        || spec.profiles.iter().any(|profile| request.options.profiles.contains(profile))
        // What is taken down is taken down whatever profile it came up with.
        || row(request.verb).traversal == Traversal::Dependents
}

/// Whether it can only be the reference of an image that no file declares. A word alone may be a
/// container's name that is mistyped.
fn is_outside(world: &World<'_>, request: &Request, reference: &str) -> bool {
    let own = reference.strip_prefix(world.project.name.as_str());
    request.verb == Verb::Pull
        && reference.contains(['/', ':', '@'])
        && !own.is_some_and(|rest| rest.starts_with('/'))
}

fn unknown(world: &World<'_>, request: &Request, reference: &str) -> Blocker {
    let project = world.project;
    let mut candidates = project.names();
    if request.verb.is_about_images() {
        candidates.extend(project.images.keys().cloned());
    }
    Blocker {
        address: Address::new(EngineName::default(), Kind::Container, reference),
        reason: BlockerReason::UnknownReference {
            reference: reference.to_owned(),
            candidates: candidates.into_iter().collect(),
        },
    }
}

/// Whether a volume of the project is called so, by its key or on an engine; also one that is not declared any more.
fn is_volume(world: &World<'_>, name: &str) -> bool {
    let mut declared = world.project.volumes.iter();
    declared.any(|(key, spec)| key == name || spec.name == name)
        || world.engine_names().any(|engine| {
            let mut orphans = world.orphan_volumes(engine);
            orphans.any(|(address, volume)| address.name == name || volume.name == name)
        })
}

fn unknown_volume(world: &World<'_>, name: &str) -> Blocker {
    let volumes = world.project.volumes.iter();
    let candidates: BTreeSet<String> =
        volumes.flat_map(|(key, spec)| [key.clone(), spec.name.clone()]).collect();
    Blocker {
        address: Address::new(EngineName::default(), Kind::Volume, name),
        reason: BlockerReason::UnknownReference {
            reference: name.to_owned(),
            candidates: candidates.into_iter().collect(),
        },
    }
}

fn walk<'a>(
    world: &World<'a>,
    named: &BTreeSet<&'a Address>,
    traversal: Traversal,
) -> BTreeSet<&'a Address> {
    let next = |address: &'a Address| -> BTreeSet<&'a Address> {
        match traversal {
            Traversal::Only => BTreeSet::new(),
            Traversal::Dependencies => crate::graph::dependencies(world.project, address),
            Traversal::Dependents => world.dependents.get(address).cloned().unwrap_or_default(),
        }
    };
    let mut reached = named.clone();
    let mut queue: Vec<&'a Address> = named.iter().copied().collect();
    while let Some(address) = queue.pop() {
        for other in next(address) {
            if reached.insert(other) {
                queue.push(other);
            }
        }
    }
    reached
}
