//! The run: hands steps out, hears what they say, and ends.
//!
//! Invariant: a step's last event is its end; when a run returns, nothing of it goes on here.

use crate::context::ExecutionContext;
use crate::created::Created;
use crate::endings::Endings;
use crate::failure;
use crate::interrupt::{Interrupts, Urgency};
use crate::rescue::{self, Rescues};
use crate::schedule::Schedule;
use crate::step;
use crate::watch::Watches;
use futures_util::StreamExt as _;
use futures_util::future::{AbortHandle, Abortable, BoxFuture};
use futures_util::stream::FuturesUnordered;
use std::collections::BTreeMap;
use tokio::sync::mpsc;
use tokio::time::Instant;
use windlass_engine::Engines;
use windlass_model::event::Event;
use windlass_model::fault::Fault;
use windlass_model::plan::{Action, Plan, StepId};
use windlass_model::report::{Outcome, Report, Rescued};
use windlass_model::rescue::Rescue;

/// What every step of a run sees.
pub(crate) struct Run<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) engines: &'a Engines,
    pub(crate) context: &'a ExecutionContext,
    pub(crate) created: Created,
    pub(crate) watches: Watches,
    pub(crate) endings: Endings,
    pub(crate) says: mpsc::UnboundedSender<Event>,
}

/// Carries out a plan.
///
/// Steps run as parallel as the plan's graph and the engines' limits allow. A step that fails skips
/// exactly the steps that need it. Every event goes through `sink`, in order; the report has an
/// outcome for every step.
///
/// A replacement that does not come to its end is taken back: what served before serves again.
///
/// The first interrupt starts nothing more, ends waits, builds and pulls, lets the other running steps end, and takes
/// back what is half replaced; the second abandons everything: the engine may still carry it out.
///
/// # Panics
///
/// If the plan is not in topological order, which `planner` guarantees.
pub async fn execute(
    plan: &Plan,
    engines: &Engines,
    context: &ExecutionContext,
    sink: &mut (dyn FnMut(Event) + Send),
    interrupts: Interrupts,
) -> Report {
    let (says, hears) = mpsc::unbounded_channel();
    let run = Run {
        plan,
        engines,
        context,
        created: Created::new(plan.steps.len()),
        watches: Watches::open(plan, engines, &context.project),
        endings: Endings::default(),
        says,
    };
    let mut course = Course {
        plan,
        schedule: Schedule::new(plan, |engine| context.parallel(engine)),
        rescues: Rescues::new(plan),
        rescued: Vec::new(),
        sink,
        hears,
        begun: Instant::now(),
        running: BTreeMap::new(),
    };
    (course.sink)(Event::Started { steps: plan.steps.len() });
    let interrupted = course.go(&run, interrupts).await;
    run.endings.finish().await;
    course.end(interrupted)
}

/// Where a run has got to.
struct Course<'s> {
    plan: &'s Plan,
    schedule: Schedule,
    rescues: Rescues<'s>,
    rescued: Vec<Rescued>,
    sink: &'s mut (dyn FnMut(Event) + Send),
    hears: mpsc::UnboundedReceiver<Event>,
    begun: Instant,
    /// Steps under way, with what ends them from outside.
    running: BTreeMap<StepId, AbortHandle>,
}

/// What is under way.
type Work<'a> = FuturesUnordered<BoxFuture<'a, Ended>>;

/// What ended.
enum Ended {
    /// `None`: it was ended from outside.
    Step(StepId, Option<Outcome>),
    Rescue(Rescued),
}

impl<'s> Course<'s> {
    /// Runs until nothing is left to run. Returns whether it was interrupted.
    async fn go(&mut self, run: &Run<'s>, mut interrupts: Interrupts) -> bool {
        let mut work: Work<'_> = FuturesUnordered::new();
        let mut urgency = Urgency::None;
        loop {
            while let Some(id) = self.schedule.next() {
                work.push(self.start(run, id));
            }
            while let Some(rescue) = self.rescues.next() {
                work.push(self.take_back(run, rescue));
            }
            if work.is_empty() {
                return urgency > Urgency::None;
            }
            tokio::select! {
                biased;
                now = interrupts.beyond(urgency) => {
                    if urgency == Urgency::None {
                        self.stop_gently();
                    }
                    urgency = now;
                    if urgency == Urgency::Now {
                        self.abandon();
                        return true;
                    }
                }
                Some(event) = self.hears.recv() => (self.sink)(event),
                Some(ended) = work.next() => {
                    self.pass_on();
                    match ended {
                        Ended::Step(id, outcome) => {
                            self.finish(id, outcome.unwrap_or(Outcome::Cancelled));
                        }
                        Ended::Rescue(rescued) => self.finish_rescue(rescued),
                    }
                }
            }
        }
    }

