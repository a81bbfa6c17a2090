//! The conditions of `wait`: what no event tells.
//!
//! Invariant: a container that ends is noticed at once, whatever is being waited for; nothing that is
//! refused in one that ended is taken for anything else.

use super::judge::{Judge, Verdict};
use super::{SILENCE, explain, look, next, probe, ready};
use crate::failure;
use crate::lines::Lines;
use crate::moment;
use crate::step::{Result, StepContext};
use crate::watch::Signal;
use futures_util::StreamExt as _;
use std::fmt;
use std::time::Duration;
use tokio::sync::broadcast::Receiver;
use tokio::time::{Instant, sleep};
use windlass_engine::stream::LogRequest;
use windlass_model::name::ContainerId;
use windlass_model::observed::{ObservedContainer, State};
use windlass_model::plan::Until;
use windlass_model::wait::{WaitCondition, WaitSpec};

/// A condition that does not hold yet.
pub(crate) struct Pending {
    what: String,
    /// What the last attempt came to, where that says more.
    tried: Option<String>,
}

impl fmt::Display for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        self.tried.iter().try_for_each(|tried| write!(f, ": {tried}"))
    }
}

impl Pending {
    /// What is waited for from the beginning: a deadline that passes before the first look at it
    /// must not take a container that merely runs for one that is ready.
    pub(super) fn first(until: &Until) -> Option<Self> {
        let Until::Conditions(spec) = until else { return None };
        spec.conditions.first().map(|condition| Self { what: describe(condition), tried: None })
    }
}

/// Waits until each condition has held; `pending` is the one that is waited for.
pub(super) async fn hold(
    ctx: StepContext<'_>,
    id: &ContainerId,
    spec: &WaitSpec,
    judge: &mut Judge<'_>,
    pending: &mut Option<Pending>,
) -> Result<()> {
    ready(ctx, id, judge).await?;
    let interval = Duration::from_millis(spec.interval_ms.max(10));
    for condition in &spec.conditions {
        let what = describe(condition);
        ctx.say_waiting(what.clone());
        let pending = pending.insert(Pending { what, tried: None });
        one(ctx, id, condition, interval, judge, &mut pending.tried).await?;
    }
    Ok(())
}

/// Waits until one condition has held. That it can't be looked at is believed when a container that
/// runs on says so twice: what runs in a container is refused, or ends, a little before its engine
/// says that it ended.
async fn one(
    ctx: StepContext<'_>,
    id: &ContainerId,
    condition: &WaitCondition,
    interval: Duration,
    judge: &mut Judge<'_>,
    tried: &mut Option<String>,
) -> Result<()> {
    let mut signals = ctx.run.watches.hear(&ctx.step.address.engine).await;
    let mut refused: Option<ObservedContainer> = None;
    loop {
        let seen = look(ctx, id).await?;
        if let Verdict::Bad(failure) = judge.see(&seen, Instant::now()) {
            return Err(explain(ctx, &seen, failure).await);
        }
        let result = tokio::select! {
            result = until_holds(ctx, &seen, condition, interval, tried) => result,
            result = until_ended(ctx, id, judge, &mut signals) => return result,
        };
        let Err(failure) = result else { return Ok(()) };
        let is_same_run = |before: &ObservedContainer| before.started_at == seen.started_at;
        if seen.state == State::Running && refused.as_ref().is_some_and(is_same_run) {
            return Err(explain(ctx, &seen, failure).await);
        }
        refused = (seen.state == State::Running).then_some(seen);
        sleep(SILENCE).await;
    }
}

async fn until_holds(
    ctx: StepContext<'_>,
    seen: &ObservedContainer,
    condition: &WaitCondition,
    interval: Duration,
    tried: &mut Option<String>,
) -> Result<()> {
    if let WaitCondition::Log(text) = condition {
        return until_logged(ctx, seen, text, interval).await;
    }
    // Until a look says otherwise; a command says more of itself.
    if !matches!(condition, WaitCondition::Command(_)) {
        *tried = Some("the engine had not said by then".to_owned());
    }
    while !probe::holds(ctx, &seen.id, condition, tried).await? {
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
async fn until_ended(
    ctx: StepContext<'_>,
    id: &ContainerId,
    judge: &mut Judge<'_>,
    signals: &mut Option<Receiver<Signal>>,
) -> Result<()> {
    loop {
        match next(signals).await {
            Some(Signal::Event(event)) if event.container().as_ref() != Some(id) => continue,
            // Each command that runs in it is told of, too.
            Some(Signal::Event(event)) if !judge.is_news(&event.action) => continue,
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
