//! Cleaning up: containers that do not run and are not declared, images that nothing uses and nothing names.
//!
//! Invariant: what another project of windlass made stays, and so does every lock; what nobody made goes only if all was
//! asked for, and its step says that it is foreign.

use crate::draft::{Draft, Why};
use crate::rule::{brought, one_off, orphan};
use crate::select::Selection;
use crate::world::World;
use std::collections::{BTreeMap, BTreeSet};
use windlass_model::clean::CleanOptions;
use windlass_model::image::{ImageUse, familiar_reference, is_passing, is_step, repository};
use windlass_model::label::Owner;
use windlass_model::lock;
use windlass_model::name::{ContainerId, EngineName, ImageId};
use windlass_model::note::NoteReason;
use windlass_model::observed::{ContainerSummary, ObservedEngine, ObservedImage, State};
use windlass_model::one_off as one_off_label;
use windlass_model::plan::{Action, Cause, ContainerRef, Group, Hazard, StepId};
use windlass_model::request::Request;
use windlass_model::{Address, Kind};

/// Containers that go, with the step after which each is gone.
type Gone = BTreeMap<ContainerId, StepId>;

/// `clean`.
pub(crate) fn clean(world: &World<'_>, request: &Request, draft: &mut Draft) {
    let declared = declared_images(world);
    let mut over = one_off::leftovers(world, draft);
    brought::take_back_rest(world, &Selection::default(), &mut over, draft);
    for engine in world.engine_names() {
        let Some(state) = world.state(engine) else { continue };
        let mut gone = std::mem::take(&mut over);
        own_containers(world, request, engine, &mut gone, draft);
        if request.options.clean.all {
            foreign_containers(state, engine, &request.options.clean, &mut gone, draft);
        }
        let cleaning =
            Images { world, engine, state, options: &request.options.clean, declared: &declared };
        cleaning.remove(&gone, draft);
    }
}

/// Orphans that do not run.
fn own_containers(
    world: &World<'_>,
    request: &Request,
    engine: &EngineName,
    gone: &mut Gone,
    draft: &mut Draft,
) {
    for (address, container) in world.orphans(engine) {
        let (name, id) = (&container.name, &container.id);
        if request.options.clean.exclude.contains(name)
            || orphan::waits_for_its_volume(world, request, engine, container, draft)
        {
            continue;
        }
        if !is_over(container.state, true) {
            draft.note(address, NoteReason::Orphan { name: name.clone() });
            continue;
        }
        let why = Why::new(Cause::Orphan, Group::Remove);
        gone.insert(id.clone(), remove(address, id, true, why, draft));
    }
    for (address, kept) in one_off::kept(world, engine) {
        if request.options.clean.exclude.contains(&kept.name) {
            continue;
        }
        if !is_over(kept.state, true) {
            draft.note(&address, NoteReason::Orphan { name: kept.name.clone() });
            continue;
        }
        let why = Why::new(Cause::Orphan, Group::Remove);
        gone.insert(kept.id.clone(), remove(&address, &kept.id, true, why, draft));
    }
}

/// What nobody owns and does not run.
fn foreign_containers(
    state: &ObservedEngine,
    engine: &EngineName,
    options: &CleanOptions,
    gone: &mut Gone,
    draft: &mut Draft,
) {
    let stays = |container: &ContainerSummary| {
        container.owner.is_some()
            || container.labels.contains_key(lock::PROJECT)
            || one_off_label::is_one(&container.name, &container.labels)
            || options.exclude.contains(&container.name)
            || !is_over(container.state, options.include_initial)
    };
    for container in state.containers.values().filter(|container| !stays(container)) {
        let address = Address::container(engine, container.name.clone());
        let why = Why::new(Cause::Requested, Group::Remove).with_hazard(Hazard::Foreign);
        // Nobody asked for what is in its volumes to go.
        gone.insert(container.id.clone(), remove(&address, &container.id, false, why, draft));
    }
}

fn remove(
    address: &Address,
    id: &ContainerId,
    anonymous_volumes: bool,
    why: Why,
    draft: &mut Draft,
) -> StepId {
    let container = ContainerRef::Existing(id.clone());
    // One that was started meanwhile is refused.
    let action = Action::RemoveContainer { container, force: false, anonymous_volumes };
    draft.step(address, action, why, [])
}

fn is_over(state: State, include_initial: bool) -> bool {
    matches!(state, State::Exited | State::Dead) || (include_initial && state == State::Created)
}

/// Whether an image was built for this project. An image has the labels of what it was built on, and `docker commit` gives it
/// those of the container: where two have the same, it can't be told which of them is ours.
pub(crate) fn is_own_image(
    world: &World<'_>,
    state: &ObservedEngine,
    image: &ObservedImage,
) -> bool {
    let mark = |image: &ObservedImage| {
        let owner = image.owner.as_ref()?;
        Some((owner.project.clone(), owner.address.clone()?, owner.digest.clone()?))
    };
    let mark_of_it = mark(image);
    let Some((_, address, _)) = &mark_of_it else { return false };
    let mut others = state.images.values().filter(|other| other.id != image.id);
    world.is_ours(image.owner.as_ref())
        && address.kind == Kind::Image
        && others.all(|other| mark(other) != mark_of_it)
}

