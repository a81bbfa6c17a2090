//! Removing, renaming and updating containers.
//!
//! Invariant: a container that is not of this project is never removed, whatever the plan says.

use super::lifecycle::settle;
use crate::failure;
use crate::lookup;
use crate::step::{Result, StepContext};
use std::time::Duration;
use tokio::time::{Instant, sleep};
use windlass_model::fault::Fault;
use windlass_model::limits::{Limits, RestartPolicy};
use windlass_model::name::ContainerId;
use windlass_model::observed::{ObservedContainer, State};
use windlass_model::plan::ContainerRef;

/// How long somebody else's removal is waited for.
const REMOVAL_TIME: Duration = Duration::from_mins(1);
const REMOVAL_PAUSE: Duration = Duration::from_millis(100);

pub(crate) async fn remove(
    ctx: StepContext<'_>,
    container: &ContainerRef,
    force: bool,
    anonymous_volumes: bool,
) -> Result<()> {
    let id = ctx.container(container)?;
    if matches!(container, ContainerRef::Existing(_)) && !check(ctx, &id).await? {
        return Ok(());
    }
    match ctx.engine.remove_container(&id, force, anonymous_volumes).await {
        Ok(()) => Ok(()),
        Err(error) if error.is_not_found() => Ok(()),
        Err(error) if error.fault == Fault::RemovalInProgress => until_gone(ctx, &id).await,
        Err(lost) if lost.fault.is_unknown() => {
            let look = || ctx.engine.inspect_container(id.as_str());
            match lookup::if_there(look).await {
                Ok(None) => Ok(()),
                Ok(Some(seen)) if seen.state == State::Removing => until_gone(ctx, &id).await,
                Ok(Some(_)) | Err(_) => Err(failure::from_engine(lost)),
            }
        }
        Err(error) => Err(failure::from_engine(error)),
    }
}

/// Whether it is still there. Its owner is read again: nothing foreign is ever removed.
async fn check(ctx: StepContext<'_>, id: &ContainerId) -> Result<bool> {
    let look = || ctx.engine.inspect_container(id.as_str());
    match lookup::until_answered(look).await {
        Err(error) if error.is_not_found() => Ok(false),
        Err(error) => Err(failure::from_engine(error)),
        Ok(seen) => {
            let project = &ctx.run.context.project;
            match &seen.owner {
                Some(owner) if owner.project != *project => {
                    Err(failure::stale(format!("it belongs to project {}", owner.project)))
                }
                Some(_) | None => Ok(true),
            }
        }
    }
}

async fn until_gone(ctx: StepContext<'_>, id: &ContainerId) -> Result<()> {
    ctx.say_waiting("its removal, which is under way");
    let end = Instant::now() + REMOVAL_TIME;
    loop {
        let look = || ctx.engine.inspect_container(id.as_str());
        if lookup::if_there(look).await.map_err(failure::from_engine)?.is_none() {
            return Ok(());
        }
        if Instant::now() >= end {
            let seconds = REMOVAL_TIME.as_secs();
            let message = format!("its removal by somebody else did not end within {seconds} s");
            return Err(failure::engine(Fault::RemovalInProgress, message));
        }
        sleep(REMOVAL_PAUSE).await;
    }
}

pub(crate) async fn rename(
    ctx: StepContext<'_>,
    container: &ContainerRef,
    name: &str,
) -> Result<()> {
    let id = ctx.container(container)?;
    match ctx.engine.rename_container(&id, name).await {
        Ok(()) => Ok(()),
        Err(lost) if lost.fault.is_unknown() => {
            settle(ctx, &id, lost, |seen| seen.name == name).await
        }
        Err(error) => Err(failure::from_engine(error)),
    }
}

pub(crate) async fn update(
    ctx: StepContext<'_>,
    container: &ContainerRef,
    limits: &Limits,
    restart: RestartPolicy,
) -> Result<()> {
    let id = ctx.container(container)?;
    match ctx.engine.update_container(&id, limits, restart).await {
        Ok(()) => Ok(()),
        Err(lost) if lost.fault.is_unknown() => {
            settle(ctx, &id, lost, |seen| has(seen, limits, restart)).await
        }
        Err(error) => Err(failure::from_engine(error)),
    }
}

/// Whether the container has every limit that was asked for.
fn has(seen: &ObservedContainer, wanted: &Limits, restart: RestartPolicy) -> bool {
    let mut expected = wanted.clone();
    if expected.memory_swap_bytes.is_none() {
        // The engine chooses it.
        expected.memory_swap_bytes = seen.config.limits.memory_swap_bytes;
    }
    seen.config.limits == expected && seen.config.restart == restart
}
