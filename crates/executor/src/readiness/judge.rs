//! What the state of a container means for a wait.
//!
//! Invariant: pure: it is told what was seen and when, and asks nobody.

use super::conditions::Pending;
use crate::failure;
use crate::moment;
use std::time::Duration;
use tokio::time::Instant;
use windlass_engine::stream::EngineEvent;
use windlass_model::limits::RestartPolicy;
use windlass_model::observed::{Health, ObservedContainer, State};
use windlass_model::plan::Until;
use windlass_model::report::{Failure, FailureKind};

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Ready,
    Bad(Failure),
    /// Not decided; ready at this moment if nothing happens until then.
    Wait(Option<Instant>),
}

/// What a wait remembers between two looks.
pub(crate) struct Judge<'a> {
    until: &'a Until,
    /// The run of the container that is counted as stable, and since when.
    stable: Option<(String, u64, Instant)>,
    /// The start that was seen last, by the engine's clock.
    started_ns: Option<i64>,
    /// Whether it was seen running last.
    runs: bool,
}

impl<'a> Judge<'a> {
    pub(crate) fn new(until: &'a Until) -> Self {
        Self { until, stable: None, started_ns: None, runs: false }
    }

    pub(crate) fn see(&mut self, seen: &ObservedContainer, now: Instant) -> Verdict {
        self.started_ns = moment::parse(&seen.started_at);
        self.runs = seen.state == State::Running;
        match seen.state {
            State::Removing => Verdict::Bad(failure::stale("it is being removed")),
            State::Exited | State::Dead => self.ended(seen),
            State::Created if !seen.error.is_empty() => {
                Verdict::Bad(failure::of(exited(seen), "it could not be started"))
            }
            State::Created | State::Paused | State::Restarting | State::Other => {
                Verdict::Wait(None)
            }
            State::Running => self.running(seen, now),
        }
    }

    fn ended(&self, seen: &ObservedContainer) -> Verdict {
        if *self.until == Until::Completed && seen.exit_code == 0 && !seen.oom_killed {
            return Verdict::Ready;
        }
        if matches!(self.until, Until::Running { .. }) && is_done_job(seen) {
            return Verdict::Ready;
        }
        // Between two runs of a restart policy it can be seen as ended for a moment.
        let comes_back = match seen.config.restart {
            RestartPolicy::Always | RestartPolicy::UnlessStopped => seen.restart_count > 0,
            RestartPolicy::No | RestartPolicy::OnFailure(_) => false,
        };
        if comes_back && *self.until != Until::Completed {
            return Verdict::Wait(None);
        }
        let when = match self.until {
            Until::Conditions(_) => " before it became ready",
            Until::Running { .. } | Until::Healthy | Until::Completed => "",
        };
        Verdict::Bad(failure::of(exited(seen), words(seen, when)))
    }

    fn running(&mut self, seen: &ObservedContainer, now: Instant) -> Verdict {
        match (self.until, seen.health) {
            (Until::Running { stable_ms }, _) => {
                let run = (seen.started_at.clone(), seen.restart_count);
                let since = match &self.stable {
                    Some((start, count, since)) if *start == run.0 && *count == run.1 => *since,
                    Some(_) | None => now,
                };
                self.stable = Some((run.0, run.1, since));
                let ready = since + Duration::from_millis(*stable_ms);
                if ready <= now { Verdict::Ready } else { Verdict::Wait(Some(ready)) }
            }
            (Until::Healthy, Some(Health::Healthy)) | (Until::Conditions(_), _) => Verdict::Ready,
            (Until::Healthy, Some(Health::Unhealthy)) => {
                Verdict::Bad(failure::of(FailureKind::Unhealthy, "its health check failed"))
            }
            (Until::Healthy, Some(Health::Starting)) | (Until::Completed, _) => Verdict::Wait(None),
            (Until::Healthy, None) => Verdict::Bad(failure::of(
                FailureKind::Unhealthy,
                "it has no health check to wait for",
            )),
        }
    }

    /// Whether the outcome of health checks is what is waited for.
    pub(crate) fn wants_health(&self) -> bool {
        *self.until == Until::Healthy
    }

    /// Whether an event alone makes it ready: one of the run that was seen, not of an earlier one.
    pub(crate) fn is_good_news(&self, event: &EngineEvent) -> bool {
        *self.until == Until::Healthy
            && event.action == "health_status: healthy"
            && self.started_ns.is_some_and(|started| event.time_ns > started)
    }

    /// Whether an event is a reason to look.
    pub(crate) fn is_news(&self, action: &str) -> bool {
        const NEWS: [&str; 5] = ["die", "destroy", "pause", "unpause", "oom"];
        // Of one that was seen running the start is known, and another follows its end only.
        let begins = action == "start" && !self.runs;
        // Podman does not say which.
        begins || NEWS.contains(&action) || action.starts_with("health_status")
    }

    /// `pending`: the condition that did not hold, where it runs already.
    pub(crate) fn too_late(
        &self,
        seen: &ObservedContainer,
        pending: Option<&Pending>,
        deadline: Duration,
    ) -> Failure {
        let seconds = deadline.as_secs_f64();
        if seen.restart_count > 0 && seen.state != State::Running {
            let message = format!("it keeps restarting; {}", words(seen, ""));
            return failure::of(exited(seen), message);
        }
        let state = seen.state.as_str();
        let message = match pending {
            Some(pending) => format!("waited {seconds} s in vain for {pending}; it is {state}"),
            None => format!("not {} within {seconds} s; it is {state}", self.until),
        };
        failure::of(FailureKind::Deadline, message)
    }
}

/// Whether a container has done what it was for: it ended well, and nothing says that it serves.
fn is_done_job(seen: &ObservedContainer) -> bool {
    let ends = matches!(seen.config.restart, RestartPolicy::No | RestartPolicy::OnFailure(_));
    let serves = !seen.config.published.is_empty() || !seen.config.exposed.is_empty();
    ends && !serves && seen.exit_code == 0 && !seen.oom_killed
}

fn exited(seen: &ObservedContainer) -> FailureKind {
    FailureKind::Exited { code: seen.exit_code }
}

fn words(seen: &ObservedContainer, when: &str) -> String {
    let why = if seen.oom_killed { ": it was out of memory" } else { "" };
    format!("it ended with exit code {}{when}{why}", seen.exit_code)
}