    fn start<'a>(&mut self, run: &'a Run<'_>, id: StepId) -> BoxFuture<'a, Ended> {
        let (handle, registration) = AbortHandle::new_pair();
        self.running.insert(id, handle);
        let at_ms = self.now_ms();
        (self.sink)(Event::StepStarted { step: id, at_ms });
        let work = Abortable::new(step::perform(run, id), registration);
        Box::pin(async move {
            let outcome = match work.await {
                Ok(Ok(())) => Some(Outcome::Done),
                Ok(Err(failure)) => Some(Outcome::Failed(failure)),
                Err(_) => None,
            };
            Ended::Step(id, outcome)
        })
    }

    fn take_back<'a>(&mut self, run: &'a Run<'s>, rescue: &'a Rescue) -> BoxFuture<'a, Ended> {
        let (address, at_ms) = (rescue.address.clone(), self.now_ms());
        (self.sink)(Event::RescueStarted { address: address.clone(), at_ms });
        Box::pin(async move {
            let failure = rescue::take(run, rescue).await.err();
            let failure = failure.map(|failure| failure::masked(&run.context.mask, failure));
            Ended::Rescue(Rescued { address, failure })
        })
    }

    fn finish_rescue(&mut self, rescued: Rescued) {
        let at_ms = self.now_ms();
        (self.sink)(Event::RescueFinished { rescued: rescued.clone(), at_ms });
        self.rescued.push(rescued);
    }

    /// Tells what steps have said so far.
    fn pass_on(&mut self) {
        while let Ok(event) = self.hears.try_recv() {
            (self.sink)(event);
        }
    }

    fn finish(&mut self, id: StepId, outcome: Outcome) {
        self.running.remove(&id);
        self.tell_end(id, outcome.clone());
        for skipped in self.schedule.finish(id, outcome) {
            self.tell_outcome(skipped);
        }
    }

    fn stop_gently(&mut self) {
        (self.sink)(Event::Interrupted);
        let running = self.running.keys().copied().collect();
        for cancelled in self.schedule.stop(&running) {
            self.tell_outcome(cancelled);
        }
        for (id, handle) in &self.running {
            if may_be_cut_off(&self.plan.step(*id).action) {
                handle.abort();
            }
        }
    }

    fn abandon(&mut self) {
        self.pass_on();
        for id in self.running.keys().copied().collect::<Vec<_>>() {
            let outcome = if may_be_cut_off(&self.plan.step(id).action) {
                Outcome::Cancelled
            } else {
                let message = "abandoned; the engine may still carry it out";
                Outcome::Failed(failure::engine(Fault::ReplyLost, message))
            };
            self.finish(id, outcome);
        }
    }

    fn tell_outcome(&mut self, id: StepId) {
        let outcome = self.schedule.outcome(id).cloned();
        self.tell_end(id, outcome.expect("invariant: it just ended"));
    }

    fn tell_end(&mut self, id: StepId, outcome: Outcome) {
        self.rescues.ended(id, &outcome);
        let at_ms = self.now_ms();
        (self.sink)(Event::StepFinished { step: id, outcome, at_ms });
    }

    fn end(self, interrupted: bool) -> Report {
        let elapsed_ms = self.now_ms();
        (self.sink)(Event::Finished { at_ms: elapsed_ms });
        let (outcomes, rescues) = (self.schedule.into_outcomes(), self.rescued);
        Report { outcomes, rescues, interrupted, elapsed_ms }
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// Whether it may be ended at any moment. What only waits changes nothing; images are there when they
/// are whole and not before, and an engine gives up what nobody waits for any more.
fn may_be_cut_off(action: &Action) -> bool {
    matches!(
        action,
        Action::WaitContainer { .. }
            | Action::Delay { .. }
            | Action::PullImage { .. }
            | Action::PushImage { .. }
            | Action::BuildImage(_)
            | Action::ImportImage(_)
    )
}
