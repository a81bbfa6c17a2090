//! Builds images through `BuildKit` inside the engine: a session that sends only what changed, secrets from memory,
//! live progress and typed failures.
//! Invariant: nothing here touches the caller's disk, environment or terminal; everything comes in through the request.
//!
//! [`build`] opens two upgraded streams through [`Dial`]: `/session`, on which we serve what the engine calls back
//! (build context, secrets, credentials, ssh agents), and `/grpc`, on which we ask for the build and follow it.
//! The build context is a [`ContextSource`].

mod auth;
mod control;
mod dial;
mod directory;
mod error;
mod filesync;
mod filter;
pub(super) mod fuzz;
mod health;
mod pattern;
mod progress;
mod request;
mod run;
mod secrets;
mod session;
mod solve;
mod source;
mod ssh;

pub use auth::{Credentials, CredentialsLookup};
pub use dial::{Dial, DialError, DialFn, Duplex, DuplexStream};
pub use directory::DirSource;
pub use error::BuildError;
pub use progress::{BuildEvent, VertexNumber};
pub use request::{BuildNetwork, BuildRequest, BuildResult, Dockerfile};
pub use secrets::Secret;
pub use source::{ContextEntry, ContextSource, MemorySource, compare_paths, go_mode};

/// Builds one image. Events come from within the returned future, in order; dropping the future cancels the build
/// on the engine.
///
/// # Errors
/// [`BuildError::is_unsupported`] tells that this engine has no `BuildKit` session. No failure leaves an image behind.
pub async fn build(
    dial: &dyn Dial,
    request: BuildRequest,
    events: impl FnMut(BuildEvent),
) -> Result<BuildResult, BuildError> {
    let dockerfile = solve::load_dockerfile(&request).await?;
    let deadline = request.connect_deadline;
    let (session, control) = tokio::try_join!(
        session::Session::open(dial, &request, dockerfile.source),
        control::connect(dial, deadline),
    )?;
    let message =
        solve::solve_request(&request, &dockerfile.name, &session.id, &session::unique_id());
    run::Run::new(session, events).solve(control, message).await
}
