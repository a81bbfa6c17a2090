//! Tags beside those that the file declares: given to images of the project, and taken away.
//!
//! Invariant: a reference is taken only from an image of this project.

use crate::draft::{Draft, Why};
use crate::image_state;
use crate::rule::{image, push};
use crate::select::Selection;
use crate::world::{World, owner_text};
use std::collections::BTreeSet;
use windlass_model::Address;
use windlass_model::image::{ImageSpec, ImageUse, familiar_reference, names_registry};
use windlass_model::note::{BlockerReason, NoteReason};
use windlass_model::plan::{Action, Cause, Group};
use windlass_model::request::Request;

/// `tag`: an image that is there gets one more reference, which may be pushed.
pub(crate) fn tag(
    world: &World<'_>,
    request: &Request,
    selection: &Selection<'_>,
    draft: &mut Draft,
) {
    for (spec, reference) in wanted(world, request, selection, draft) {
        let engine = push::engine(world, &spec.key);
        let address = Address::image(&engine, &spec.key);
        if request.options.push && !names_registry(&reference) {
            let reference = reference.clone();
            draft.block(&address, BlockerReason::NoRegistry { reference });
        }
        let Some(image) = world.image(&engine, &spec.reference) else {
            let reference = spec.reference.clone();
            draft.block(&address, BlockerReason::NotBuilt { reference });
            continue;
        };
        let mut step = None;
        if image.references.contains(&familiar_reference(&reference)) {
            draft.note(&address, NoteReason::Already { state: "tagged" });
        } else if !is_foreign(world, &address, &reference, draft) {
            let action = Action::TagImage { id: image.id.clone(), reference: reference.clone() };
            let why = Why::new(Cause::Requested, Group::Update);
            step = Some(draft.step(&address, action, why, []));
        }
        if request.options.push {
            push::references_after(&address, vec![reference], step, draft);
        }
    }
}

/// `untag`: a reference is taken away, and the image with its last one.
pub(crate) fn untag(
    world: &World<'_>,
    request: &Request,
    selection: &Selection<'_>,
    draft: &mut Draft,
) {
    for (spec, reference) in wanted(world, request, selection, draft) {
        for engine in image::engines(world, &spec.key) {
            let address = Address::image(&engine, &spec.key);
            let Some(image) = world.image(&engine, &reference) else {
                draft.note(&address, NoteReason::Already { state: "untagged" });
                continue;
            };
            if !is_foreign(world, &address, &reference, draft) {
                let reference = familiar_reference(&reference);
                let action = Action::RemoveImage { id: image.id.clone(), reference };
                draft.step(&address, action, Why::new(Cause::Requested, Group::Remove), []);
            }
        }
    }
}

/// The images that are named, or that containers use which are, each with the reference that is meant of it.
fn wanted<'a>(
    world: &World<'a>,
    request: &Request,
    selection: &Selection<'_>,
    draft: &mut Draft,
) -> Vec<(&'a ImageSpec, String)> {
    let Some(tag) = &request.options.tag else { return Vec::new() };
    let mut keys: BTreeSet<&str> = selection.images.iter().flatten().copied().collect();
    let containers: Vec<_> =
        selection.named.iter().filter_map(|address| world.spec(address)).collect();
    for container in containers {
        match &container.image {
            ImageUse::Project(key) => drop(keys.insert(key)),
            used @ ImageUse::External(_) => {
                let address = image::address(&container.address.engine, used);
                let reference = image_state::reference(world, used).to_string();
                draft.block(&address, BlockerReason::NotPushable { reference });
            }
        }
    }
    let specs = keys.into_iter().filter_map(|key| world.project.images.get(key));
    specs.map(|spec| (spec, spec.tagged(tag))).collect()
}

/// Whether another project, or nobody's, has the reference; then that is in the way.
fn is_foreign(world: &World<'_>, address: &Address, reference: &str, draft: &mut Draft) -> bool {
    let holder = world.image(&address.engine, reference);
    let Some(holder) = holder.filter(|holder| !world.is_ours(holder.owner.as_ref())) else {
        return false;
    };
    let owner = owner_text(holder.owner.as_ref(), Some(&holder.labels));
    let name = reference.to_owned();
    draft.block(address, BlockerReason::Foreign { name, owner, adoptable: false });
    true
}
