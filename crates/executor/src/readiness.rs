//! `WaitContainer`: until a container is ready for what depends on it.
//!
//! Invariant: a wait looks once when it begins and then only when an event says that something
//! changed; good news is taken from the event, bad news is looked at before it is believed.

mod checks;
mod conditions;
mod judge;
mod probe;
mod reach;

pub(crate) use probe::{FILE_LIMIT, first_file, listens};

use crate::failure;
use crate::lines::log_tail;
use crate::lookup;
use crate::step::{Result, StepContext};
use crate::watch::Signal;
use checks::Checks;
use conditions::Pending;
use judge::{Judge, Verdict};
use std::time::Duration;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, sleep, sleep_until};
use windlass_model::name::ContainerId;
use windlass_model::observed::ObservedContainer;
use windlass_model::plan::{ContainerRef, Until};
use windlass_model::report::{Failure, FailureKind};

/// Between two attempts to ask an engine that does not answer.
const SILENCE: Duration = Duration::from_millis(250);

pub(crate) async fn wait(
    ctx: StepContext<'_>,
    container: &ContainerRef,
    until: &Until,
    deadline_ms: u64,
) -> Result<()> {
    let id = ctx.container(container)?;
    ctx.say_waiting(until.to_string());
    let (mut judge, mut pending) = (Judge::new(until), Pending::first(until));
    let work = async {
        match until {
            Until::Conditions(spec) => {
                conditions::hold(ctx, &id, spec, &mut judge, &mut pending).await
            }
            Until::Running { .. } | Until::Healthy | Until::Completed => {
                ready(ctx, &id, &mut judge).await
            }
        }
    };
    let deadline = Duration::from_millis(deadline_ms);
    match tokio::time::timeout(deadline, work).await {
        Ok(result) => result,
        Err(_) => last_look(ctx, &id, &mut judge, pending.as_ref(), deadline).await,
    }
}

/// Looks, and again after every event that may matter, until the judge has a verdict.
async fn ready(ctx: StepContext<'_>, id: &ContainerId, judge: &mut Judge<'_>) -> Result<()> {
    let mut signals = ctx.run.watches.hear(&ctx.step.address.engine).await;
    let mut checks = Checks::of(ctx, judge).await;
    loop {
        let seen = look(ctx, id).await?;
        checks.see(&seen);
        let not_before = match judge.see(&seen, Instant::now()) {
            Verdict::Ready => return Ok(()),
            Verdict::Bad(failure) => return Err(explain(ctx, &seen, failure).await),
            Verdict::Wait(not_before) => not_before,
        };
        loop {
            tokio::select! {
                // Nothing was heard until then; one look makes sure.
                () = until_instant(not_before) => break,
                () = until_instant(checks.due()) => {
                    checks.run(ctx, id).await;
                    break;
                }
                signal = next(&mut signals) => match signal {
                    Some(Signal::Event(event)) if event.container().as_ref() != Some(id) => {}
                    Some(Signal::Event(event)) if judge.is_good_news(&event) => return Ok(()),
                    Some(Signal::Event(event)) if !judge.is_news(&event.action) => {}
                    Some(Signal::Event(_) | Signal::Lost) => break,
                    // Without a subscription there is nothing left but to look now and then.
                    None => {
                        sleep(SILENCE).await;
                        break;
                    }
                },
            }
        }
    }
}

/// `None`: there are no signals to be had.
async fn next(signals: &mut Option<Receiver<Signal>>) -> Option<Signal> {
    match signals.as_mut()?.recv().await {
        Ok(signal) => Some(signal),
        Err(RecvError::Lagged(_)) => Some(Signal::Lost),
        Err(RecvError::Closed) => None,
    }
}

async fn until_instant(instant: Option<Instant>) {
    match instant {
        Some(instant) => sleep_until(instant).await,
        None => std::future::pending().await,
    }
}

/// The container now; waits out an engine that does not answer.
async fn look(ctx: StepContext<'_>, id: &ContainerId) -> Result<ObservedContainer> {
    loop {
        match lookup::until_answered(|| ctx.engine.inspect_container(id.as_str())).await {
            Ok(seen) => return Ok(seen),
            Err(error) if lookup::is_silent(&error.fault) => sleep(SILENCE).await,
            Err(error) if error.is_not_found() => {
                return Err(failure::stale("it was removed while it was waited for"));
            }
            Err(error) => return Err(failure::from_engine(error)),
        }
    }
}

/// An event may have been missed by a hair: the state decides, not the clock.
async fn last_look(
    ctx: StepContext<'_>,
    id: &ContainerId,
    judge: &mut Judge<'_>,
    pending: Option<&Pending>,
    deadline: Duration,
) -> Result<()> {
    let seen = lookup::until_answered(|| ctx.engine.inspect_container(id.as_str()));
    let seen = seen.await.map_err(failure::from_engine)?;
    let failure = match judge.see(&seen, Instant::now()) {
        // That it runs is not all that was waited for.
        Verdict::Ready if pending.is_some() => judge.too_late(&seen, pending, deadline),
        Verdict::Ready => return Ok(()),
        Verdict::Bad(failure) => failure,
        Verdict::Wait(_) => judge.too_late(&seen, pending, deadline),
    };
    Err(explain(ctx, &seen, failure).await)
}

/// Adds what helps to understand it: the failed check's output, the end of the log.
async fn explain(ctx: StepContext<'_>, seen: &ObservedContainer, mut failure: Failure) -> Failure {
    if failure.kind == FailureKind::Unhealthy || failure.kind == FailureKind::Deadline {
        let output = seen.health_output.iter().flat_map(|text| text.lines());
        failure.detail.extend(output.map(str::to_owned));
    }
    if !seen.error.is_empty() {
        failure.detail.push(seen.error.clone());
    }
    failure.detail.extend(log_tail(ctx.engine.as_ref(), &seen.id, seen.config.tty).await);
    failure
}