/// References that the file names, in their familiar form.
fn declared_images(world: &World<'_>) -> BTreeSet<String> {
    let built = world.project.images.values();
    let built =
        built.flat_map(|spec| spec.tags.iter().chain([&spec.reference]).map(String::as_str));
    let used = world.project.containers.values().filter_map(|spec| match &spec.image {
        ImageUse::External(reference) => Some(reference.as_str()),
        ImageUse::Project(_) => None,
    });
    built.chain(used).map(familiar_reference).collect()
}

/// The images of one engine.
struct Images<'a> {
    world: &'a World<'a>,
    engine: &'a EngineName,
    state: &'a ObservedEngine,
    options: &'a CleanOptions,
    declared: &'a BTreeSet<String>,
}

impl Images<'_> {
    fn remove(&self, gone: &Gone, draft: &mut Draft) {
        let staying = self.state.containers.values().filter(|c| !gone.contains_key(&c.id));
        let mut used: BTreeSet<ImageId> = BTreeSet::new();
        for container in staying {
            used.insert(container.image_id.clone());
            // What `rollback` goes back to.
            let previous = container.owner.as_ref().and_then(Owner::previous);
            used.extend(previous.map(|previous| previous.image));
        }
        for image in self.state.images.values().filter(|image| !used.contains(&image.id)) {
            let is_ours = is_own_image(self.world, self.state, image);
            let is_foreign = !is_ours
                && image.owner.as_ref().is_none_or(|owner| self.world.is_ours(Some(owner)));
            let is_orphan = is_ours && (self.is_orphan(image) || self.is_rest(image));
            if !(is_ours || (self.options.all && is_foreign)) || !(is_orphan || self.may_go(image))
            {
                continue;
            }
            let why = Why::new(Cause::Requested, Group::Remove);
            let why = if is_ours { why } else { why.with_hazard(Hazard::Foreign) };
            let users = self.state.containers.values().filter(|c| c.image_id == image.id);
            let after = users.filter_map(|container| gone.get(&container.id).copied());
            self.remove_one(image, &why, after.collect(), draft);
        }
    }

    /// Whether it was built for an image that the file does not have any more, and has no other name than that one's: what
    /// somebody builds on it has its labels, too.
    fn is_orphan(&self, image: &ObservedImage) -> bool {
        let address = image.owner.as_ref().and_then(|owner| owner.address.as_ref());
        let Some(key) = address.map(|address| address.name.as_str()) else { return false };
        let own = format!("{}/{}:", self.world.project.name, key.to_lowercase());
        let is_its_own = |name: &String| {
            name.starts_with(&own)
                && !self.declared.contains(name)
                && !self.options.exclude.contains(name)
        };
        let names = || image.references.iter().filter(|name| !name.contains('@'));
        !self.world.project.images.contains_key(key)
            && names().next().is_some()
            && names().all(is_its_own)
    }

    /// Whether a killed build left it, or a command of an image that has not this name any more: nothing else gives it such a
    /// name, and the project is locked.
    fn is_rest(&self, image: &ObservedImage) -> bool {
        let mut names = image.references.iter().filter(|name| !name.contains('@')).peekable();
        names.peek().is_some()
            && names.all(|name| {
                let is_rest = is_passing(name) || (is_step(name) && !self.is_of_declared(name));
                is_rest && !self.options.exclude.contains(name)
            })
    }

    /// Whether an image of the file has the name that is before the tag.
    fn is_of_declared(&self, reference: &str) -> bool {
        self.declared.iter().any(|declared| repository(declared) == repository(reference))
    }

    /// Whether no name keeps it.
    fn may_go(&self, image: &ObservedImage) -> bool {
        let names = || image.references.iter();
        let is_named =
            names().any(|name| self.declared.contains(name) || self.options.exclude.contains(name));
        let mut tags = names().filter(|name| !name.contains('@'));
        let keeps = |name: &String| {
            let tag = name.rsplit_once(':').map_or("", |(_, tag)| tag);
            tag == "latest" || self.options.keep_tags.contains(tag)
        };
        let is_old = self.options.all && self.options.remove_old;
        !is_named && if is_old { !tags.any(keeps) } else { tags.next().is_none() }
    }

    /// One name after the other, tags first; an image goes with its last.
    fn remove_one(
        &self,
        image: &ObservedImage,
        why: &Why,
        mut after: Vec<StepId>,
        draft: &mut Draft,
    ) {
        let (digests, tags): (Vec<_>, Vec<_>) =
            image.references.iter().cloned().partition(|name| name.contains('@'));
        let mut names: Vec<String> = tags.into_iter().chain(digests).collect();
        if names.is_empty() {
            names.push(image.id.as_str().to_owned());
        }
        let shown = names.first().filter(|_| !image.references.is_empty());
        let shown = shown.map_or_else(|| image.id.short().to_owned(), Clone::clone);
        let address = Address::image(self.engine, shown);
        for reference in names {
            let action = Action::RemoveImage { id: image.id.clone(), reference };
            after = vec![draft.step(&address, action, why.clone(), after)];
        }
    }
}
