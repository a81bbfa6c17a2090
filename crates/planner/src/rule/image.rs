//! Images: pulled, built, or left alone.
//!
//! Invariant: an image is resolved once per engine, and its steps come before whatever needs it.

use crate::draft::{Draft, Why};
use crate::image_state::{self, ImageState};
use crate::rule::one_off;
use crate::select::Selection;
use crate::world::World;
use std::collections::BTreeSet;
use windlass_model::container::ContainerSpec;
use windlass_model::image::{ImageSource, ImageSpec, ImageUse, PullPolicy};
use windlass_model::label::owner_labels;
use windlass_model::name::{EngineName, ImageId};
use windlass_model::note::{BlockerReason, NoteReason};
use windlass_model::observed::ObservedImage;
use windlass_model::plan::{Action, BuildImage, Cause, FieldChange, Group, Origin, StepId};
use windlass_model::request::Request;
use windlass_model::{Address, Kind};

/// An image as this plan leaves it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Resolved {
    /// The id it has now and will have; `None`: it will be another, or is not there.
    pub(crate) id: Option<ImageId>,
    /// The step that makes it.
    pub(crate) step: Option<StepId>,
}

/// The address of an image on an engine; one that the file does not declare is known by its
/// reference.
pub(crate) fn address(engine: &EngineName, image: &ImageUse) -> Address {
    Address::image(engine, image.to_string())
}

/// Makes sure that an image is there, and says what it will be.
pub(crate) fn ensure(
    world: &World<'_>,
    request: &Request,
    engine: &EngineName,
    image: &ImageUse,
    policy: PullPolicy,
    draft: &mut Draft,
) -> Resolved {
    let address = address(engine, image);
    if let Some(resolved) = draft.images.get(&address) {
        return resolved.clone();
    }
    // Stands in while the bases are resolved, so that a cycle through Dockerfiles ends.
    draft.images.insert(address.clone(), Resolved::default());
    let spec = match image {
        ImageUse::Project(key) => world.project.images.get(key),
        ImageUse::External(_) => None,
    };
    let resolved = match spec.map(|spec| (spec, &spec.source)) {
        Some((spec, ImageSource::External { pull })) => {
            external(world, request, &address, &spec.reference, (*pull).max_by_rank(policy), draft)
        }
        Some((spec, _)) => built(world, request, engine, spec, draft),
        None => {
            let reference = image_state::reference(world, image);
            external(world, request, &address, &reference, policy, draft)
        }
    };
    draft.images.insert(address, resolved.clone());
    resolved
}

/// The steps that make the images which a container only names.
pub(crate) fn named(
    world: &World<'_>,
    request: &Request,
    spec: &ContainerSpec,
    draft: &mut Draft,
) -> Vec<StepId> {
    let engine = &spec.address.engine;
    let images = spec.needs.iter().filter(|address| address.kind == Kind::Image);
    let images = images.map(|address| ImageUse::Project(address.name.to_string()));
    let made = images.filter_map(|image| {
        ensure(world, request, engine, &image, PullPolicy::Missing, draft).step
    });
    made.collect()
}

fn external(
    world: &World<'_>,
    request: &Request,
    address: &Address,
    reference: &str,
    policy: PullPolicy,
    draft: &mut Draft,
) -> Resolved {
    match image_state::external(world, &address.engine, reference, policy, &request.options) {
        ImageState::Present(image) => Resolved { id: Some(image.id.clone()), step: None },
        ImageState::Pull { reference, cause } => {
            let action =
                Action::PullImage { reference: reference.clone(), platform: None, optional: false };
            let step = draft.step(address, action, Why::new(cause, Group::Create), []);
            // What a pull of a present image brings is seen after it, by another plan.
            let id = world.image(&address.engine, &reference).map(|image| image.id.clone());
            Resolved { id, step: Some(step) }
        }
        ImageState::Missing { reference } => {
            draft.block(address, BlockerReason::ImageMissing { reference });
            Resolved::default()
        }
        ImageState::Build { .. } => Resolved::default(),
    }
}

fn built(
    world: &World<'_>,
    request: &Request,
    engine: &EngineName,
    spec: &ImageSpec,
    draft: &mut Draft,
) -> Resolved {
    let address = Address::image(engine, &spec.key);
    let inputs = world.observed.builds.get(&spec.key);
    let uses: Vec<ImageUse> = inputs.map(|inputs| inputs.bases.clone()).unwrap_or_default();
    let implied = spec.depends_on.iter().map(|key| ImageUse::Project(key.clone()));
    let needed: BTreeSet<ImageUse> = uses.iter().cloned().chain(implied).collect();
    let mut after = Vec::new();
    for image in &needed {
        after.extend(ensure(world, request, engine, image, PullPolicy::Missing, draft).step);
    }
    let options = &request.options;
    let base = |image: &ImageUse| {
        draft.images.get(&self::address(engine, image)).and_then(|resolved| resolved.id.clone())
    };
    let forced = (options.build || options.no_cache) && !options.images_settled;
    let cause = match image_state::built(world, engine, spec, base, forced) {
        ImageState::Present(image) => {
            let id = Some(image.id.clone());
            let missing = missing_tags(spec, image);
            if missing.is_empty() {
                draft.note(&address, NoteReason::UpToDate);
                return Resolved { id, step: None };
            }
            // All of it is in the builder's cache: what comes out is the same image.
            let action = build_action(world, request, &address, spec, &uses);
            let why = Why::new(Cause::Diverged(missing), Group::Update);
            return Resolved { id, step: Some(draft.step(&address, action, why, after)) };
        }
        ImageState::Build { cause } => cause,
        ImageState::Pull { .. } | ImageState::Missing { .. } => Cause::Absent,
    };
    let action = build_action(world, request, &address, spec, &uses);
    let group = if cause == Cause::Absent { Group::Create } else { Group::Recreate };
    let step = draft.step(&address, action, Why::new(cause, group), after);
    Resolved { id: None, step: Some(step) }
}

