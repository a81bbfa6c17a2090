//! The fake engine refuses what a real one refuses.

use std::collections::BTreeMap;
use windlass_engine::stream::EventRequest;
use windlass_engine::{Engine, EngineError};
use windlass_model::container::ContainerConfig;
use windlass_model::endpoint::{Endpoint, NetworkMode};
use windlass_model::fault::Fault;
use windlass_model::mount::Mount;
use windlass_model::name::ContainerId;
use windlass_model::network::NetworkConfig;
use windlass_model::observed::{Health, ImageConfig, State};
use windlass_model::plan::{CreateContainer, CreateNetwork, CreateVolume};
use windlass_model::port::{Protocol, PublishedPort};
use windlass_model::volume::VolumeConfig;
use windlass_testkit::FakeEngine;

fn engine() -> FakeEngine {
    let engine = FakeEngine::new(1);
    let command = Some(vec!["run".to_owned()]);
    engine.add_image("app:1", ImageConfig { command, ..ImageConfig::default() });
    engine
}

fn config(edit: impl FnOnce(&mut ContainerConfig)) -> ContainerConfig {
    let mut config = ContainerConfig::default();
    edit(&mut config);
    config
}

async fn create(
    engine: &FakeEngine,
    name: &str,
    config: ContainerConfig,
) -> Result<ContainerId, EngineError> {
    let (name, image) = (name.to_owned(), "app:1".to_owned());
    let config = config.into();
    let create = CreateContainer {
        name: name.into(),
        image: image.into(),
        config,
        labels: BTreeMap::new().into(),
    };
    engine.create_container(&create).await
}

async fn running(engine: &FakeEngine, name: &str, config: ContainerConfig) -> ContainerId {
    let id = create(engine, name, config).await.unwrap();
    engine.start_container(&id).await.unwrap();
    id
}

fn network(name: &str) -> CreateNetwork {
    let config = NetworkConfig::default();
    CreateNetwork { name: name.to_owned(), config, labels: BTreeMap::new() }
}

fn publishes(config: &mut ContainerConfig) {
    config.published.insert(PublishedPort {
        target: 80,
        protocol: Protocol::Tcp,
        host_ip: None,
        published: Some(8080),
    });
}

#[tokio::test]
async fn a_container_s_name_is_its_own_and_a_network_s_is_not() {
    let engine = engine();
    let id = create(&engine, "a", ContainerConfig::default()).await.unwrap();
    let error = create(&engine, "a", ContainerConfig::default()).await.unwrap_err();
    assert_eq!(error.fault, Fault::NameConflict { holder: Some(id.0.clone()) });
    let other = create(&engine, "b", ContainerConfig::default()).await.unwrap();
    let error = engine.rename_container(&other, "a").await.unwrap_err();
    assert_eq!(error.fault, Fault::NameConflict { holder: Some(id.0) });
    let one = engine.create_network(&network("n")).await.unwrap();
    let two = engine.create_network(&network("n")).await.unwrap();
    assert_ne!(one, two);
    assert_eq!(engine.inspect_network("n").await.unwrap_err().fault, Fault::Invalid);
}

#[tokio::test]
async fn a_volume_that_is_there_is_given_back() {
    let engine = engine();
    let mut create = CreateVolume {
        name: "v".to_owned(),
        config: VolumeConfig::default(),
        labels: BTreeMap::new(),
        owner: None,
    };
    let first = engine.create_volume(&create).await.unwrap();
    create.labels.insert("a".to_owned(), "b".to_owned());
    assert_eq!(engine.create_volume(&create).await.unwrap(), first);
    let mounts = config(|config| {
        config.mounts.insert("/v".to_owned(), Mount::volume("v"));
    });
    let user = self::create(&engine, "a", mounts).await.unwrap();
    let error = engine.remove_volume("v").await.unwrap_err();
    assert_eq!(error.fault, Fault::InUse { by: vec![user.0] });
}

#[tokio::test]
async fn what_can_not_start() {
    type Edit = fn(&mut ContainerConfig);
    let on_network: Edit = |config| {
        config.network_mode = NetworkMode::Networks;
        config.endpoints.insert("gone".to_owned(), Endpoint::default());
    };
    let joins: Edit = |config| config.network_mode = NetworkMode::Container("stopped".to_owned());
    let joins_nobody: Edit = |config| config.pid = Some("container:nobody".to_owned()).into();
    let missing: Edit = |config| config.command = Some(vec!["missing".to_owned()]);
    for (edit, expected) in [
        (publishes as Edit, Fault::PortInUse { port: Some(8080) }),
        (on_network, Fault::NetworkMissing),
        (joins, Fault::WrongState),
        (joins_nobody, Fault::NotFound),
        (missing, Fault::CommandNotRunnable),
    ] {
        let engine = engine();
        running(&engine, "holder", config(publishes)).await;
        create(&engine, "stopped", ContainerConfig::default()).await.unwrap();
        let id = create(&engine, "a", config(edit)).await.unwrap();
        let error = engine.start_container(&id).await.unwrap_err();
        assert_eq!(error.fault, expected);
        let seen = engine.inspect_container("a").await.unwrap();
        assert_eq!((seen.state, seen.error), (State::Created, error.message));
    }
}

