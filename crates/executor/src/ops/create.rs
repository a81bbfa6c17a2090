//! Creating a container.
//!
//! Invariant: the id that later steps use is that of the container of this step and of no other.

use crate::failure;
use crate::lookup;
use crate::step::{Result, StepContext};
use std::time::Duration;
use windlass_model::fault::Fault;
use windlass_model::label::Owner;
use windlass_model::name::ContainerId;
use windlass_model::observed::{ObservedContainer, State};
use windlass_model::one_off;
use windlass_model::plan::CreateContainer;

/// How often, and how long in between, a name that is taken is tried again.
const TRIES: u32 = 50;
const PAUSE: Duration = Duration::from_millis(100);

pub(crate) async fn create(ctx: StepContext<'_>, create: &CreateContainer) -> Result<()> {
    let is_this = |seen: &ObservedContainer| is_this(ctx, create, seen);
    let id = named(ctx, create, is_this).await.map_err(failure::from_engine)?;
    ctx.run.created.set(ctx.id, id);
    Ok(())
}

/// Creates a container, or finds the one that an earlier call made: one whose reply was lost, or one
/// that a run had asked for just before it was killed. Such a name is taken some time before its
/// container can be looked at, and some time after it is gone.
pub(super) async fn named(
    ctx: StepContext<'_>,
    create: &CreateContainer,
    is_this: impl Fn(&ObservedContainer) -> bool,
) -> windlass_engine::Result<ContainerId> {
    let look = || ctx.engine.inspect_container(&create.name);
    let mut tries = 1;
    loop {
        let error = match ctx.engine.create_container(create).await {
            Ok(id) => return Ok(id),
            Err(error) => error,
        };
        let taken = matches!(error.fault, Fault::NameConflict { .. });
        if !taken && !error.fault.is_unknown() {
            return Err(error);
        }
        match lookup::if_there(look).await {
            Ok(Some(seen)) if is_this(&seen) => return Ok(seen.id),
            Ok(None) if taken && tries < TRIES => tokio::time::sleep(PAUSE).await,
            Ok(Some(_) | None) | Err(_) => return Err(error),
        }
        tries += 1;
    }
}

/// The container that a creation made whose reply was lost.
pub(crate) async fn find(
    ctx: StepContext<'_>,
    create: &CreateContainer,
) -> windlass_engine::Result<Option<ContainerId>> {
    let found = lookup::if_there(|| ctx.engine.inspect_container(&create.name)).await?;
    Ok(found.filter(|seen| is_this(ctx, create, seen)).map(|seen| seen.id))
}

fn is_this(ctx: StepContext<'_>, create: &CreateContainer, seen: &ObservedContainer) -> bool {
    let labels = create.labels.all();
    // One of this name is of this run or of none.
    if one_off::is_of(&ctx.run.context.project, &create.name, &labels) {
        return one_off::is_of(&ctx.run.context.project, &create.name, &seen.config.labels);
    }
    let Some(wanted) = Owner::read(ctx.engine.name(), &labels) else { return false };
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
