//! Creating a container.
//!
//! Invariant: the id that later steps use is that of the container of this step and of no other.

use crate::failure;
use crate::lookup;
use crate::step::{Result, StepContext};
use std::time::Duration;
use windlass_engine::EngineError;
use windlass_model::fault::Fault;
use windlass_model::label::Owner;
use windlass_model::name::ContainerId;
use windlass_model::observed::{ObservedContainer, State};
use windlass_model::plan::CreateContainer;

/// How often, and how long in between, the holder of a name is looked for.
const CONFLICT_LOOKS: u32 = 50;
const PAUSE: Duration = Duration::from_millis(100);

pub(crate) async fn create(ctx: StepContext<'_>, create: &CreateContainer) -> Result<()> {
    let id = match ctx.engine.create_container(create).await {
        Ok(id) => id,
        Err(lost) if lost.fault.is_unknown() => find(ctx, create, lost, 1).await?,
        // Perhaps by what an earlier run asked for just before it was killed.
        Err(taken) if matches!(taken.fault, Fault::NameConflict { .. }) => {
            find(ctx, create, taken, CONFLICT_LOOKS).await?
        }
        Err(error) => return Err(failure::from_engine(error)),
    };
    ctx.run.created.set(ctx.id, id);
    Ok(())
}

/// Looks for the container by its name: it is ours if it is fresh and its labels are those we gave.
/// A name is taken some time before its container can be looked at, hence several `looks`.
async fn find(
    ctx: StepContext<'_>,
    create: &CreateContainer,
    error: EngineError,
    looks: u32,
) -> Result<ContainerId> {
    let look = || ctx.engine.inspect_container(&create.name);
    for remaining in (0..looks).rev() {
        match lookup::if_there(look).await {
            Ok(Some(seen)) if is_this(ctx, create, &seen) => return Ok(seen.id),
            Ok(None) if remaining > 0 => tokio::time::sleep(PAUSE).await,
            Ok(Some(_) | None) | Err(_) => break,
        }
    }
    Err(failure::from_engine(error))
}

fn is_this(ctx: StepContext<'_>, create: &CreateContainer, seen: &ObservedContainer) -> bool {
    let Some(wanted) = Owner::read(ctx.engine.name(), &create.labels) else { return false };
    let Some(owner) = &seen.owner else { return false };
    // A digest that we did not give can be the image's, whose labels a container inherits.
    let same_digest = wanted.digest.is_none() || wanted.digest == owner.digest;
    let attached = create.config.endpoints.keys().all(|n| seen.config.endpoints.contains_key(n));
    seen.state == State::Created
        && seen.image == create.image
        && wanted.project == owner.project
        && wanted.address == owner.address
        && wanted.spec == owner.spec
        && same_digest
        && attached
}
