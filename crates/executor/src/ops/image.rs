//! Pulling, pushing, tagging and removing images.
//!
//! Invariant: a reference is taken away only from the image that the plan names; what a registry
//! refuses is not asked for again.

use crate::failure;
use crate::lookup;
use crate::step::{Result, StepContext};
use futures_util::future::BoxFuture;
use std::time::Duration;
use windlass_engine::EngineError;
use windlass_engine::stream::CallProgress;
use windlass_model::fault::Fault;
use windlass_model::name::ImageId;
use windlass_model::report::{Failure, FailureKind};

/// What is waited before each further try of a transfer that broke; it goes on where it was.
const PAUSES: [Duration; 3] =
    [Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];

pub(crate) async fn pull(
    ctx: StepContext<'_>,
    reference: &str,
    platform: Option<&str>,
    optional: bool,
) -> Result<()> {
    let say = |said| ctx.say(said);
    let pulled = persist(ctx, reference, || ctx.engine.pull_image(reference, platform, &say)).await;
    match pulled {
        Err(failure) if optional && is_missing(&failure) => {
            ctx.say(CallProgress::Line(format!("left out: {}", failure.message)));
            Ok(())
        }
        ended => ended,
    }
}

/// Whether the registry has no such image. Docker Hub does not tell that from one that it keeps to itself.
fn is_missing(failure: &Failure) -> bool {
    let kept = failure.kind == FailureKind::Engine(Fault::RegistryDenied);
    failure.kind == FailureKind::Engine(Fault::RegistryNotFound)
        || (kept && failure.message.contains("repository does not exist or may require"))
}

pub(crate) async fn push(ctx: StepContext<'_>, reference: &str) -> Result<()> {
    let say = |said| ctx.say(said);
    persist(ctx, reference, || ctx.engine.push_image(reference, &say)).await
}

/// Asks for a transfer until it succeeds, or fails for good.
async fn persist<'f>(
    ctx: StepContext<'_>,
    reference: &str,
    transfer: impl Fn() -> BoxFuture<'f, windlass_engine::Result<()>>,
) -> Result<()> {
    let mut pauses = PAUSES.iter().zip(2..);
    loop {
        let Err(error) = transfer().await else { return Ok(()) };
        let next = pauses.next().filter(|_| error.fault.is_passing());
        let Some((pause, number)) = next else { return Err(failure::from_engine(error)) };
        let (seconds, most) = (pause.as_secs(), PAUSES.len() + 1);
        let line = format!("{}; trying again in {seconds} s ({number} of {most})", error.message);
        ctx.say(CallProgress::Line(line));
        tokio::time::sleep(*pause).await;
        if error.fault.is_unknown() {
            // Returns as soon as the engine answers, whatever it says about the image.
            drop(lookup::if_there(|| ctx.engine.inspect_image(reference)).await);
        }
    }
}

pub(crate) async fn tag(ctx: StepContext<'_>, id: &ImageId, reference: &str) -> Result<()> {
    match ctx.engine.tag_image(id.as_str(), reference).await {
        Ok(()) => Ok(()),
        Err(lost) if lost.fault.is_unknown() => {
            let look = || ctx.engine.inspect_image(reference);
            let seen = lookup::if_there(look).await;
            let carried_out = seen.map(|seen| seen.is_some_and(|seen| seen.id == *id));
            lookup::verdict(lost, carried_out).map_err(failure::from_engine)
        }
        Err(error) => Err(failure::from_engine(error)),
    }
}

/// How often, and when again, an image is removed of which others were made: these may go with the same run.
const CHILDREN_TRIES: u32 = 10;
const CHILDREN_PAUSE: Duration = Duration::from_millis(50);

/// In use, and by no container.
fn has_children(error: &EngineError) -> bool {
    matches!(&error.fault, Fault::InUse { by } if by.is_empty())
}

pub(crate) async fn remove(ctx: StepContext<'_>, id: &ImageId, reference: &str) -> Result<()> {
    let look = || ctx.engine.inspect_image(reference);
    match lookup::until_answered(look).await {
        Err(error) if error.is_not_found() => return Ok(()),
        Err(error) => return Err(failure::from_engine(error)),
        Ok(seen) if seen.id != *id => {
            return Err(failure::stale(format!("{reference} is another image by now")));
        }
        Ok(_) => {}
    }
    let mut removed = ctx.engine.remove_image(reference).await;
    for _ in 0..CHILDREN_TRIES {
        if !removed.as_ref().is_err_and(has_children) {
            break;
        }
        tokio::time::sleep(CHILDREN_PAUSE).await;
        removed = ctx.engine.remove_image(reference).await;
    }
    match removed {
        Ok(()) => Ok(()),
        Err(error) if error.is_not_found() => Ok(()),
        Err(lost) if lost.fault.is_unknown() => {
            let carried_out = lookup::if_there(look).await.map(|seen| seen.is_none());
            lookup::verdict(lost, carried_out).map_err(failure::from_engine)
        }
        Err(error) => Err(failure::from_engine(error)),
    }
}