/// Further tags that are not on the image. (One that is imported would be another after a second
/// import.)
fn missing_tags(spec: &ImageSpec, image: &ObservedImage) -> Vec<FieldChange> {
    if matches!(spec.source, ImageSource::Import { .. }) {
        return Vec::new();
    }
    let missing = spec.tags.iter().filter(|tag| !image.references.contains(*tag));
    let change = |tag: &String| FieldChange {
        path: "tags".to_owned(),
        was: None,
        wanted: Some(tag.clone()),
        origin: Origin::Both,
    };
    missing.map(change).collect()
}

fn build_action(
    world: &World<'_>,
    request: &Request,
    address: &Address,
    spec: &ImageSpec,
    bases: &[ImageUse],
) -> Action {
    let mut labels = owner_labels(&world.project.name, address, None::<&()>, None);
    labels.extend(spec.build.labels.clone());
    let inputs = world.observed.builds.get(&spec.key);
    let build = Box::new(BuildImage {
        spec: spec.clone(),
        labels,
        inputs: inputs.map_or_else(|| windlass_model::Digest(String::new()), |i| i.digest.clone()),
        bases: bases.to_vec(),
        base_references: bases
            .iter()
            .map(|image| image_state::reference(world, image).to_string())
            .collect(),
        no_cache: request.options.no_cache,
    });
    match spec.source {
        ImageSource::Import { .. } => Action::ImportImage(build),
        ImageSource::Commands { .. }
        | ImageSource::Dockerfile { .. }
        | ImageSource::Provision(_)
        | ImageSource::External { .. } => Action::BuildImage(build),
    }
}

/// The engines on which an image of the project is made: those that use it.
pub(super) fn engines(world: &World<'_>, key: &str) -> BTreeSet<EngineName> {
    let image = ImageUse::Project(key.to_owned());
    let users = world.project.containers.values().filter(|spec| spec.image == image);
    let engines: BTreeSet<EngineName> = users.map(|spec| spec.address.engine.clone()).collect();
    if engines.is_empty() { [world.project.default_engine()].into() } else { engines }
}

/// The images that a request for images is about, with their engines.
pub(super) fn wanted(
    world: &World<'_>,
    selection: &Selection<'_>,
) -> BTreeSet<(EngineName, ImageUse, PullPolicyOrd)> {
    let mut wanted = BTreeSet::new();
    let by_name = selection.images.is_some();
    for key in selection.images.iter().flatten() {
        let image = ImageUse::Project((*key).to_owned());
        let engines = engines(world, key);
        wanted.extend(engines.into_iter().map(|e| (e, image.clone(), PullPolicyOrd::default())));
    }
    if !(by_name && selection.named.is_empty()) {
        for spec in selection.containers.iter().filter_map(|address| world.spec(address)) {
            let policy = PullPolicyOrd(spec.pull == PullPolicy::Never);
            wanted.insert((spec.address.engine.clone(), spec.image.clone(), policy));
        }
    }
    if selection.everything {
        let used: BTreeSet<ImageUse> =
            wanted.iter().map(|(_, image, _): &(_, ImageUse, _)| image.clone()).collect();
        let unused = world.project.images.keys().map(|key| ImageUse::Project(key.clone()));
        wanted.extend(
            unused
                .filter(|image| !used.contains(image))
                .map(|image| (world.project.default_engine(), image, PullPolicyOrd::default())),
        );
    }
    wanted
}

/// Whether an image may never be pulled, as something that can be ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PullPolicyOrd(pub(super) bool);

/// `build`: what is built of the selected images.
pub(crate) fn build(
    world: &World<'_>,
    request: &Request,
    selection: &Selection<'_>,
    draft: &mut Draft,
) {
    for (engine, image, _) in wanted(world, selection) {
        let ImageUse::Project(key) = &image else { continue };
        if world.project.images.get(key).is_some_and(image_state::is_built) {
            ensure(world, request, &engine, &image, PullPolicy::Missing, draft);
        }
    }
    // Images of resources are made in such containers.
    one_off::leftovers(world, draft);
}

/// Two pull policies for one image: the one that does more, but never means never.
trait PullRank {
    fn max_by_rank(self, other: Self) -> Self;
}

impl PullRank for PullPolicy {
    fn max_by_rank(self, other: Self) -> Self {
        match (self, other) {
            (Self::Never, _) | (_, Self::Never) => Self::Never,
            (Self::Always, _) | (_, Self::Always) => Self::Always,
            (Self::Missing, Self::Missing) => Self::Missing,
        }
    }
}
