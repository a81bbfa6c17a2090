//! Pulling: what comes from registries, whether it is there or not.
//!
//! Invariant: what the project builds is never pulled, and each reference once per engine.

use crate::draft::{Draft, Why};
use crate::image_state;
use crate::rule::image::{self, Resolved};
use crate::select::Selection;
use crate::world::World;
use std::collections::BTreeSet;
use windlass_model::image::ImageUse;
use windlass_model::name::EngineName;
use windlass_model::plan::{Action, Cause, Group};
use windlass_model::request::Request;

/// `pull`: what is pulled of the selected images, and what is named though no file declares it.
pub(crate) fn pull(
    world: &World<'_>,
    request: &Request,
    selection: &Selection<'_>,
    draft: &mut Draft,
) {
    for (engine, used, never) in image::wanted(world, selection) {
        let mut images: BTreeSet<ImageUse> = [used.clone()].into();
        if request.options.external {
            bases(world, &used, &mut images);
        }
        for image in images.iter().filter(|image| **image != used || !never.0) {
            one(world, request, &engine, image, draft);
        }
    }
    for reference in &selection.outside {
        let image = ImageUse::External(reference.as_str().into());
        one(world, request, &world.project.default_engine(), &image, draft);
    }
}

/// What an image is built from, and what that is built from.
fn bases(world: &World<'_>, image: &ImageUse, found: &mut BTreeSet<ImageUse>) {
    let ImageUse::Project(key) = image else { return };
    let inputs = world.observed.builds.get(key);
    let named = world.project.images.get(key).into_iter().flat_map(|spec| &spec.depends_on);
    let named = named.map(|key| ImageUse::Project(key.clone()));
    for base in inputs.into_iter().flat_map(|inputs| inputs.bases.iter().cloned()).chain(named) {
        if found.insert(base.clone()) {
            bases(world, &base, found);
        }
    }
}

fn one(
    world: &World<'_>,
    request: &Request,
    engine: &EngineName,
    image: &ImageUse,
    draft: &mut Draft,
) {
    let address = image::address(engine, image);
    let spec = match image {
        ImageUse::Project(key) => world.project.images.get(key),
        ImageUse::External(_) => None,
    };
    if spec.is_some_and(image_state::is_built) || draft.images.contains_key(&address) {
        return;
    }
    let reference = image_state::reference(world, image).to_string();
    let cause = match world.image(engine, &reference) {
        Some(_) => Cause::Requested,
        None => Cause::Absent,
    };
    let optional = request.options.ignore_missing;
    let action = Action::PullImage { reference, platform: None, optional };
    let step = draft.step(&address, action, Why::new(cause, Group::Create), []);
    draft.images.insert(address, Resolved { id: None, step: Some(step) });
}
