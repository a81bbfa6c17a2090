//! Waits: by events, never by polling.

use crate::bench::{Bench, command, text};
use std::time::Duration;
use windlass_model::container::ContainerConfig;
use windlass_model::event::Event;
use windlass_model::fault::Fault;
use windlass_model::healthcheck::{HealthTest, Healthcheck};
use windlass_model::plan::{Action, Until};
use windlass_model::report::{FailureKind, Outcome};
use windlass_model::wait::{WaitCondition, WaitSpec};
use windlass_testkit::{Injection, Misfortune};

fn checked(words: &[&str]) -> ContainerConfig {
    let healthcheck = Some(Healthcheck::of(HealthTest::Shell("true".to_owned())));
    ContainerConfig { healthcheck: healthcheck.into(), ..command(words) }
}

fn running(stable_ms: u64) -> Until {
    Until::Running { stable_ms }
}

#[tokio::test(start_paused = true)]
async fn what_a_wait_finds() {
    let unhealthy = "Unhealthy: its health check failed";
    let no_check = "Unhealthy: it has no health check to wait for";
    let late = "Deadline: not healthy within 60 s; it is running";
    for (config, until, expected, at_ms) in vec![
        (checked(&["run"]), Until::Healthy, "done", 0),
        (checked(&["healthy-after", "5000"]), Until::Healthy, "done", 5_000),
        (checked(&["never-healthy"]), Until::Healthy, unhealthy, 0),
        (checked(&["never-decided"]), Until::Healthy, late, 60_000),
        (command(&["run"]), Until::Healthy, no_check, 0),
        (
            checked(&["exit-after", "5000", "3"]),
            Until::Healthy,
            "Exited { code: 3 }: it ended with exit code 3",
            5_000,
        ),
        (command(&["exit", "0"]), Until::Completed, "done", 0),
        (command(&["exit-after", "5000", "0"]), Until::Completed, "done", 5_000),
        (
            command(&["exit", "3"]),
            Until::Completed,
            "Exited { code: 3 }: it ended with exit code 3",
            0,
        ),
        (
            command(&["oom"]),
            Until::Completed,
            "Exited { code: 137 }: it ended with exit code 137: it was out of memory",
            0,
        ),
        (
            command(&["run"]),
            Until::Completed,
            "Deadline: not completed within 60 s; it is running",
            60_000,
        ),
        (command(&["run"]), running(0), "done", 0),
        (command(&["run"]), running(2_000), "done", 2_000),
        (
            command(&["exit-after", "1000", "1"]),
            running(2_000),
            "Exited { code: 1 }: it ended with exit code 1",
            1_000,
        ),
    ] {
        let mut bench = Bench::new();
        let created = bench.started(config.clone());
        let wait = bench.wait(created, until.clone(), 60_000);
        let report = bench.run().await;
        let name = format!("{:?} until {until}", config.command);
        assert_eq!(text(&report.outcomes[wait.index()]), expected, "{name}");
        assert_eq!(report.elapsed_ms, at_ms, "{name}");
        assert!(bench.count("inspect_container") <= 2, "{name} polled");
        assert_eq!(bench.count("events"), 1, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_waits_there_is_no_subscription_and_no_look() {
    let mut bench = Bench::new();
    bench.started(command(&["run"]));
    assert!(bench.run().await.is_success());
    let methods: Vec<_> = bench.engine.calls().iter().map(|call| call.method).collect();
    assert_eq!(methods, ["create_container", "start_container"]);
}

#[tokio::test(start_paused = true)]
async fn a_failed_check_shows_its_output_and_the_log() {
    let mut bench = Bench::new();
    let created = bench.started(checked(&["never-healthy"]));
    let wait = bench.wait(created, Until::Healthy, 1_000);
    let report = bench.run().await;
    let Outcome::Failed(failure) = &report.outcomes[wait.index()] else { panic!("it failed") };
    assert_eq!(failure.detail, ["no answer on port 80", "shop.web started"]);
}

#[tokio::test(start_paused = true)]
async fn a_container_that_comes_back_is_not_stable_before_its_time() {
    let mut bench = Bench::new();
    let created = bench.started(command(&["run"]));
    let wait = bench.wait(created, running(2_000), 60_000);
    let engine = bench.engine.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        engine.restart_by_itself("shop.web");
    });
    let report = bench.run().await;
    assert_eq!(text(&report.outcomes[wait.index()]), "done");
    assert_eq!(report.elapsed_ms, 3_500);
}

#[tokio::test(start_paused = true)]
async fn a_broken_stream_of_events_is_opened_again() {
    let mut bench = Bench::new();
    let created = bench.started(checked(&["healthy-after", "5000"]));
    let wait = bench.wait(created, Until::Healthy, 60_000);
    let engine = bench.engine.clone();
    tokio::spawn(async move {
        for _ in 0..3 {
            tokio::time::sleep(Duration::from_secs(1)).await;
            engine.cut_events();
        }
    });
    let report = bench.run().await;
    assert_eq!(text(&report.outcomes[wait.index()]), "done");
    assert_eq!((report.elapsed_ms, bench.count("events")), (5_000, 4));
}

#[tokio::test(start_paused = true)]
async fn an_event_that_is_missed_is_found_when_the_stream_is_back() {
    let mut bench = Bench::new();
    let created = bench.started(checked(&["healthy-after", "1050"]));
    let wait = bench.wait(created, Until::Healthy, 60_000);
    let engine = bench.engine.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(1)).await;
        engine.cut_events();
    });
    let report = bench.run().await;
    assert_eq!(text(&report.outcomes[wait.index()]), "done");
    assert_eq!(report.elapsed_ms, 1_100, "the stream is back after 100 ms");
}

