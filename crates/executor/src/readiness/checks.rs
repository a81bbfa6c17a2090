//! Health checks that nobody runs: podman leaves them to systemd, which is not everywhere.
//!
//! Invariant: a check is run here only when none was for a whole interval, and never on Docker.

use super::judge::Judge;
use crate::step::StepContext;
use std::time::Duration;
use tokio::time::Instant;
use windlass_model::name::ContainerId;
use windlass_model::observed::ObservedContainer;

/// What engines take where a check has no interval.
const USUAL: Duration = Duration::from_secs(30);

/// When to run the next check of a container that is waited for.
pub(super) struct Checks {
    wanted: bool,
    /// The run of the container and its last check, as they were seen.
    last: Option<(String, Option<String>)>,
    due: Option<Instant>,
}

impl Checks {
    pub(super) async fn of(ctx: StepContext<'_>, judge: &Judge<'_>) -> Self {
        // What it says was asked for already; one that does not answer is found out by the look.
        let wanted =
            judge.wants_health() && ctx.engine.info().await.is_ok_and(|engine| engine.is_podman);
        Self { wanted, last: None, due: None }
    }

    /// A check that somebody ran puts the next one off.
    pub(super) fn see(&mut self, seen: &ObservedContainer) {
        let check = seen.config.healthcheck.as_ref().filter(|_| self.wanted);
        let Some(check) = check else { return };
        let last = Some((seen.started_at.clone(), seen.health_checked_at.clone()));
        if self.last != last {
            let interval = match check.interval_ns {
                0 => USUAL,
                interval_ns => Duration::from_nanos(interval_ns),
            };
            self.last = last;
            self.due = Some(Instant::now() + interval);
        }
    }

    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    pub(super) async fn run(&mut self, ctx: StepContext<'_>, id: &ContainerId) {
        // How it went is seen by the look that follows, as is a container that is gone.
        drop(ctx.engine.check_health(id).await);
        self.last = None;
    }
}
