//! Pulling and removing images.
//!
//! Invariant: a reference is taken away only from the image that the plan names.

use crate::failure;
use crate::lookup;
use crate::step::{Result, StepContext};
use windlass_model::name::ImageId;

/// A pull that broke goes on where it was when it is asked for again.
const PULL_TRIES: usize = 3;

pub(crate) async fn pull(
    ctx: StepContext<'_>,
    reference: &str,
    platform: Option<&str>,
) -> Result<()> {
    let mut tries = 0;
    loop {
        tries += 1;
        match ctx.engine.pull_image(reference, platform, &|said| ctx.say(said)).await {
            Ok(()) => return Ok(()),
            Err(error) if error.fault.is_unknown() && tries < PULL_TRIES => {
                // Returns as soon as the engine answers, whatever it says about the image.
                drop(lookup::if_there(|| ctx.engine.inspect_image(reference)).await);
            }
            Err(error) => return Err(failure::from_engine(error)),
        }
    }
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
    match ctx.engine.remove_image(reference).await {
        Ok(()) => Ok(()),
        Err(error) if error.is_not_found() => Ok(()),
        Err(lost) if lost.fault.is_unknown() => {
            let carried_out = lookup::if_there(look).await.map(|seen| seen.is_none());
            lookup::verdict(lost, carried_out).map_err(failure::from_engine)
        }
        Err(error) => Err(failure::from_engine(error)),
    }
}
