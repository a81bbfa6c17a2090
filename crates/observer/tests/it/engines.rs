//! Snapshots of engines.

use std::collections::{BTreeMap, BTreeSet};
use windlass_engine::Engine as _;
use windlass_model::container::ContainerConfig;
use windlass_model::fault::Fault;
use windlass_model::image::PullPolicy;
use windlass_model::label;
use windlass_model::observed::ImageConfig;
use windlass_model::plan::CreateContainer;
use windlass_model::project::Project;
use windlass_observer::{LocalInputs, ObserveError, observe};
use windlass_testkit::{ContainerBuilder, FakeEngine, Injection, Misfortune, ProjectBuilder};

fn project() -> Project {
    ProjectBuilder::new("shop")
        .external_image("app", "docker.io/library/app:1", PullPolicy::Missing)
        .container(ContainerBuilder::new("web").image("app"))
        .container(ContainerBuilder::new("db").edit(|spec| {
            spec.image = windlass_model::image::ImageUse::External("db:1".into());
        }))
        .finish()
}

fn image(user: &str) -> ImageConfig {
    ImageConfig {
        user: user.to_owned(),
        command: Some(vec!["run".to_owned()]),
        ..ImageConfig::default()
    }
}

async fn create(engine: &FakeEngine, name: &str, image: &str, project: Option<&str>) {
    let labels = project.map(|p| (label::PROJECT.to_owned(), p.to_owned())).into_iter();
    let labels = labels.collect::<BTreeMap<_, _>>().into();
    let config = ContainerConfig::default().into();
    let create = CreateContainer { name: name.into(), image: image.into(), config, labels };
    engine.create_container(&create).await.unwrap();
}

async fn furnished() -> FakeEngine {
    let engine = FakeEngine::new(3);
    for (place, reference) in ["app:1", "db:1", "old:1", "unused:1"].into_iter().enumerate() {
        engine.add_image(reference, image(&place.to_string()));
    }
    for _ in 0..3 {
        let name = format!("shop.{}", engine.mutations());
        create(&engine, &name, "old:1", Some("shop")).await;
    }
    create(&engine, "foreign", "unused:1", None).await;
    create(&engine, "other", "unused:1", Some("other")).await;
    engine
}

#[tokio::test]
async fn ours_in_full_and_everybody_s_in_short() {
    let engine = furnished().await;
    let from = engine.calls().len();
    let project = project();
    let observed = observe(&project, &engine.engines(), &LocalInputs::default()).await.unwrap();
    let (_, seen) = observed.engines.first_key_value().unwrap();
    assert_eq!((seen.containers.len(), seen.details.len(), seen.networks.len()), (5, 3, 3));
    let inspected: BTreeSet<&str> = seen
        .images
        .values()
        .filter(|image| image.config.is_some())
        .flat_map(|image| image.references.iter().map(String::as_str))
        .collect();
    // What ours were made of, and what they shall be made of.
    assert_eq!(inspected, BTreeSet::from(["app:1", "db:1", "old:1"]));

    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for call in &engine.calls()[from..] {
        *counts.entry(call.method).or_default() += 1;
    }
    let expected = [
        ("info", 1),
        ("inspect_container", 3),
        ("inspect_image", 3),
        ("list_containers", 1),
        ("list_images", 1),
        ("list_networks", 1),
        ("list_volumes", 1),
    ];
    assert_eq!(counts, BTreeMap::from(expected));
}

#[tokio::test]
async fn what_vanishes_while_it_is_looked_at_is_absent() {
    let engine = furnished().await;
    let mut removed = false;
    engine.set_actor(Box::new(move |call, world| {
        if call.method == "inspect_container" && !removed {
            removed = true;
            world.remove_behind(&call.object);
        }
    }));
    let project = project();
    let observed = observe(&project, &engine.engines(), &LocalInputs::default()).await.unwrap();
    let (_, seen) = observed.engines.first_key_value().unwrap();
    assert_eq!((seen.containers.len(), seen.details.len()), (4, 2));
}

#[tokio::test(start_paused = true)]
async fn two_names_for_one_engine_are_refused() {
    let engine = furnished().await;
    let mut engines = engine.engines();
    let same = engines.values().next().unwrap().clone();
    engines.insert(windlass_model::EngineName::new("again"), same);
    let result = observe(&project(), &engines, &LocalInputs::default()).await;
    let said = result.map(drop).unwrap_err().to_string();
    assert_eq!(said, "again and default are the same engine");
}

#[tokio::test(start_paused = true)]
async fn calls_go_out_together() {
    let engine = furnished().await;
    engine.set_fixed_latency(50);
    let project = project();
    let begun = tokio::time::Instant::now();
    observe(&project, &engine.engines(), &LocalInputs::default()).await.unwrap();
    // The negotiation, the lists, the inspects.
    assert_eq!(begun.elapsed().as_millis(), 150);
}

#[tokio::test]
async fn an_engine_that_does_not_answer_is_named() {
    let engine = furnished().await;
    let what = Misfortune::Crash { carried_out: false };
    engine.inject(Injection::at_mutation(engine.mutations(), what));
    let id = windlass_model::ContainerId::new("x");
    drop(engine.start_container(&id).await);
    let result = observe(&project(), &engine.engines(), &LocalInputs::default()).await;
    let Err(ObserveError::Engine { engine, source }) = result else { panic!("it must fail") };
    assert!(engine.is_default());
    assert_eq!(source.fault, Fault::Unreachable);
}
