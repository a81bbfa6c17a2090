//! Tables of plans and of the order in which their steps are handed out.
//!
//! Invariant: no clock and no engine: only the schedule is asked.

use super::*;
use windlass_model::Address;
use windlass_model::plan::{Cause, ContainerRef, Step};
use windlass_model::report::{Failure, FailureKind};

/// A plan of delays (`d`), which take no slot, and starts (`s`), which take one, each after the
/// steps that are named; `@x` puts it on another engine.
fn plan(steps: &[(&str, &[u32])]) -> Plan {
    let steps = steps
        .iter()
        .map(|(kind, after)| {
            let engine = kind
                .split_once('@')
                .map_or_else(EngineName::default, |(_, engine)| EngineName::new(engine));
            let action = if kind.starts_with('d') {
                Action::Delay { ms: 0 }
            } else {
                Action::StartContainer(ContainerRef::Planned(StepId(0)))
            };
            Step {
                address: Address::container(&engine, "x"),
                action,
                cause: Cause::Absent,
                hazard: None,
                after: after.iter().copied().map(StepId).collect(),
                group: None,
            }
        })
        .collect();
    Plan { steps, ..Plan::default() }
}

fn failed() -> Outcome {
    Outcome::Failed(Failure {
        kind: FailureKind::Local,
        message: String::new(),
        detail: Vec::new(),
        help: None,
    })
}

fn take(schedule: &mut Schedule) -> Vec<u32> {
    std::iter::from_fn(|| schedule.next()).map(|id| id.0).collect()
}

#[test]
fn a_step_starts_when_what_it_needs_is_done() {
    let plan = plan(&[("s", &[]), ("s", &[0]), ("s", &[]), ("s", &[1, 2])]);
    let mut schedule = Schedule::new(&plan, |_| 8);
    assert_eq!(take(&mut schedule), [0, 2]);
    assert!(schedule.finish(StepId(0), Outcome::Done).is_empty());
    assert_eq!(take(&mut schedule), [1]);
    schedule.finish(StepId(1), Outcome::Done);
    assert!(take(&mut schedule).is_empty());
    schedule.finish(StepId(2), Outcome::Done);
    assert_eq!(take(&mut schedule), [3]);
    schedule.finish(StepId(3), Outcome::Done);
    assert_eq!(schedule.into_outcomes(), vec![Outcome::Done; 4]);
}

#[test]
fn each_engine_has_its_own_slots_and_waiting_takes_none() {
    let plan = plan(&[("s", &[]), ("s", &[]), ("d", &[]), ("s@eu", &[]), ("s@eu", &[])]);
    let mut schedule = Schedule::new(&plan, |_| 1);
    assert_eq!(take(&mut schedule), [2, 0, 3]);
    schedule.finish(StepId(2), Outcome::Done);
    assert!(take(&mut schedule).is_empty());
    schedule.finish(StepId(3), failed());
    assert_eq!(take(&mut schedule), [4]);
    schedule.finish(StepId(0), Outcome::Done);
    assert_eq!(take(&mut schedule), [1]);
}

#[test]
fn a_failure_skips_exactly_its_dependents_and_names_the_root() {
    let plan = plan(&[("s", &[]), ("s", &[0]), ("s", &[1]), ("s", &[]), ("s", &[3, 2])]);
    let mut schedule = Schedule::new(&plan, |_| 8);
    assert_eq!(take(&mut schedule), [0, 3]);
    let skipped: Vec<u32> =
        schedule.finish(StepId(0), failed()).into_iter().map(|id| id.0).collect();
    assert_eq!(skipped, [1, 2, 4]);
    schedule.finish(StepId(3), Outcome::Done);
    assert!(take(&mut schedule).is_empty());
    let because = Outcome::Skipped { because: StepId(0) };
    let expected = [failed(), because.clone(), because.clone(), Outcome::Done, because];
    assert_eq!(schedule.into_outcomes(), expected);
}

#[test]
fn after_a_stop_nothing_starts() {
    let plan = plan(&[("s", &[]), ("s", &[0]), ("s", &[])]);
    let mut schedule = Schedule::new(&plan, |_| 1);
    assert_eq!(take(&mut schedule), [0]);
    let cancelled = schedule.stop(&[StepId(0)].into());
    assert_eq!(cancelled, [StepId(1), StepId(2)]);
    assert!(schedule.finish(StepId(0), Outcome::Done).is_empty());
    assert!(take(&mut schedule).is_empty());
    let expected = [Outcome::Done, Outcome::Cancelled, Outcome::Cancelled];
    assert_eq!(schedule.into_outcomes(), expected);
}

#[test]
#[should_panic(expected = "topological")]
fn a_plan_that_points_forward_is_a_bug() {
    Schedule::new(&plan(&[("s", &[1]), ("s", &[])]), |_| 1);
}
