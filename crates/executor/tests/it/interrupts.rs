//! Ctrl-C: once gently, twice at once.

use crate::bench::{Bench, command, create, text};
use std::time::Duration;
use windlass_executor::interrupts;
use windlass_model::event::Event;
use windlass_model::plan::{Action, ContainerRef, Until};
use windlass_model::report::Report;

/// A run that is interrupted at these moments. Every call takes a second.
async fn run(moments_ms: &'static [u64]) -> (Bench, Report) {
    let mut bench = Bench::new();
    let created = bench.step(create("shop.web", command(&["run"])), &[]);
    let started = bench.step(Action::StartContainer(ContainerRef::Planned(created)), &[created]);
    bench.step(
        Action::WaitContainer {
            container: ContainerRef::Planned(created),
            until: Until::Running { stable_ms: 60_000 },
            deadline_ms: 100_000,
        },
        &[started],
    );
    let second = bench.step(create("shop.other", command(&["run"])), &[started]);
    bench.step(Action::StartContainer(ContainerRef::Planned(second)), &[second]);
    bench.engine.set_fixed_latency(1_000);
    let (interrupter, interrupts) = interrupts();
    tokio::spawn(async move {
        let mut now = 0;
        for moment in moments_ms {
            tokio::time::sleep(Duration::from_millis(moment - now)).await;
            now = *moment;
            interrupter.interrupt();
        }
        // Whoever hears the signals goes on hearing.
        std::future::pending::<()>().await;
    });
    let report = bench.run_with(interrupts).await;
    (bench, report)
}

#[tokio::test(start_paused = true)]
async fn what_an_interrupt_leaves() {
    let abandoned = "Engine(ReplyLost): abandoned; the engine may still carry it out";
    let gone = "cancelled";
    let done = "done";
    for (moments, expected, elapsed_ms) in [
        // While the first container is created: that ends, nothing else starts.
        (&[500][..], [done, gone, gone, gone, gone], 1_000),
        // While it is waited for and the second one is created.
        (&[2_500][..], [done, done, gone, done, gone], 3_000),
        // Twice, while the second one is created.
        (&[2_500, 2_600][..], [done, done, gone, abandoned, gone], 2_600),
        (&[500, 500][..], [abandoned, gone, gone, gone, gone], 500),
    ] {
        let (bench, report) = run(moments).await;
        let outcomes: Vec<_> = report.outcomes.iter().map(text).collect();
        assert_eq!(outcomes, expected, "{moments:?}");
        assert_eq!((report.interrupted, report.elapsed_ms), (true, elapsed_ms), "{moments:?}");
        assert!(!report.is_success());
        let ends = |event: &&Event| matches!(event, Event::StepFinished { .. });
        assert_eq!(bench.events.iter().filter(ends).count(), 5, "{moments:?}");
        assert_eq!(bench.events.iter().filter(|e| **e == Event::Interrupted).count(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_not_interrupted_goes_through() {
    let (_, report) = run(&[]).await;
    assert!(report.is_success(), "{:?}", report.outcomes);
}

#[tokio::test(start_paused = true)]
async fn a_pull_is_cut_off_and_what_makes_a_container_is_not() {
    let mut bench = Bench::new();
    let pull = Action::PullImage { reference: "app:2".to_owned(), platform: None, optional: false };
    bench.step(pull, &[]);
    bench.step(create("shop.web", command(&["run"])), &[]);
    bench.engine.set_fixed_latency(1_000);
    let (interrupter, interrupts) = interrupts();
    let run = async {
        let report = bench.run_with(interrupts).await;
        report.outcomes.iter().map(text).collect::<Vec<_>>()
    };
    let interrupt = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        interrupter.interrupt();
    };
    let (outcomes, ()) = tokio::join!(run, interrupt);
    assert_eq!(outcomes, ["cancelled", "done"]);
}
