//! Pushing and pulling: what is tried again, and what is not.

use crate::bench::{Bench, text};
use std::time::Duration;
use windlass_engine::Engine as _;
use windlass_model::event::Event;
use windlass_model::fault::Fault;
use windlass_model::name::ImageId;
use windlass_model::observed::ImageConfig;
use windlass_model::plan::Action;
use windlass_testkit::{Injection, Misfortune};

const REFERENCE: &str = "registry.test/app:1";

fn push() -> Action {
    Action::PushImage { reference: REFERENCE.to_owned() }
}

fn pull(optional: bool) -> Action {
    Action::PullImage { reference: REFERENCE.to_owned(), platform: None, optional }
}

/// The lines that were said about trying again.
fn retries(bench: &Bench) -> usize {
    let said = bench.events.iter().filter_map(|event| {
        if let Event::StepOutput { line, .. } = event { Some(line) } else { None }
    });
    said.filter(|line| line.contains("trying again in")).count()
}

#[tokio::test(start_paused = true)]
async fn what_may_pass_is_tried_again_and_a_refusal_is_not() {
    let failing = "Engine(RegistryFailing): injected: registry-failing";
    let denied = "Engine(RegistryDenied): injected: registry-denied";
    let unreachable = "Engine(RegistryUnreachable): injected: registry-unreachable";
    for action in [push(), pull(false)] {
        for (fault, times, expected, retried) in [
            (Fault::RegistryFailing, 3, "done", 3),
            (Fault::RegistryFailing, 4, failing, 3),
            (Fault::ReplyLost, 2, "done", 2),
            (Fault::RegistryDenied, 1, denied, 0),
            (Fault::RegistryUnreachable, 1, unreachable, 0),
        ] {
            let mut bench = Bench::new();
            bench.engine.add_image(REFERENCE, ImageConfig::default());
            bench.engine.add_to_registry(REFERENCE, ImageConfig::default());
            bench.step(action.clone(), &[]);
            let before = bench.engine.mutations();
            for at in 0..times {
                let what = Misfortune::Before(fault.clone());
                bench.engine.inject(Injection::at_mutation(before + at, what));
            }
            let begun = tokio::time::Instant::now();
            let outcome = text(&bench.run().await.outcomes[0]);
            assert_eq!((outcome.as_str(), retries(&bench)), (expected, retried), "{fault} {times}");
            // 1 s, 2 s, 4 s: never longer than that.
            assert!(begun.elapsed() < Duration::from_secs(8), "{fault}: {:?}", begun.elapsed());
        }
    }
}

#[tokio::test]
async fn what_is_pushed_can_be_pulled() {
    let mut bench = Bench::new();
    let user = "pushed".to_owned();
    bench.engine.add_image(REFERENCE, ImageConfig { user, ..ImageConfig::default() });
    bench.step(push(), &[]);
    assert!(bench.run().await.is_success());
    bench.engine.remove_image(REFERENCE).await.unwrap();
    bench.plan = windlass_model::plan::Plan::default();
    bench.step(pull(false), &[]);
    assert!(bench.run().await.is_success());
    let image = bench.engine.inspect_image(REFERENCE).await.unwrap();
    assert_eq!(image.config.unwrap().user, "pushed");
}

#[tokio::test]
async fn only_what_may_be_missing_is_left_out() {
    for (optional, expected) in [
        (true, "done"),
        (false, "Engine(RegistryNotFound): manifest for registry.test/app:1 not found"),
    ] {
        let mut bench = Bench::new();
        bench.step(pull(optional), &[]);
        assert_eq!(text(&bench.run().await.outcomes[0]), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_tag_whose_reply_was_lost_is_looked_up() {
    for (what, expected) in [
        (Misfortune::After(Fault::ReplyLost), "done"),
        (Misfortune::Before(Fault::ReplyLost), "Engine(ReplyLost): injected: reply-lost"),
    ] {
        let mut bench = Bench::new();
        let id = bench.engine.inspect_image("app:1").await.unwrap().id;
        let reference = REFERENCE.to_owned();
        bench.step(Action::TagImage { id: ImageId::new(id.as_str()), reference }, &[]);
        bench.engine.inject(Injection::at_mutation(bench.engine.mutations(), what));
        assert_eq!(text(&bench.run().await.outcomes[0]), expected);
        assert_eq!(bench.engine.inspect_image(REFERENCE).await.is_ok(), expected == "done");
    }
}