#[tokio::test(start_paused = true)]
async fn conditions() {
    let file = |path: &str| WaitCondition::FileExists(path.to_owned());
    let value = |value: &str| WaitCondition::FileValue {
        path: "/state".to_owned(),
        value: value.to_owned(),
    };
    let run = |words: &[&str]| {
        WaitCondition::Command(words.iter().map(|word| (*word).to_owned()).collect())
    };
    let never = |what: &str| format!("Deadline: waited 1 s in vain for {what}; it is running");
    for (condition, expected) in [
        (file("/state"), "done".to_owned()),
        (file("/nothing"), never("a file /nothing in it")),
        (value("up"), "done".to_owned()),
        (
            value("down"),
            never("\"down\" in its file /state: the file has something else, of 3 bytes"),
        ),
        (run(&["true"]), "done".to_owned()),
        (
            run(&["exit", "1"]),
            never("\"exit 1\" to succeed in it: exit ended with exit code 1: leaving with 1"),
        ),
        (WaitCondition::Log("web started".to_owned()), "done".to_owned()),
        (WaitCondition::Log("elsewhere".to_owned()), never("\"elsewhere\" in its log")),
    ] {
        let mut bench = Bench::new();
        bench.engine.add_file("/state", b"up\n");
        let created = bench.started(command(&["run"]));
        let conditions = vec![condition.clone()];
        let spec = WaitSpec { conditions, timeout_ms: 1_000, interval_ms: 250 };
        let wait = bench.wait(created, Until::Conditions(Box::new(spec)), 1_000);
        let report = bench.run().await;
        assert_eq!(text(&report.outcomes[wait.index()]), expected, "{condition:?}");
    }
}

