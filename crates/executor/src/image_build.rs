//! Builds of what was put together in code.
//!
//! Invariant: it goes the way of a declared image to the builder; only nobody planned it.

use std::collections::BTreeMap;
use std::sync::Arc;

use windlass_engine::build::BuildRequest;
use windlass_engine::stream::ProgressSink;
use windlass_engine::{Engine, EngineError};
use windlass_image::image_build::ImageBuild;
use windlass_image::source::SourceError;
use windlass_model::digest::Digest;
use windlass_model::image::{BuildOptions, PullPolicy};
use windlass_model::name::ImageId;
use windlass_model::secret::Sensitive;

use crate::ops::build::PreparedContext;

/// How an image is built.
#[derive(Clone, Default)]
pub struct BuildSettings {
    /// Arguments, labels, target, platform, which builder, and the rest.
    pub options: BuildOptions,
    /// By id, for `RUN --mount=type=secret`, or by name for commands of a bundle.
    pub secrets: BTreeMap<String, Sensitive>,
    pub pull: PullPolicy,
    pub no_cache: bool,
}

/// An image could not be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    #[error("cannot read the build context")]
    Source {
        #[from]
        source: SourceError,
    },
    #[error("the engine did not build the image")]
    Engine {
        #[from]
        source: EngineError,
    },
}

/// Builds an image under `references`, of which the first is the primary one. It gets no label but those of the settings, so no
/// project takes it for its own.
///
/// # Errors
///
/// If a file of the build context can't be read any more, or what the engine says of the build.
pub async fn build_image(
    engine: &dyn Engine,
    build: ImageBuild,
    references: &[&str],
    settings: BuildSettings,
    progress: ProgressSink<'_>,
) -> Result<ImageId, BuildError> {
    let BuildSettings { options, secrets, pull, no_cache } = settings;
    let prepared = tokio::task::spawn_blocking(move || build.prepare());
    let prepared = prepared.await.expect("invariant: reading local files does not panic")?;
    let key = Digest::of(references.iter().copied()).0;
    let context = PreparedContext::new(prepared, key);
    let request = BuildRequest {
        references: references.iter().map(|&reference| reference.to_owned()).collect(),
        dockerfile: context.dockerfile().to_owned(),
        labels: options.labels.clone(),
        context: Arc::new(context),
        options,
        secrets,
        pull,
        no_cache,
    };
    Ok(engine.build_image(request, progress).await?)
}
