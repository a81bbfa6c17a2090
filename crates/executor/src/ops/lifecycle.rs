//! Starting, stopping, restarting, killing and pausing containers.
//!
//! Invariant: a call whose reply was lost counts as carried out only if the container's state
//! proves it.

use crate::failure;
use crate::lookup;
use crate::step::{Result, StepContext};
use windlass_engine::EngineError;
use windlass_model::fault::Fault;
use windlass_model::name::ContainerId;
use windlass_model::observed::{ObservedContainer, State};
use windlass_model::plan::ContainerRef;
use windlass_model::report::Failure;

pub(crate) async fn start(ctx: StepContext<'_>, container: &ContainerRef) -> Result<()> {
    let id = ctx.container(container)?;
    let fresh = matches!(container, ContainerRef::Planned(_));
    match ctx.engine.start_container(&id).await {
        Ok(()) => Ok(()),
        Err(lost) if lost.fault.is_unknown() => {
            settle(ctx, &id, lost, |seen| seen.state.is_up() || (fresh && seen.was_started())).await
        }
        Err(error) => Err(refused(ctx, &id, error).await),
    }
}

/// The engine's answer, and what it wrote down about it, if that says more.
async fn refused(ctx: StepContext<'_>, id: &ContainerId, error: EngineError) -> Failure {
    let mut failure = failure::from_engine(error);
    if let Ok(seen) = ctx.engine.inspect_container(id.as_str()).await
        && !seen.error.is_empty()
        && seen.error != failure.message
    {
        failure.detail.push(seen.error);
    }
    failure
}

pub(crate) async fn stop(
    ctx: StepContext<'_>,
    container: &ContainerRef,
    timeout_s: Option<u32>,
) -> Result<()> {
    let id = ctx.container(container)?;
    match ctx.engine.stop_container(&id, timeout_s).await {
        Ok(()) => Ok(()),
        // What is gone has stopped.
        Err(error) if error.is_not_found() => Ok(()),
        Err(lost) if lost.fault.is_unknown() => {
            settle_or_gone(ctx, &id, lost, |seen| !seen.state.is_up()).await
        }
        Err(error) => Err(failure::from_engine(error)),
    }
}

/// Whether it was restarted shows only by the moment of its start: that is read before.
pub(crate) async fn restart(
    ctx: StepContext<'_>,
    container: &ContainerRef,
    timeout_s: Option<u32>,
) -> Result<()> {
    let id = ctx.container(container)?;
    let look = || ctx.engine.inspect_container(id.as_str());
    let before = lookup::until_answered(look).await.map_err(failure::from_engine)?;
    match ctx.engine.restart_container(&id, timeout_s).await {
        Ok(()) => Ok(()),
        Err(lost) if lost.fault.is_unknown() => {
            let restarted = |seen: &ObservedContainer| seen.started_at != before.started_at;
            settle(ctx, &id, lost, restarted).await
        }
        Err(error) => Err(refused(ctx, &id, error).await),
    }
}

pub(crate) async fn kill(
    ctx: StepContext<'_>,
    container: &ContainerRef,
    signal: &str,
) -> Result<()> {
    let id = ctx.container(container)?;
    match ctx.engine.kill_container(&id, signal).await {
        Ok(()) => Ok(()),
        Err(error) if error.is_not_found() => Ok(()),
        // It ended by itself in between, or it was the signal: whether a signal that ends nothing
        // arrived can't be seen.
        Err(error) if error.fault == Fault::WrongState || error.fault.is_unknown() => {
            settle_or_gone(ctx, &id, error, |seen| !seen.state.is_up()).await
        }
        Err(error) => Err(failure::from_engine(error)),
    }
}

pub(crate) async fn pause(ctx: StepContext<'_>, container: &ContainerRef) -> Result<()> {
    let id = ctx.container(container)?;
    match ctx.engine.pause_container(&id).await {
        Ok(()) => Ok(()),
        Err(error) if error.fault == Fault::WrongState || error.fault.is_unknown() => {
            settle(ctx, &id, error, |seen| seen.state == State::Paused).await
        }
        Err(error) => Err(failure::from_engine(error)),
    }
}

pub(crate) async fn unpause(ctx: StepContext<'_>, container: &ContainerRef) -> Result<()> {
    let id = ctx.container(container)?;
    match ctx.engine.unpause_container(&id).await {
        Ok(()) => Ok(()),
        Err(error) if error.fault == Fault::WrongState || error.fault.is_unknown() => {
            settle(ctx, &id, error, |seen| seen.state == State::Running).await
        }
        Err(error) => Err(failure::from_engine(error)),
    }
}

/// Success if the container's state proves that the call was carried out, else its error.
pub(super) async fn settle(
    ctx: StepContext<'_>,
    id: &ContainerId,
    lost: EngineError,
    proof: impl Fn(&ObservedContainer) -> bool,
) -> Result<()> {
    let look = || ctx.engine.inspect_container(id.as_str());
    let carried_out = lookup::until_answered(look).await.map(|seen| proof(&seen));
    lookup::verdict(lost, carried_out).map_err(failure::from_engine)
}

/// The same, where a container that is gone proves it too.
pub(super) async fn settle_or_gone(
    ctx: StepContext<'_>,
    id: &ContainerId,
    lost: EngineError,
    proof: impl Fn(&ObservedContainer) -> bool,
) -> Result<()> {
    let look = || ctx.engine.inspect_container(id.as_str());
    let carried_out = lookup::if_there(look).await.map(|seen| seen.is_none_or(|seen| proof(&seen)));
    lookup::verdict(lost, carried_out).map_err(failure::from_engine)
}