/// That it runs is not what is waited for, however little of the time is left for more.
#[tokio::test(start_paused = true)]
async fn a_deadline_before_the_first_look_is_no_success() {
    let never = "in vain for a file /nothing in it";
    for (timeout_ms, expected) in [(10, never.to_owned()), (250, format!("{never}: the engine"))] {
        let mut bench = Bench::new();
        bench.engine.set_fixed_latency(100);
        let created = bench.started(command(&["run"]));
        let conditions = vec![WaitCondition::FileExists("/nothing".to_owned())];
        let spec = WaitSpec { conditions, timeout_ms, interval_ms: 250 };
        let wait = bench.wait(created, Until::Conditions(Box::new(spec)), timeout_ms);
        let report = bench.run().await;
        let outcome = text(&report.outcomes[wait.index()]);
        assert!(outcome.contains(&expected), "{timeout_ms}: {outcome}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_container_that_ends_while_a_condition_is_awaited_is_noticed_at_once() {
    let mut bench = Bench::new();
    let created = bench.started(command(&["exit-after", "700", "4"]));
    let conditions = vec![WaitCondition::FileExists("/nothing".to_owned())];
    let spec = WaitSpec { conditions, timeout_ms: 60_000, interval_ms: 250 };
    let wait = bench.wait(created, Until::Conditions(Box::new(spec)), 60_000);
    let report = bench.run().await;
    let outcome = &report.outcomes[wait.index()];
    assert_eq!(
        text(outcome),
        "Exited { code: 4 }: it ended with exit code 4 before it became ready"
    );
    assert_eq!(report.elapsed_ms, 700);
}

/// An engine refuses a command in a container that ended, a moment before it says that it ended.
#[tokio::test(start_paused = true)]
async fn what_is_refused_in_a_container_that_ends_is_its_end() {
    let port = WaitCondition::PortOpen(80);
    let listed = WaitCondition::Command(vec!["true".to_owned()]);
    let ended = "Exited { code: 3 }: it ended with exit code 3 before it became ready";
    let refused = "Engine(WrongState): ";
    for (words, condition, refusals, expected, at_ms) in [
        (&["exit-after", "0", "3"][..], port.clone(), 1, ended, 0),
        (&["exit-after", "100", "3"], port.clone(), 1, ended, 250),
        (&["exit-after", "100", "3"], listed.clone(), 1, ended, 250),
        (&["exit-after", "600", "3"], port, 0, ended, 600),
        (&["run"], listed.clone(), 1, "done", 250),
        (&["run"], listed, 2, refused, 250),
    ] {
        let mut bench = Bench::new();
        let created = bench.started(command(words));
        for attempt in 0..refusals {
            let what = Misfortune::Before(Fault::WrongState);
            bench.engine.inject(Injection::at_mutation(2 + attempt, what));
        }
        let conditions = vec![condition.clone()];
        let spec = WaitSpec { conditions, timeout_ms: 60_000, interval_ms: 250 };
        let wait = bench.wait(created, Until::Conditions(Box::new(spec)), 60_000);
        let report = bench.run().await;
        let outcome = &report.outcomes[wait.index()];
        let name = format!("{words:?} until {condition:?}, refused {refusals} times");
        assert!(text(outcome).starts_with(expected), "{name}: {}", text(outcome));
        assert_eq!(report.elapsed_ms, at_ms, "{name}");
        if let (true, Outcome::Failed(failure)) = (expected == ended, outcome) {
            assert_eq!(failure.detail, ["shop.web started"], "{name}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn dependents_of_a_failed_wait_are_skipped_and_others_go_on() {
    let mut bench = Bench::new();
    let created = bench.started(command(&["exit", "1"]));
    let wait = bench.wait(created, Until::Completed, 1_000);
    let dependent = bench.step(Action::Delay { ms: 1 }, &[wait]);
    let last = bench.step(Action::Delay { ms: 1 }, &[dependent]);
    let other = bench.step(Action::Delay { ms: 5_000 }, &[created]);
    let report = bench.run().await;
    let because = Outcome::Skipped { because: wait };
    assert_eq!(report.outcomes[dependent.index()], because);
    assert_eq!(report.outcomes[last.index()], because);
    assert_eq!(report.outcomes[other.index()], Outcome::Done);
    let Outcome::Failed(failure) = &report.outcomes[wait.index()] else { panic!("it failed") };
    assert_eq!(failure.kind, FailureKind::Exited { code: 1 });
    let ends = |event: &&Event| matches!(event, Event::StepFinished { .. });
    assert_eq!(bench.events.iter().filter(ends).count(), bench.plan.steps.len());
}
