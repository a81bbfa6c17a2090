//! Removals: by id, of what the plan saw, and nothing else.

use crate::bench::{Bench, command, existing, labels, text};
use std::collections::BTreeMap;
use windlass_engine::Engine as _;
use windlass_model::fault::Fault;
use windlass_model::label::PROJECT;
use windlass_model::network::NetworkConfig;
use windlass_model::observed::ImageConfig;
use windlass_model::plan::{Action, ContainerRef, CreateNetwork, CreateVolume, StepId};
use windlass_model::report::Outcome;
use windlass_model::volume::VolumeConfig;
use windlass_testkit::{Injection, Misfortune};

fn remove_container(id: &windlass_model::ContainerId) -> Action {
    Action::RemoveContainer {
        container: ContainerRef::Existing(id.clone()),
        force: true,
        anonymous_volumes: false,
    }
}

async fn run(bench: &mut Bench, action: Action) -> String {
    let step: StepId = bench.step(action, &[]);
    text(&bench.run().await.outcomes[step.index()])
}

#[tokio::test(start_paused = true)]
async fn what_is_gone_already_is_done() {
    let mut bench = Bench::new();
    let id = existing(&bench, "shop.web", command(&["run"])).await;
    bench.engine.remove_container(&id, true, false).await.unwrap();
    let volume = Action::RemoveVolume { name: "x".to_owned(), created: String::new() };
    let id_of_network = windlass_model::NetworkId::new("x");
    let network = Action::RemoveNetwork { id: id_of_network, name: "x".to_owned() };
    let stop =
        Action::StopContainer { container: ContainerRef::Existing(id.clone()), timeout_s: None };
    let image = Action::RemoveImage {
        id: windlass_model::ImageId::new("sha256:x"),
        reference: "x".to_owned(),
    };
    for action in [remove_container(&id), volume, network, stop, image] {
        assert_eq!(run(&mut bench, action).await, "done");
    }
}

#[tokio::test(start_paused = true)]
async fn another_project_s_container_stays() {
    let mut bench = Bench::new();
    let mut create = crate::bench::create_container("shop.web", command(&["run"]));
    create.labels = BTreeMap::from([(PROJECT.to_owned(), "other".to_owned())]).into();
    let id = bench.engine.create_container(&create).await.unwrap();
    let outcome = run(&mut bench, remove_container(&id)).await;
    assert_eq!(outcome, "Stale: it belongs to project other");
    assert_eq!(bench.count("remove_container"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_removal_by_somebody_else_is_waited_for() {
    let mut bench = Bench::new();
    let id = existing(&bench, "shop.web", command(&["run"])).await;
    let what = Misfortune::After(Fault::RemovalInProgress);
    bench.engine.inject(Injection::at_mutation(bench.engine.mutations(), what));
    assert_eq!(run(&mut bench, remove_container(&id)).await, "done");
}

#[tokio::test(start_paused = true)]
async fn a_removal_that_never_ends_is_given_up() {
    let mut bench = Bench::new();
    let id = existing(&bench, "shop.web", command(&["run"])).await;
    let what = Misfortune::Before(Fault::RemovalInProgress);
    bench.engine.inject(Injection::at_mutation(bench.engine.mutations(), what));
    let expected =
        "Engine(RemovalInProgress): its removal by somebody else did not end within 60 s";
    assert_eq!(run(&mut bench, remove_container(&id)).await, expected);
}

#[tokio::test(start_paused = true)]
async fn a_volume_or_network_of_the_name_that_is_another_by_now_stays() {
    let mut bench = Bench::new();
    let volume = CreateVolume {
        name: "shop.data".to_owned(),
        config: VolumeConfig::default(),
        labels: labels(),
        owner: None,
    };
    let seen = bench.engine.create_volume(&volume).await.unwrap();
    bench.engine.remove_volume("shop.data").await.unwrap();
    bench.engine.create_volume(&volume).await.unwrap();
    let action = Action::RemoveVolume { name: seen.name, created: seen.created };
    let outcome = run(&mut bench, action).await;
    assert_eq!(outcome, "Stale: it is not the volume that was planned for");

    let network = CreateNetwork {
        name: "shop.front".to_owned(),
        config: NetworkConfig::default(),
        labels: BTreeMap::new(),
    };
    let id = bench.engine.create_network(&network).await.unwrap();
    let action = Action::RemoveNetwork { id, name: "shop.front".to_owned() };
    let outcome = run(&mut bench, action).await;
    assert_eq!(outcome, "Stale: it is not the network that was planned for");
    assert_eq!((bench.count("remove_volume"), bench.count("remove_network")), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_tag_that_names_another_image_by_now_stays() {
    let mut bench = Bench::new();
    let id = bench.engine.add_image("x:1", ImageConfig::default());
    let newer = ImageConfig { user: "newer".to_owned(), ..ImageConfig::default() };
    bench.engine.add_image("x:1", newer);
    let action = Action::RemoveImage { id, reference: "x:1".to_owned() };
    let outcome = run(&mut bench, action).await;
    assert_eq!(outcome, "Stale: x:1 is another image by now");
}

#[tokio::test(start_paused = true)]
async fn a_container_that_can_not_be_started_says_why() {
    let mut bench = Bench::new();
    bench.started(command(&["missing"]));
    let report = bench.run().await;
    let Outcome::Failed(failure) = &report.outcomes[1] else { panic!("it failed") };
    assert_eq!(failure.message, "exec: \"missing\": executable file not found in $PATH");
}
