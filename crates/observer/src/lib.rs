//! Project, engines and files to observed state.
//!
//! Invariant: nothing is chosen and nothing is changed here. What vanishes while it is looked at is
//! simply absent.

mod check;
mod engine;
mod error;
mod local;
mod place;
mod prepared;
mod secrets;

pub use check::{check_inputs, check_secrets};
pub use error::{InputError, ObserveError, SecretError};
pub use local::{ImageFilter, LocalInputs, image_bases};
pub use place::{ContextTrouble, InputPlace};
pub use prepared::{before_step, dockerfile_text, prepared_build, resource_build};
pub use secrets::read_secrets;
pub use windlass_image::before::Before;
pub use windlass_image::file_digests::FileDigests;
pub use windlass_image::source::{DOCKERFILE_NAME, PreparedBuild};
pub use windlass_image::tar_stream::TarOptions;

use futures_util::future::try_join_all;
use std::collections::HashMap;
use windlass_engine::Engines;
use windlass_model::EngineName;
use windlass_model::observed::{Observed, ObservedEngine};
use windlass_model::project::Project;

/// Takes a snapshot of the engines and of the local inputs, all at the same time.
///
/// # Errors
///
/// The first engine that does not answer, or all the images of which the inputs can't be read.
pub async fn observe(
    project: &Project,
    engines: &Engines,
    inputs: &LocalInputs,
) -> Result<Observed, ObserveError> {
    let engines = engines.iter().map(|(name, engine)| async move {
        let observed = engine::observe(project, engine.as_ref()).await;
        let observed =
            observed.map_err(|source| ObserveError::Engine { engine: name.clone(), source })?;
        Ok::<_, ObserveError>((name.clone(), observed))
    });
    let (engines, builds, secrets) = tokio::try_join!(
        try_join_all(engines),
        local::builds(project, &inputs.images, &inputs.file_digests),
        local::secret_digests(project, &inputs.secrets),
    )?;
    apart(&engines)?;
    Ok(Observed { engines: engines.into_iter().collect(), builds, secrets, ..Observed::default() })
}

/// Two names for one engine would each take what the other made for a leftover of its own. Ids of
/// networks, of which every engine has some, are never the same on two.
fn apart(engines: &[(EngineName, ObservedEngine)]) -> Result<(), ObserveError> {
    let mut seen = HashMap::new();
    for (name, engine) in engines {
        for id in engine.networks.keys() {
            if let Some(other) = seen.insert(id, name) {
                return Err(ObserveError::SameEngine { one: other.clone(), other: name.clone() });
            }
        }
    }
    Ok(())
}