#[tokio::test]
async fn what_can_not_be_created() {
    let engine = engine();
    let unknown = CreateContainer {
        name: "a".into(),
        image: "unknown:1".into(),
        config: ContainerConfig::default().into(),
        labels: BTreeMap::new().into(),
    };
    let error = engine.create_container(&unknown).await.unwrap_err();
    assert_eq!(error.fault, Fault::ImageMissing);
    engine.miss_path("/nowhere");
    let bind = |create_host_path| {
        config(|config| {
            let mount = Mount { create_host_path, ..Mount::bind("/nowhere") };
            config.mounts.insert("/x".to_owned(), mount);
        })
    };
    let error = create(&engine, "a", bind(false)).await.unwrap_err();
    assert_eq!(error.fault, Fault::MountSourceMissing);
    assert!(create(&engine, "a", bind(true)).await.is_ok());
}

#[tokio::test]
async fn the_states_of_a_container() {
    let engine = engine();
    let id = running(&engine, "a", ContainerConfig::default()).await;
    let state = async || engine.inspect_container("a").await.unwrap().state;
    assert_eq!(
        engine.remove_container(&id, false, false).await.unwrap_err().fault,
        Fault::WrongState
    );
    engine.start_container(&id).await.unwrap();
    engine.pause_container(&id).await.unwrap();
    assert_eq!(engine.start_container(&id).await.unwrap_err().fault, Fault::WrongState);
    assert_eq!(state().await, State::Paused);
    engine.unpause_container(&id).await.unwrap();
    engine.kill_container(&id, "SIGHUP").await.unwrap();
    assert_eq!(state().await, State::Running);
    engine.stop_container(&id, None).await.unwrap();
    assert_eq!(state().await, State::Exited);
    engine.stop_container(&id, None).await.unwrap();
    assert_eq!(engine.kill_container(&id, "SIGHUP").await.unwrap_err().fault, Fault::WrongState);
    assert_eq!(engine.wait_container(&id).await.unwrap(), 143);
    engine.remove_container(&id, false, false).await.unwrap();
    assert!(engine.inspect_container("a").await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn a_network_in_use_stays_and_one_made_anew_is_another() {
    let engine = engine();
    let old = engine.create_network(&network("n")).await.unwrap();
    let on = config(|config| {
        config.network_mode = NetworkMode::Networks;
        config.endpoints.insert("n".to_owned(), Endpoint::default());
    });
    let id = running(&engine, "a", on).await;
    let error = engine.remove_network(&old).await.unwrap_err();
    assert_eq!(error.fault, Fault::InUse { by: vec![id.0.clone()] });
    engine.stop_container(&id, None).await.unwrap();
    engine.remove_network(&old).await.unwrap();
    engine.create_network(&network("n")).await.unwrap();
    assert_eq!(engine.start_container(&id).await.unwrap_err().fault, Fault::NetworkMissing);
}

#[tokio::test(start_paused = true)]
async fn past_events_come_first_and_healthy_comes_in_time() {
    use futures_util::StreamExt as _;
    let engine = engine();
    let checked = config(|config| {
        config.command = Some(vec!["healthy-after".to_owned(), "500".to_owned()]);
        let test = windlass_model::healthcheck::HealthTest::Shell("true".to_owned());
        config.healthcheck = Some(windlass_model::healthcheck::Healthcheck::of(test)).into();
    });
    let id = running(&engine, "a", checked).await;
    let health = async || engine.inspect_container("a").await.unwrap().health;
    assert_eq!(health().await, Some(Health::Starting));
    let request = EventRequest { since: Some("0".to_owned()), ..EventRequest::default() };
    let events = engine.events(&request).await.unwrap();
    let of_it = events.filter_map(|event| {
        let event = event.unwrap();
        let wanted = event.container().as_ref() == Some(&id);
        futures_util::future::ready(wanted.then_some(event.action))
    });
    let actions: Vec<String> = of_it.take(3).collect().await;
    assert_eq!(actions, ["create", "start", "health_status: healthy"]);
    assert_eq!(health().await, Some(Health::Healthy));
}
