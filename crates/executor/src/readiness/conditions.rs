//! The conditions of `wait`: what no event tells.
//!
//! Invariant: a container that ends is noticed at once, whatever is being waited for.

use super::judge::{Judge, Verdict};
use super::{explain, look, next, probe, ready};
use crate::failure;
use crate::lines::Lines;
use crate::moment;
use crate::step::{Result, StepContext};
use crate::watch::Signal;
use futures_util::StreamExt as _;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use windlass_engine::stream::LogRequest;
use windlass_model::name::ContainerId;
use windlass_model::observed::ObservedContainer;
use windlass_model::wait::{WaitCondition, WaitSpec};

/// Waits until each condition has held.
pub(super) async fn hold(
    ctx: StepContext<'_>,
    id: &ContainerId,
    spec: &WaitSpec,
    judge: &mut Judge<'_>,
) -> Result<()> {
    ready(ctx, id, judge).await?;
    let seen = look(ctx, id).await?;
    let interval = Duration::from_millis(spec.interval_ms.max(10));
    for condition in &spec.conditions {
        let what = describe(condition);
        ctx.say_waiting(what.clone());
        judge.pending = Some(what);
        tokio::select! {
            result = until_holds(ctx, &seen, condition, interval) => result?,
            result = until_ended(ctx, id, judge) => return result,
        }
    }
    Ok(())
}

async fn until_holds(
    ctx: StepContext<'_>,
    seen: &ObservedContainer,
    condition: &WaitCondition,
    interval: Duration,
) -> Result<()> {
    if let WaitCondition::Log(text) = condition {
        return until_logged(ctx, seen, text, interval).await;
    }
    while !probe::holds(ctx, &seen.id, condition).await? {
        sleep(interval).await;
    }
    Ok(())
}

/// Follows the log of this run until a line holds the text.
async fn until_logged(
    ctx: StepContext<'_>,
    seen: &ObservedContainer,
    text: &str,
    interval: Duration,
) -> Result<()> {
    let request = LogRequest {
        follow: true,
        since: moment::parse(&seen.started_at).map(moment::text),
        tty: seen.config.tty,
        ..LogRequest::default()
    };
    loop {
        let stream = ctx.engine.logs(&seen.id, &request).await;
        let mut stream = stream.map_err(failure::from_engine)?;
        let mut lines = Lines::default();
        while let Some(Ok(chunk)) = stream.next().await {
            if lines.push(&chunk.bytes).iter().any(|line| line.contains(text)) {
                return Ok(());
            }
        }
        if lines.finish().is_some_and(|line| line.contains(text)) {
            return Ok(());
        }
        // The log ends with the container or with the connection: the other side finds out.
        sleep(interval).await;
    }
}

/// Ends when the container does.
async fn until_ended(ctx: StepContext<'_>, id: &ContainerId, judge: &mut Judge<'_>) -> Result<()> {
    let mut signals = ctx.run.watches.hear(&ctx.step.address.engine).await;
    loop {
        match next(&mut signals).await {
            Some(Signal::Event(event)) if event.container().as_ref() != Some(id) => continue,
            Some(Signal::Event(_) | Signal::Lost) => {}
            None => std::future::pending().await,
        }
        let seen = look(ctx, id).await?;
        if let Verdict::Bad(failure) = judge.see(&seen, Instant::now()) {
            return Err(explain(ctx, &seen, failure).await);
        }
    }
}

fn describe(condition: &WaitCondition) -> String {
    match condition {
        WaitCondition::FileExists(path) => format!("a file {path} in it"),
        WaitCondition::FileValue { path, value } => format!("{value:?} in its file {path}"),
        WaitCondition::PortOpen(port) => format!("its port {port} to open"),
        WaitCondition::Http { port, path } => format!("an answer to GET {path} on port {port}"),
        WaitCondition::Command(argv) => format!("{:?} to succeed in it", argv.join(" ")),
        WaitCondition::Log(text) => format!("{text:?} in its log"),
    }
}
