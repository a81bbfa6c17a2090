//! Builds: which builder is asked, and what both have in common.
//!
//! Invariant: what a builder cannot do is an error, never left out: a build without its secrets
//! would be another image.

mod classic;
mod context_tar;
mod session;
mod steps;

use windlass_model::fault::Fault;
use windlass_model::image::Builder;
use windlass_model::name::ImageId;

use super::engine::DockerEngine;
use crate::build::BuildRequest;
use crate::error::{EngineError, Result};
use crate::stream::ProgressSink;

impl DockerEngine {
    pub(super) async fn image_build(
        &self,
        request: BuildRequest,
        progress: ProgressSink<'_>,
    ) -> Result<ImageId> {
        let needs_classic = needs_classic(&request);
        let is_podman = self.wire.peer().await?.is_podman();
        match (request.options.builder, needs_classic) {
            (Builder::Classic, _) | (Builder::Auto, Some(_)) => {
                self.build_classic(request, progress).await
            }
            (Builder::Auto, None) if is_podman => self.build_classic(request, progress).await,
            (Builder::Buildkit, Some(what)) => {
                let message = format!("BuildKit has no {what}");
                Err(EngineError::new(Fault::Unsupported, message))
            }
            (Builder::Buildkit, None) => self.build_in_session(&request, progress).await,
            (Builder::Auto, None) => match self.build_in_session(&request, progress).await {
                Err(error) if error.fault == Fault::Unsupported => {
                    self.build_classic(request, progress).await
                }
                result => result,
            },
        }
    }
}

/// What of a request only the classic builder can do.
fn needs_classic(request: &BuildRequest) -> Option<&'static str> {
    let network = request.options.network.as_deref().unwrap_or_default();
    if request.options.squash {
        Some("squashing")
    } else if !matches!(network, "" | "default" | "none" | "host") {
        Some("networks of containers")
    } else {
        None
    }
}
