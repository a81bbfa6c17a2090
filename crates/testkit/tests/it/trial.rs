//! A trial: one run under one misfortune, and everything that must hold after it.
//!
//! Invariant: what is excused is said here, in one place, by kind of misfortune; then a second run,
//! without any, must converge.

use crate::scene::{End, Scene};
use std::collections::BTreeSet;
use std::time::Duration;
use windlass_model::project::Project;
use windlass_model::request::{Request, Verb};
use windlass_testkit::invariants::{self, Excuses};
use windlass_testkit::{Call, Doing, Injection, Misfortune, Moment, Snapshot};

/// Longer than any wait of a run may take, by the paused clock.
const LONGEST: Duration = Duration::from_hours(2);
/// After this nothing is carried out late any more.
const LATEST: Duration = Duration::from_mins(2);

/// What is run, and what shall hold in the end.
#[derive(Clone)]
pub(crate) struct Trial {
    pub(crate) project: Project,
    pub(crate) verb: Verb,
    /// What the second run does, and what is nothing to do after a first that succeeded.
    pub(crate) then: (Project, Verb),
    /// The plan does not succeed even if nothing goes wrong: it is taken back.
    pub(crate) fails: bool,
    /// Somebody who is alive has the lock.
    pub(crate) held: bool,
}

/// The same run without a misfortune.
pub(crate) struct Good {
    pub(crate) scene: Scene,
    pub(crate) end: End,
    pub(crate) calls: Vec<Call>,
    /// How many of them are the first look.
    pub(crate) looks: usize,
}

impl Trial {
    pub(crate) fn of(project: &Project, verb: Verb) -> Self {
        let then = (project.clone(), verb);
        Self { project: project.clone(), verb, then, fails: false, held: false }
    }

    /// Runs it on a fork of the scene, without a misfortune.
    pub(crate) async fn good(&self, scene: &Scene) -> Result<Good, String> {
        let good = scene.fork(&self.project);
        let end = good.run(&self.project, self.verb).await?;
        if end.is_success() == self.fails {
            return Err(format!("no fault: {}", end.story()));
        }
        let calls = good.engine.calls();
        let checked = async {
            self.check_after(&good, None)?;
            if !self.fails {
                good.check_converged(&self.then.0, self.then.1, &end).await?;
                good.check_settled(&self.then.0, self.verb)?;
                good.check_commands(&self.then.0)?;
            }
            Ok(())
        };
        checked.await.map_err(|fault: String| format!("no fault: {fault}"))?;
        let looks = calls.iter().position(|call| call.mutation.is_some()).unwrap_or(calls.len());
        Ok(Good { scene: good, end, calls, looks })
    }

    /// Runs it on a fork of the scene, with a misfortune at one call, and then once more.
    pub(crate) async fn with(
        &self,
        scene: &Scene,
        good: &Good,
        number: usize,
        what: &Misfortune,
    ) -> Result<(), String> {
        let call = &good.calls[number];
        let bad = good.scene.again(scene);
        // What comes before is the same in all of them.
        let (looks, at) = match number.checked_sub(good.looks) {
            Some(at) => (false, at),
            None => (true, number),
        };
        let moment = Moment::Call(u64::try_from(at).unwrap_or(u64::MAX));
        bad.engine.inject(Injection { at: moment, what: what.clone() });
        let survived = tokio::time::timeout(LONGEST, self.survive(&bad, looks, at, what));
        let survived = survived.await.unwrap_or_else(|_| Err("it does not end".to_owned()));
        survived.map_err(|fault| format!("{what:?} at call {number}, {call:?}: {fault}"))
    }

