//! Which step runs when: the plan's graph, and how many run at once on each engine.
//!
//! Invariant: a step is handed out only when every step before it is done, and every step gets
//! exactly one outcome.

use std::collections::{BTreeMap, BTreeSet};
use windlass_model::name::EngineName;
use windlass_model::plan::{Action, Plan, StepId};
use windlass_model::report::Outcome;

/// The state of every step.
pub(crate) struct Schedule {
    steps: Vec<Place>,
    lanes: Vec<Lane>,
    stopped: bool,
}

struct Place {
    lane: usize,
    /// Whether it takes one of the engine's slots while it runs.
    takes_slot: bool,
    /// How many steps before it have not ended.
    open: usize,
    dependents: Vec<StepId>,
    outcome: Option<Outcome>,
}

/// The steps of one engine.
struct Lane {
    limit: usize,
    busy: usize,
    ready: BTreeSet<StepId>,
    /// Ready, and in need of no slot.
    ready_free: BTreeSet<StepId>,
}

impl Schedule {
    /// `limit` says how many steps run at once on an engine.
    pub(crate) fn new(plan: &Plan, limit: impl Fn(&EngineName) -> usize) -> Self {
        let mut lanes: Vec<Lane> = Vec::new();
        let mut lane_of: BTreeMap<&EngineName, usize> = BTreeMap::new();
        let mut steps = Vec::with_capacity(plan.steps.len());
        for step in &plan.steps {
            let engine = &step.address.engine;
            let lane = *lane_of.entry(engine).or_insert_with(|| {
                lanes.push(Lane {
                    limit: limit(engine).max(1),
                    busy: 0,
                    ready: BTreeSet::new(),
                    ready_free: BTreeSet::new(),
                });
                lanes.len() - 1
            });
            let takes_slot =
                !matches!(step.action, Action::WaitContainer { .. } | Action::Delay { .. });
            steps.push(Place { lane, takes_slot, open: 0, dependents: Vec::new(), outcome: None });
        }
        let mut schedule = Self { steps, lanes, stopped: false };
        for (id, step) in plan.iter() {
            let after: BTreeSet<StepId> = step.after.iter().copied().collect();
            schedule.steps[id.index()].open = after.len();
            for before in after {
                assert!(before < id, "invariant: a plan is in topological order");
                schedule.steps[before.index()].dependents.push(id);
            }
        }
        for (id, _) in plan.iter() {
            schedule.enqueue_if_ready(id);
        }
        schedule
    }

    /// The next step to start, if one may start now. It is then running.
    pub(crate) fn next(&mut self) -> Option<StepId> {
        if self.stopped {
            return None;
        }
        self.lanes.iter_mut().find_map(|lane| {
            if let Some(id) = lane.ready_free.pop_first() {
                return Some(id);
            }
            if lane.busy == lane.limit {
                return None;
            }
            let id = lane.ready.pop_first()?;
            lane.busy += 1;
            Some(id)
        })
    }

    /// A running step ended. Returns the steps that this skips, in order.
    pub(crate) fn finish(&mut self, id: StepId, outcome: Outcome) -> Vec<StepId> {
        let place = &mut self.steps[id.index()];
        assert!(place.outcome.is_none(), "invariant: a step ends once");
        if place.takes_slot {
            self.lanes[place.lane].busy -= 1;
        }
        let done = outcome.is_done();
        let root = match &outcome {
            Outcome::Skipped { because } => *because,
            Outcome::Done | Outcome::Failed(_) | Outcome::Cancelled => id,
        };
        let cancelled = outcome == Outcome::Cancelled;
        place.outcome = Some(outcome);
        if done {
            for dependent in self.steps[id.index()].dependents.clone() {
                self.steps[dependent.index()].open -= 1;
                self.enqueue_if_ready(dependent);
            }
            return Vec::new();
        }
        if cancelled { Vec::new() } else { self.skip_dependents(id, root) }
    }

    fn skip_dependents(&mut self, id: StepId, root: StepId) -> Vec<StepId> {
        let mut skipped = BTreeSet::new();
        let mut next = self.steps[id.index()].dependents.clone();
        while let Some(id) = next.pop() {
            let place = &mut self.steps[id.index()];
            if place.outcome.is_none() {
                place.outcome = Some(Outcome::Skipped { because: root });
                skipped.insert(id);
                next.extend(place.dependents.clone());
            }
        }
        skipped.into_iter().collect()
    }

    /// Nothing more is started. Returns the steps that are cancelled by this: those that were not
    /// handed out. `running` are those that were.
    pub(crate) fn stop(&mut self, running: &BTreeSet<StepId>) -> Vec<StepId> {
        self.stopped = true;
        let mut cancelled = Vec::new();
        for (id, place) in (0..).map(StepId).zip(&mut self.steps) {
            if place.outcome.is_none() && !running.contains(&id) {
                place.outcome = Some(Outcome::Cancelled);
                cancelled.push(id);
            }
        }
        cancelled
    }

    pub(crate) fn outcome(&self, id: StepId) -> Option<&Outcome> {
        self.steps[id.index()].outcome.as_ref()
    }

    /// The outcomes by step, when all have ended.
    pub(crate) fn into_outcomes(self) -> Vec<Outcome> {
        self.steps
            .into_iter()
            .map(|place| place.outcome.expect("invariant: a run ends when every step has"))
            .collect()
    }

    fn enqueue_if_ready(&mut self, id: StepId) {
        let place = &self.steps[id.index()];
        if place.open > 0 || place.outcome.is_some() {
            return;
        }
        let lane = &mut self.lanes[place.lane];
        if place.takes_slot {
            lane.ready.insert(id);
        } else {
            lane.ready_free.insert(id);
        }
    }
}

#[cfg(test)]
mod tests;
