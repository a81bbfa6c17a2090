//! The way back: whatever becomes of a replacement, something serves under the name.

use crate::bench::{Bench, command, create, existing};
use std::collections::BTreeMap;
use std::time::Duration;
use windlass_engine::Engine as _;
use windlass_executor::{Interrupts, interrupts};
use windlass_model::Address;
use windlass_model::name::{ContainerId, EngineName};
use windlass_model::observed::State;
use windlass_model::plan::{Action, ContainerRef, StepId, Until};
use windlass_model::report::Report;
use windlass_model::rescue::Rescue;
use windlass_model::wait::{ExecPolicy, ExecSpec};
use windlass_testkit::{Injection, Misfortune};

const NAME: &str = "shop.web";
/// Rename, create, stop, start, wait.
const REPLACEMENT: u32 = 5;

/// A container that serves, and the plan that replaces it by one with this command.
async fn bench(words: &[&str]) -> (Bench, ContainerId) {
    let mut bench = Bench::new();
    let old = existing(&bench, NAME, command(&["run"])).await;
    bench.engine.start_container(&old).await.unwrap();
    let before = || ContainerRef::Existing(old.clone());
    let name = format!("{NAME}_previous");
    let renamed =
        bench.step(Action::RenameContainer { container: before(), name: name.into() }, &[]);
    let created = bench.step(create(NAME, command(words)), &[renamed]);
    let after = || ContainerRef::Planned(created);
    let stop = Action::StopContainer { container: before(), timeout_s: None };
    let stopped = bench.step(stop, &[created]);
    let started = bench.step(Action::StartContainer(after()), &[stopped]);
    let until = Until::Running { stable_ms: 5_000 };
    let wait = Action::WaitContainer { container: after(), until, deadline_ms: 30_000 };
    let ready = bench.step(wait, &[started]);
    let (force, anonymous_volumes) = (true, false);
    bench.step(Action::RemoveContainer { container: before(), force, anonymous_volumes }, &[ready]);
    bench.plan.rescues.push(Rescue {
        address: Address::container(&EngineName::default(), "web"),
        of: (0..REPLACEMENT).map(StepId).collect(),
        begun: false,
        successor: after(),
        successor_stays: false,
        predecessor: old.clone(),
        name: NAME.to_owned(),
        commands: vec![ExecSpec {
            argv: vec!["true".to_owned()],
            user: None,
            workdir: None,
            env: BTreeMap::new(),
            policy: ExecPolicy::Restart,
        }],
    });
    (bench, old)
}

/// The container that runs under the name.
async fn serving(bench: &Bench) -> Option<ContainerId> {
    let mut all = bench.engine.list_containers().await.unwrap().into_iter();
    all.find(|one| one.name == NAME && one.state == State::Running).map(|one| one.id)
}

/// Whether nothing but what serves is left of the replacement.
async fn is_tidy(bench: &Bench) -> bool {
    bench.engine.list_containers().await.unwrap().len() == 1
}

#[tokio::test(start_paused = true)]
async fn what_fails_is_taken_back_in_time() {
    for (words, comes_back, within_ms) in [
        (&["run"][..], false, 6_000),
        (&["missing"], true, 1_000),
        (&["exit", "3"], true, 1_000),
        (&["exit-after", "3000", "4"], true, 4_000),
        (&["oom"], true, 1_000),
    ] {
        let (mut bench, old) = bench(words).await;
        let report = bench.run().await;
        let serving = serving(&bench).await.unwrap_or_else(|| panic!("{words:?}: nothing serves"));
        assert_eq!((serving == old, report.is_success()), (comes_back, !comes_back), "{words:?}");
        assert_eq!(report.rescues.len(), usize::from(comes_back), "{words:?}");
        // What is started again runs its commands again.
        assert_eq!(bench.count("exec"), usize::from(comes_back), "{words:?}");
        assert!(report.rescues.iter().all(|rescued| rescued.failure.is_none()), "{report:?}");
        assert!(report.elapsed_ms <= within_ms, "{words:?}: {} ms", report.elapsed_ms);
        assert!(is_tidy(&bench).await, "{words:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_fault_at_any_call_leaves_something_that_serves() {
    let mut runs = 0;
    for words in [&["run"][..], &["missing"], &["exit-after", "3000", "4"]] {
        let (mut good, _) = bench(words).await;
        let from = good.engine.mutations();
        good.run().await;
        for at in from..good.engine.mutations() {
            for what in Misfortune::of_connection().into_iter().chain(Misfortune::of_engine()) {
                if what.takes_away() {
                    continue;
                }
                let (mut bench, _) = bench(words).await;
                bench.engine.inject(Injection::at_mutation(at, what.clone()));
                let report = bench.run().await;
                bench.engine.heal();
                assert!(bench.count("exec") <= 1, "{words:?}, {what:?} at {}", at - from);
                let ok = serving(&bench).await.is_some() || still_old(&report);
                assert!(ok, "{words:?}, {what:?} at {}: nothing serves: {report:?}", at - from);
                runs += 1;
            }
        }
    }
    assert!(runs >= 60, "only {runs} runs");
}

/// The rename itself failed: nothing was replaced, and what served goes on under one name or the
/// other.
fn still_old(report: &Report) -> bool {
    !report.outcomes[0].is_done()
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_takes_back_what_is_half_replaced() {
    for moment_ms in [500, 1_500, 2_500, 3_500, 4_500, 6_000, 8_000] {
        let (mut bench, _) = bench(&["run"]).await;
        bench.engine.set_fixed_latency(1_000);
        let report = bench.run_with(after(moment_ms)).await;
        assert!(report.interrupted, "{moment_ms}");
        assert!(serving(&bench).await.is_some(), "{moment_ms}: nothing serves: {report:?}");
        assert!(is_tidy(&bench).await, "{moment_ms}");
    }
}

/// An interrupt at a moment of the run.
fn after(moment_ms: u64) -> Interrupts {
    let (interrupter, interrupts) = interrupts();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(moment_ms)).await;
        interrupter.interrupt();
        // Whoever hears the signals goes on hearing.
        std::future::pending::<()>().await;
    });
    interrupts
}
