//! The lock of the project: taken before anything is changed, waited for if that is wanted.
//!
//! Invariant: what was taken is freed on every way out that leaves the program the time.

use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::Instant;
use windlass::model::EngineName;
use windlass::model::lock::HeldLock;
use windlass::model::observed::Observed;
use windlass::model::plan::Plan;
use windlass::{Lock, LockError};

use crate::invocation::Invocation;
use crate::process;
use crate::render::escape;
use crate::render::style::Role;
use crate::session::Session;
use crate::trouble::{Result, Trouble};
use crate::words;

/// Between two attempts while somebody else holds it.
const PAUSE: Duration = Duration::from_millis(250);

/// Takes the project's lock on every engine that a plan changes, within so many seconds.
pub(crate) async fn take(
    invocation: &Invocation,
    session: &Session,
    plan: &Plan,
    within_s: u32,
) -> Result<Lock> {
    let on = plan.steps.iter().map(|step| &step.address.engine).collect();
    take_on(invocation, session, &on, within_s).await
}

/// The same on these engines.
pub(crate) async fn take_on(
    invocation: &Invocation,
    session: &Session,
    on: &BTreeSet<&EngineName>,
    within_s: u32,
) -> Result<Lock> {
    let holder = process::holder(&invocation.environment, invocation.command);
    let end = Instant::now() + Duration::from_secs(within_s.into());
    let mut told = false;
    loop {
        let project = &session.project.name;
        match windlass::lock(&session.engines, on, project, &holder, &process::is_dead).await {
            Ok(lock) => return Ok(lock),
            Err(LockError::Engine { source, .. }) => {
                return Err(Trouble::engine("lock the project", source));
            }
            Err(LockError::Held(held)) if Instant::now() >= end => {
                return Err(trouble(session, &held));
            }
            Err(LockError::Held(held)) => {
                if !told {
                    invocation.console.say(&format!("waiting for {} to end\n", who(&held)));
                    told = true;
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Frees what a run left that was killed when all was done.
pub(crate) async fn free_dead(session: &Session, observed: &Observed) {
    let project = &session.project.name;
    windlass::free_dead(&session.engines, project, observed, &process::is_dead).await;
}

/// Says who changes the project while it is looked at.
pub(crate) fn tell(invocation: &Invocation, session: &Session, observed: &Observed) {
    for held in windlass::seen_locks(&session.project.name, observed) {
        if held.holder.as_ref().is_some_and(|holder| !process::is_dead(holder)) {
            let label = invocation.console.stderr.paint(Role::Strong, "note:");
            let who = who(&held);
            let text = "another run is changing the project, and what is shown with it";
            invocation.console.say(&format!("{label} {text}: {who}\n"));
        }
    }
}

fn trouble(session: &Session, held: &HeldLock) -> Trouble {
    let project = &session.project.name;
    if held.holder.is_none() {
        let name = windlass::model::lock::name(project);
        return Trouble::Failed {
            message: format!("a container called {name} is in the way of the project's lock"),
            hint: Some("windlass did not make it; rename or remove it".to_owned()),
        };
    }
    Trouble::Held {
        message: format!("another run is changing project {project}: {}", who(held)),
        hint: format!(
            "wait for it with `--lock-timeout 60`; if it is no more, free the project with \
             `windlass unlock {}`",
            held.container.short()
        ),
    }
}

/// `windlass up` of ann on build7 (process 4711), since 2026-11-21 14:03:22 UTC.
pub(crate) fn who(held: &HeldLock) -> String {
    let Some(holder) = &held.holder else { return "something else".to_owned() };
    let engine = if held.engine.is_default() {
        String::new()
    } else {
        format!(" on the engine {}", held.engine)
    };
    let text = format!(
        "`{}` of {} at {} (process {}), since {}{engine}",
        holder.command,
        holder.user,
        holder.host,
        holder.process,
        words::utc(holder.since_s),
    );
    escape::line(&text).into_owned()
}
