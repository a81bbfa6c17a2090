//! Calls whose reply is lost: looked up, never guessed.

use crate::bench::{Bench, command, create, existing, text};
use std::collections::BTreeMap;
use windlass_engine::Engine as _;
use windlass_model::endpoint::Endpoint;
use windlass_model::fault::Fault;
use windlass_model::limits::{Limits, RestartPolicy};
use windlass_model::name::{ContainerId, NetworkId};
use windlass_model::network::NetworkConfig;
use windlass_model::plan::{Action, ContainerRef, CreateNetwork, CreateVolume};
use windlass_model::volume::VolumeConfig;
use windlass_model::wait::{ExecPolicy, ExecSpec};
use windlass_testkit::{Injection, Misfortune};

/// What is there before.
struct There {
    /// Ours, created.
    created: ContainerId,
    /// Ours, running, on the network `shop.used`.
    running: ContainerId,
    paused: ContainerId,
    network: NetworkId,
    volume: String,
}

type Make = fn(&There) -> Action;

fn of(id: &ContainerId) -> ContainerRef {
    ContainerRef::Existing(id.clone())
}

fn create_network(name: &str) -> CreateNetwork {
    let labels = crate::bench::labels();
    CreateNetwork { name: name.to_owned(), config: NetworkConfig::default(), labels }
}

fn create_volume(name: &str) -> CreateVolume {
    CreateVolume {
        name: name.to_owned(),
        config: VolumeConfig::default(),
        labels: crate::bench::labels(),
        owner: None,
    }
}

async fn furnish(bench: &Bench) -> There {
    let created = existing(bench, "shop.created", command(&["run"])).await;
    let running = existing(bench, "shop.running", command(&["run"])).await;
    let paused = existing(bench, "shop.paused", command(&["run"])).await;
    let engine = &bench.engine;
    engine.start_container(&running).await.unwrap();
    engine.start_container(&paused).await.unwrap();
    engine.pause_container(&paused).await.unwrap();
    engine.create_network(&create_network("shop.used")).await.unwrap();
    engine.connect_network("shop.used", &running, &Endpoint::default()).await.unwrap();
    let network = engine.create_network(&create_network("shop.old")).await.unwrap();
    let volume = engine.create_volume(&create_volume("shop.old")).await.unwrap().created;
    There { created, running, paused, network, volume }
}

/// Every action whose effect can be seen afterwards.
fn actions() -> [Make; 16] {
    [
        |_| create("shop.web", command(&["run"])),
        |there| Action::StartContainer(of(&there.created)),
        |there| Action::StopContainer { container: of(&there.running), timeout_s: None },
        |there| Action::RestartContainer { container: of(&there.running), timeout_s: None },
        |there| Action::KillContainer {
            container: of(&there.running),
            signal: "SIGKILL".to_owned(),
        },
        |there| Action::PauseContainer(of(&there.running)),
        |there| Action::UnpauseContainer(of(&there.paused)),
        |there| Action::RemoveContainer {
            container: of(&there.created),
            force: false,
            anonymous_volumes: true,
        },
        |there| Action::RenameContainer {
            container: of(&there.created),
            name: "shop.other".into(),
        },
        |there| Action::UpdateContainer {
            container: of(&there.running),
            limits: Box::new(Limits { memory_bytes: Some(1 << 26), ..Limits::default() }),
            restart: RestartPolicy::Always,
        },
        |there| Action::ConnectNetwork {
            container: of(&there.created),
            network: "shop.used".into(),
            endpoint: Box::new(Endpoint::default()),
        },
        |there| Action::DisconnectNetwork {
            container: of(&there.running),
            network: "shop.used".into(),
            name: "back".into(),
        },
        |_| Action::CreateNetwork(create_network("shop.front").into()),
        |there| Action::RemoveNetwork { id: there.network.clone(), name: "shop.old".to_owned() },
        |_| Action::CreateVolume(create_volume("shop.data").into()),
        |there| Action::RemoveVolume { name: "shop.old".to_owned(), created: there.volume.clone() },
    ]
}

