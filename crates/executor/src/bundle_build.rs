//! Builds of images of bundles that were put together in code, and looks at what they would change.
//!
//! Invariant: what runs for them runs in containers that go with the run; what an image is not made of leaves nothing on the engine.

use std::sync::Arc;

use windlass_bundle::{ResourceError, ResourceReport};
use windlass_engine::stream::ProgressSink;
use windlass_engine::{Engine, EngineError};
use windlass_image::layer::ImageViews;
use windlass_model::image::PullPolicy;
use windlass_model::name::ImageId;
use windlass_model::report::Failure;
use windlass_model::secret::plain;

use crate::bundle_image::{BundleImage, recipe};
use crate::endings::Endings;
use crate::image_build::BuildSettings;
use crate::lookup;
use crate::provision::{Desk, Order, PreviewError, provision, resources_of};

/// Of which project the containers are that run commands.
const PROJECT: &str = "windlass";

/// An image could not be built.
#[derive(Debug, thiserror::Error)]
pub enum BundleImageError {
    #[error("{}", texts(errors))]
    Resources {
        /// All that is wrong with them.
        errors: Vec<ResourceError>,
    },
    #[error("{}", problems.join("; "))]
    Settings {
        /// All that is wrong with what is said of the image beside its resources: the method, the value, and what to write.
        problems: Vec<String>,
    },
    #[error("there is no working directory")]
    Directory { source: std::io::Error },
    #[error("the engine has no image {reference} to put it on: build, load or pull it first")]
    NoBase { reference: String },
    #[error(
        "the image {reference} to put it on could not be pulled: check its name, log in to its registry, or build or load it first"
    )]
    BaseNotPulled { reference: String, source: EngineError },
    #[error("the engine did not answer as it should")]
    Engine {
        #[from]
        source: EngineError,
    },
    #[error("{}", failure.message)]
    NotBuilt { failure: Failure },
}

fn texts(errors: &[ResourceError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

fn not_built(failure: Failure) -> BundleImageError {
    BundleImageError::NotBuilt { failure }
}

/// Builds the image and says its id. What it is put on is pulled as the settings say; of their options the platform, the network
/// and the hosts count, and the labels, beside those of the image.
///
/// # Errors
///
/// All that is wrong with the resources, before anything is done; a file that can't be read; a base that is not there or can't be
/// pulled; what the engine says; a resource that could not be applied.
pub async fn build_bundle(
    engine: &Arc<dyn Engine>,
    image: BundleImage,
    settings: BuildSettings,
    progress: ProgressSink<'_>,
) -> Result<ImageId, BundleImageError> {
    let BuildSettings { options, secrets, pull, no_cache } = settings;
    let (files, is_nameless) = (image.files(), image.tags().is_empty());
    let spec = image.spec(options)?;
    let (read, known) = (spec.clone(), files.clone());
    let recipe = tokio::task::spawn_blocking(move || recipe(&read, &known)).await;
    let recipe = recipe.expect("invariant: reading local files does not panic")?;
    if let Some(base) = recipe.images.first() {
        bring(engine, &base.image, spec.build.platform.as_deref(), pull, progress).await?;
    }
    let views = ImageViews::beside(&files);
    let desk = Desk { engine, views: &views, says: progress };
    let labels = spec.build.labels.clone();
    let endings = Endings::default();
    let order = Order {
        spec: &spec,
        labels,
        is_nameless,
        no_cache,
        project: PROJECT,
        holder: None,
        endings: &endings,
        base: None,
        secrets: plain(&secrets),
    };
    let made = provision(desk, order, recipe).await;
    endings.finish().await;
    let id = made.map_err(not_built)?;
    let found = if is_nameless { &id } else { &spec.reference };
    let found = lookup::until_answered(|| engine.inspect_image(found)).await?;
    Ok(found.id)
}

/// What a build would change in the base, resource by resource; nothing is made and nothing runs.
///
/// # Errors
///
/// As [`build_bundle`]; the base has to be there.
pub async fn plan_bundle(
    engine: &Arc<dyn Engine>,
    image: BundleImage,
    settings: BuildSettings,
) -> Result<Vec<ResourceReport>, BundleImageError> {
    let files = image.files();
    let spec = image.spec(settings.options)?;
    let known = files.clone();
    let recipe = tokio::task::spawn_blocking(move || recipe(&spec, &known)).await;
    let recipe = recipe.expect("invariant: reading local files does not panic")?;
    if let Some(base) = recipe.images.first() {
        bring(engine, &base.image, None, PullPolicy::Never, &|_| ()).await?;
    }
    let views = ImageViews::beside(&files);
    let desk = Desk { engine, views: &views, says: &|_| () };
    resources_of(desk, recipe).await.map_err(|error| match error {
        PreviewError::Resources(errors) => BundleImageError::Resources { errors },
        PreviewError::Other(failure) => not_built(failure),
    })
}

/// Sees to it that the base is there.
async fn bring(
    engine: &Arc<dyn Engine>,
    base: &str,
    platform: Option<&str>,
    pull: PullPolicy,
    progress: ProgressSink<'_>,
) -> Result<(), BundleImageError> {
    let is_there = pull != PullPolicy::Always
        && lookup::if_there(|| engine.inspect_image(base)).await?.is_some();
    let reference = base.to_owned();
    match pull {
        PullPolicy::Missing | PullPolicy::Never if is_there => Ok(()),
        PullPolicy::Never => Err(BundleImageError::NoBase { reference }),
        PullPolicy::Missing | PullPolicy::Always => {
            let pulled = engine.pull_image(base, platform, progress).await;
            pulled.map_err(|source| BundleImageError::BaseNotPulled { reference, source })
        }
    }
}
