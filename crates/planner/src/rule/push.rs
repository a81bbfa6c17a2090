//! Pushing: images of the project to their registries, once they are as declared.
//!
//! Invariant: nothing is pushed that does not name its registry, and nothing before it is built.

use crate::draft::{Draft, Why};
use crate::rule::image;
use crate::select::Selection;
use crate::world::World;
use std::collections::BTreeSet;
use windlass_model::Address;
use windlass_model::image::{ImageSource, ImageUse, PullPolicy};
use windlass_model::name::EngineName;
use windlass_model::note::BlockerReason;
use windlass_model::plan::{Action, Cause, StepId};
use windlass_model::request::Request;

/// `push`: what is named, or all that is declared with `push: true`.
pub(crate) fn push(
    world: &World<'_>,
    request: &Request,
    selection: &Selection<'_>,
    draft: &mut Draft,
) {
    let wanted = wanted(world, selection);
    if wanted.is_empty() {
        let project = Address::image(&world.project.default_engine(), world.project.name.as_str());
        draft.block(&project, BlockerReason::NothingToPush);
    }
    for image in &wanted {
        one(world, request, image, draft);
    }
}

fn wanted(world: &World<'_>, selection: &Selection<'_>) -> BTreeSet<ImageUse> {
    let named = selection.images.iter().flatten();
    let named = named.map(|key| ImageUse::Project((*key).to_owned()));
    if selection.everything {
        let declared = world.project.images.values().filter(|spec| spec.push);
        return declared.map(|spec| ImageUse::Project(spec.key.clone())).collect();
    }
    let containers = selection.named.iter().filter_map(|address| world.spec(address));
    named.chain(containers.map(|spec| spec.image.clone())).collect()
}

fn one(world: &World<'_>, request: &Request, image: &ImageUse, draft: &mut Draft) {
    let spec = match image {
        ImageUse::Project(key) => world.project.images.get(key),
        ImageUse::External(_) => None,
    };
    let Some(spec) = spec.filter(|spec| !matches!(spec.source, ImageSource::External { .. }))
    else {
        let address = image::address(&world.project.default_engine(), image);
        let reference = crate::image_state::reference(world, image).to_string();
        return draft.block(&address, BlockerReason::NotPushable { reference });
    };
    let engine = engine(world, &spec.key);
    let address = image::address(&engine, image);
    let references = spec.pushed_references();
    if references.is_empty() {
        let reference = spec.reference.clone();
        draft.block(&address, BlockerReason::NoRegistry { reference });
    }
    let built = image::ensure(world, request, &engine, image, PullPolicy::Missing, draft).step;
    references_after(&address, references, built, draft);
}

/// The engine that pushes an image: it may be on several, and a registry has it once.
pub(super) fn engine(world: &World<'_>, key: &str) -> EngineName {
    let default = world.project.default_engine();
    let engines = image::engines(world, key);
    if engines.contains(&default) {
        return default;
    }
    engines.into_iter().next().unwrap_or(default)
}

/// Pushes one reference after the other: what the first sends, the others find there.
pub(super) fn references_after(
    address: &Address,
    references: Vec<String>,
    mut after: Option<StepId>,
    draft: &mut Draft,
) {
    for reference in references {
        let why = Why { cause: Cause::Requested, group: None, hazard: None };
        after = Some(draft.step(address, Action::PushImage { reference }, why, after));
    }
}
