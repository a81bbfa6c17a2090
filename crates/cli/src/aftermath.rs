//! Aftermath: what fell right after it was started.
//!
//! Invariant: one list per engine; what a failed step tells of already is not told again.

use futures_util::StreamExt as _;
use std::collections::BTreeSet;
use std::time::Duration;
use windlass::engine::Engine;
use windlass::engine::stream::LogRequest;
use windlass::model::Address;
use windlass::model::mask::mask;
use windlass::model::observed::{ContainerSummary, State};
use windlass::model::plan::{Action, Plan};
use windlass::model::report::{Outcome, Report};
use windlass::model::secret::SecretValues;

use crate::render::escape;
use crate::session::Session;
use crate::trouble::Result;

/// How long an engine may say of a container that it runs when its program has ended.
const MOMENT: Duration = Duration::from_millis(150);

/// The last lines of a log that are shown.
const LINES: u64 = 10;

/// A container that was started and does not run any more.
pub(crate) struct Fallen {
    pub(crate) address: Address,
    /// In the engine's words: `Exited (3) 1 second ago`.
    pub(crate) status: String,
    /// The end of its log.
    pub(crate) log: Vec<String>,
}

impl Fallen {
    /// A sentence, and the end of the log.
    pub(crate) fn text(&self) -> String {
        let status = escape::line(&self.status);
        let mut text = format!("{} was started and did not stay up: {status}", self.address);
        for line in &self.log {
            text.push_str("\n  | ");
            text.push_str(&escape::line(line));
        }
        text
    }
}

/// Containers that were started and do not run any more. One that ended with exit code 0 has done
/// what it was for. `runs` are the plans of one command in their order, with how they went.
pub(crate) async fn fallen(
    session: &Session,
    secrets: &SecretValues,
    runs: &[(&Plan, &Report)],
    no_wait: bool,
) -> Result<Vec<Fallen>> {
    let started = started(runs);
    let mut fallen = Vec::new();
    if started.is_empty() {
        return Ok(fallen);
    }
    let mask = mask(&session.project, secrets);
    // An engine takes a moment to see that a program has ended.
    if !no_wait && started.iter().any(|address| !was_waited_for(runs, address)) {
        tokio::time::sleep(MOMENT).await;
    }
    for (engine, summary) in session.list().await? {
        let address = summary.owner.as_ref().and_then(|owner| owner.address.as_ref());
        let Some(address) = address.filter(|address| started.contains(address)) else { continue };
        let spec = session.project.containers.get(address);
        let is_current = spec.is_some_and(|spec| spec.name == summary.name);
        if is_current && fell(&summary) {
            let mut log = log(engine.as_ref(), &summary).await;
            for line in &mut log {
                mask.apply(line);
            }
            fallen.push(Fallen { address: address.clone(), status: summary.status.clone(), log });
        }
    }
    Ok(fallen)
}

/// Whether something was waited for after its start, which would have failed.
fn was_waited_for(runs: &[(&Plan, &Report)], address: &Address) -> bool {
    let mut steps = runs.iter().flat_map(|(plan, _)| &plan.steps);
    steps
        .any(|step| step.address == *address && matches!(step.action, Action::WaitContainer { .. }))
}

/// What was started and is no failure's address.
fn started<'a>(runs: &[(&'a Plan, &Report)]) -> BTreeSet<&'a Address> {
    let mut started = BTreeSet::new();
    for (plan, report) in runs {
        for (step, outcome) in plan.steps.iter().zip(&report.outcomes) {
            if matches!(step.action, Action::StartContainer(_)) && *outcome == Outcome::Done {
                started.insert(&step.address);
            }
        }
    }
    // What failed in an earlier run was done again.
    if let Some((plan, report)) = runs.last() {
        for (id, _) in report.failures() {
            started.remove(&plan.step(id).address);
        }
    }
    started
}

/// `Exited (0) …` is a job that is done.
fn fell(summary: &ContainerSummary) -> bool {
    match summary.state {
        State::Exited | State::Dead => !summary.status.starts_with("Exited (0)"),
        State::Restarting => true,
        State::Created | State::Running | State::Paused | State::Removing | State::Other => false,
    }
}

async fn log(engine: &dyn Engine, summary: &ContainerSummary) -> Vec<String> {
    let request = LogRequest { tail: Some(LINES), ..LogRequest::default() };
    let Ok(mut stream) = engine.logs(&summary.id, &request).await else { return Vec::new() };
    let mut bytes = Vec::new();
    while let Some(Ok(chunk)) = stream.next().await {
        bytes.extend_from_slice(&chunk.bytes);
    }
    String::from_utf8_lossy(&bytes).lines().map(str::to_owned).collect()
}
