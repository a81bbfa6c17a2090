//! What must happen to an image before a container can be made from it.
//!
//! Invariant: an image that is there with the digest of its inputs is not built again, and not
//! even sent.

use crate::world::World;
use windlass_model::Text;
use windlass_model::image::{ImageSource, ImageSpec, ImageUse, PullPolicy};
use windlass_model::label::DIGEST;
use windlass_model::name::{EngineName, ImageId};
use windlass_model::observed::{ObservedBuild, ObservedImage};
use windlass_model::plan::{Cause, FieldChange, Origin};
use windlass_model::request::Options;

/// An image on one engine.
#[derive(Clone, Debug)]
pub(crate) enum ImageState<'a> {
    Present(&'a ObservedImage),
    Pull {
        reference: String,
        cause: Cause,
    },
    Build {
        cause: Cause,
    },
    /// Not there, and may not be pulled.
    Missing {
        reference: String,
    },
}

/// The reference under which an image is found.
pub(crate) fn reference(world: &World<'_>, image: &ImageUse) -> Text {
    match image {
        ImageUse::External(reference) => reference.clone(),
        ImageUse::Project(key) => {
            world.project.images.get(key).map_or(key, |spec| &spec.reference).into()
        }
    }
}

/// An image that is not built here: there, to be pulled, or missing.
pub(crate) fn external<'a>(
    world: &World<'a>,
    engine: &EngineName,
    reference: &str,
    policy: PullPolicy,
    options: &Options,
) -> ImageState<'a> {
    let always = (options.pull_always || policy == PullPolicy::Always) && !options.images_settled;
    let never = options.pull_never || policy == PullPolicy::Never;
    let pull = |cause| ImageState::Pull { reference: reference.to_owned(), cause };
    match world.image(engine, reference) {
        Some(image) if never || !always => ImageState::Present(image),
        Some(_) => pull(Cause::Requested),
        None if never => ImageState::Missing { reference: reference.to_owned() },
        None => pull(Cause::Absent),
    }
}

/// An image that is built: whether its inputs are still those that it was built from.
///
/// `base` gives the id of each base image, or `None` if it will only be known later.
pub(crate) fn built<'a>(
    world: &World<'a>,
    engine: &EngineName,
    spec: &ImageSpec,
    base: impl Fn(&ImageUse) -> Option<ImageId>,
    forced: bool,
) -> ImageState<'a> {
    let Some(image) = world.image(engine, &spec.reference) else {
        return ImageState::Build { cause: Cause::Absent };
    };
    if forced {
        return ImageState::Build { cause: Cause::Requested };
    }
    let was = image.labels.get(DIGEST);
    let wanted = world.observed.builds.get(&spec.key).and_then(|inputs| digest(inputs, &base));
    match wanted {
        Some(wanted) if was == Some(&wanted) => ImageState::Present(image),
        wanted => ImageState::Build {
            cause: Cause::Diverged(vec![FieldChange {
                path: "inputs".to_owned(),
                was: was.map(|digest| short(digest)),
                wanted: Some(wanted.map_or("a new base image".to_owned(), |digest| short(&digest))),
                origin: if was.is_some() { Origin::File } else { Origin::Engine },
            }]),
        },
    }
}

fn digest(inputs: &ObservedBuild, base: &impl Fn(&ImageUse) -> Option<ImageId>) -> Option<String> {
    let ids: Option<Vec<ImageId>> = inputs.bases.iter().map(base).collect();
    Some(inputs.digest_with(ids?.iter()).0)
}

fn short(digest: &str) -> String {
    digest.chars().take(12).collect()
}

/// Whether an image of the project is built here.
pub(crate) fn is_built(spec: &ImageSpec) -> bool {
    match spec.source {
        ImageSource::Commands { .. }
        | ImageSource::Dockerfile { .. }
        | ImageSource::Provision(_)
        | ImageSource::Import { .. } => true,
        ImageSource::External { .. } => false,
    }
}