async fn outcome(make: Make, what: Misfortune) -> (String, String) {
    let mut bench = Bench::new();
    let there = furnish(&bench).await;
    let action = make(&there);
    let name = action.to_string();
    let step = bench.step(action, &[]);
    bench.engine.inject(Injection::at_mutation(bench.engine.mutations(), what));
    let report = bench.run().await;
    (name, text(&report.outcomes[step.index()]))
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_carried_out_is_done_though_its_reply_was_lost() {
    for make in actions() {
        for fault in [Fault::ReplyLost, Fault::DeadlineExceeded, Fault::Malformed] {
            let (name, outcome) = outcome(make, Misfortune::After(fault)).await;
            assert_eq!(outcome, "done", "{name}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_look_that_is_lost_is_repeated() {
    let mut looks = 0;
    for make in actions() {
        for fault in [Fault::ReplyLost, Fault::Unreachable, Fault::Malformed] {
            let mut bench = Bench::new();
            let there = furnish(&bench).await;
            let step = bench.step(make(&there), &[]);
            let first = bench.engine.asked();
            bench.engine.inject(Injection::at_call(first, Misfortune::Before(fault)));
            let report = bench.run().await;
            let call = &bench.engine.calls()[usize::try_from(first).unwrap()];
            if call.mutation.is_none() {
                assert_eq!(text(&report.outcomes[step.index()]), "done", "{call:?}");
                looks += 1;
            }
        }
    }
    assert!(looks >= 12, "only {looks}");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_never_arrived_is_failed() {
    for make in actions() {
        let (name, outcome) = outcome(make, Misfortune::Before(Fault::ReplyLost)).await;
        assert_eq!(outcome, "Engine(ReplyLost): injected: reply-lost", "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_does_not_come_back_is_given_up() {
    for make in actions() {
        let (name, outcome) = outcome(make, Misfortune::Crash { carried_out: true }).await;
        assert_eq!(outcome, "Engine(ReplyLost): injected: reply-lost", "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn another_one_s_container_is_not_taken_for_the_lost_one() {
    let mut bench = Bench::new();
    let step = bench.step(create("shop.web", command(&["run"])), &[]);
    let start = bench.step(Action::StartContainer(ContainerRef::Planned(step)), &[step]);
    let mut other = crate::bench::create_container("shop.web", command(&["run"]));
    let digest = (windlass_model::label::DIGEST.to_owned(), "another".to_owned());
    other.labels =
        other.labels.all().into_iter().chain([digest]).collect::<BTreeMap<_, _>>().into();
    bench.engine.create_container(&other).await.unwrap();
    let what = Misfortune::Before(Fault::ReplyLost);
    bench.engine.inject(Injection::at_mutation(bench.engine.mutations(), what));
    let report = bench.run().await;
    assert_eq!(text(&report.outcomes[0]), "Engine(ReplyLost): injected: reply-lost");
    assert_eq!(text(&report.outcomes[start.index()]), "skipped because of #0");
}

#[tokio::test(start_paused = true)]
async fn a_command_is_never_run_twice() {
    let mut bench = Bench::new();
    let there = furnish(&bench).await;
    let exec = ExecSpec {
        argv: vec!["migrate".to_owned()],
        user: None,
        workdir: None,
        env: std::collections::BTreeMap::new(),
        policy: ExecPolicy::Initial,
    };
    let container = of(&there.running);
    bench.step(Action::ExecContainer { container, exec: Box::new(exec) }, &[]);
    let what = Misfortune::After(Fault::ReplyLost);
    bench.engine.inject(Injection::at_mutation(bench.engine.mutations(), what));
    let report = bench.run().await;
    assert_eq!(text(&report.outcomes[0]), "Engine(ReplyLost): injected: reply-lost");
    assert_eq!(bench.count("exec"), 1);
}