    /// `looks`: the misfortune is at the first look already.
    async fn survive(
        &self,
        bad: &Scene,
        looks: bool,
        at: usize,
        what: &Misfortune,
    ) -> Result<(), String> {
        let age = bad.engine.age();
        let end = if looks {
            bad.run(&self.project, self.verb).await?
        } else {
            bad.run_on(&self.project, self.verb).await?
        };
        // Steps that run at the same time need not make their calls in the same order.
        let calls = bad.engine.calls();
        let Some(call) = calls.get(at) else { return Ok(()) };
        if let Misfortune::Silence { late_ms: Some(_), .. } = what {
            tokio::time::sleep(LATEST).await;
        }
        let after = |fault: String| format!("{fault}\nafter {}", end.story());
        self.check_after(bad, Some(what)).map_err(after)?;
        let is_freed = self.held && matches!(what, Misfortune::Meanwhile(_));
        if end.is_success() && self.fails && !is_freed {
            return Err(after("it says that it succeeded".to_owned()));
        }
        if !end.is_success() && !self.fails && is_survived(call, what) {
            return Err(after("it failed, though nothing was lost by it".to_owned()));
        }
        if self.goes_on() && is_settled_by_a_look(what) && !end.is_success() {
            return Err(after("it gave up on what another look settles".to_owned()));
        }
        if bad.engine.age() == age && !what.takes_away() {
            return Ok(());
        }
        let (project, verb) = &self.then;
        if end.is_success() && !comes_after(what) {
            bad.check_converged(project, *verb, &end).await?;
            return bad.check_settled(project, self.verb).map(drop).map_err(after);
        }
        bad.engine.heal();
        if self.held {
            let name = windlass_model::lock::name(&self.project.name);
            bad.engine.with(|world| world.remove_behind(&name));
        }
        let repaired = async {
            bad.converge(project, *verb).await?;
            let now = bad.check_settled(project, self.verb)?;
            if !takes_a_name(what) {
                bad.check_commands(project)?;
            }
            self.check_served(bad, &now)
        };
        repaired.await.map_err(|fault| format!("second run: {fault}\nfirst run: {}", end.story()))
    }

    fn goes_on(&self) -> bool {
        Request::new(self.verb).goes_on() && !self.fails && !self.held
    }

    /// What must hold right after a run.
    fn check_after(&self, scene: &Scene, what: Option<&Misfortune>) -> Result<(), String> {
        let restarted = matches!(what, Some(Misfortune::Restart { .. }));
        let now = scene.check(&Excuses { restarted, volumes: BTreeSet::new() })?;
        // An engine that makes a lock late makes that of a run that is no more.
        if what.is_none_or(|what| !what.takes_away() && !is_late(what))
            && scene.before.locked_anew(&now, &self.project.name)
        {
            return Err("a lock is left".to_owned());
        }
        if self.held && !matches!(what, Some(Misfortune::Meanwhile(_))) {
            let is_there = invariants::locked(&now, &self.project.name).is_some();
            return if is_there { Ok(()) } else { Err("another's lock is gone".to_owned()) };
        }
        if what.is_none_or(|what| !comes_after(what)) {
            self.check_served(scene, &now)
        } else {
            Ok(())
        }
    }

    /// What served before serves, unless it shall not.
    fn check_served(&self, scene: &Scene, now: &Snapshot) -> Result<(), String> {
        if !matches!(self.verb, Verb::Up | Verb::Rollback) {
            return Ok(());
        }
        let faults = scene.before.unserved(now);
        if faults.is_empty() { Ok(()) } else { Err(faults.join("; ")) }
    }
}

/// Whether something happens to the engine beside the run, of which the run can't know.
fn comes_after(what: &Misfortune) -> bool {
    what.takes_away() || is_late(what) || matches!(what, Misfortune::Meanwhile(_))
}

/// Whether it can be mended by looking again: something is gone, or has another name. What is stopped
/// by somebody looks like what fell by itself.
fn is_settled_by_a_look(what: &Misfortune) -> bool {
    let Misfortune::Meanwhile(deed) = what else { return false };
    matches!(deed.what, Doing::RemoveContainer | Doing::RenameContainer | Doing::RemoveNetwork)
}

/// Whether somebody takes a name away that said what is due.
fn takes_a_name(what: &Misfortune) -> bool {
    matches!(what, Misfortune::Meanwhile(deed) if deed.what == Doing::RenameContainer)
}

/// Whether the engine carries the call out after the client gave it up.
fn is_late(what: &Misfortune) -> bool {
    matches!(what, Misfortune::Silence { late_ms: Some(ms), .. } if *ms > 0)
}

/// Whether a run goes on after it as if nothing had been: the call was carried out, or it only
/// looked. A command that was run is not looked up.
fn is_survived(call: &Call, what: &Misfortune) -> bool {
    match what {
        Misfortune::After(fault) => {
            fault.is_unknown() && call.mutation.is_some() && call.method != "exec"
        }
        Misfortune::Silence { late_ms: Some(0), .. } => {
            call.mutation.is_some() && call.method != "exec"
        }
        Misfortune::Deaf | Misfortune::Breaking => true,
        Misfortune::Before(_)
        | Misfortune::Silence { .. }
        | Misfortune::Crash { .. }
        | Misfortune::Restart { .. }
        | Misfortune::Stale
        | Misfortune::Meanwhile(_) => false,
    }
}
