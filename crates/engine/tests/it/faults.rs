//! What a failure is, on a real engine: found from its words.

use std::collections::BTreeMap;

use windlass_engine::stream::AttachRequest;
use windlass_engine::{Engine as _, EngineError};
use windlass_model::container::ContainerConfig;
use windlass_model::endpoint::{Endpoint, NetworkMode};
use windlass_model::fault::Fault;
use windlass_model::mount::Mount;
use windlass_model::name::{ContainerId, NetworkId};
use windlass_model::network::{Ipam, IpamPool, NetworkConfig};
use windlass_model::plan::{CreateContainer, CreateNetwork, CreateVolume};
use windlass_model::port::{Protocol, PublishedPort};
use windlass_model::volume::VolumeConfig;

use crate::lab::{Lab, run, shell};

fn fault<T>(result: Result<T, EngineError>) -> Fault {
    match result {
        Ok(_) => panic!("it succeeded"),
        Err(error) => {
            assert!(!error.to_string().is_empty());
            error.fault
        }
    }
}

fn network(lab: &Lab, what: &str, subnet: Option<&str>) -> CreateNetwork {
    let ipam = subnet.map(|subnet| Ipam {
        pools: vec![IpamPool { subnet: Some(subnet.to_owned()), ..IpamPool::default() }],
        ..Ipam::default()
    });
    let config = NetworkConfig { ipam, ..NetworkConfig::default() };
    CreateNetwork { name: lab.named(what), config, labels: BTreeMap::new() }
}

#[test]
fn what_is_not_there() {
    run(|lab| async move {
        let engine = &lab.engine;
        let id = ContainerId::new("0123456789abcdef".repeat(4));
        assert_eq!(fault(engine.inspect_container("wlengine-nobody").await), Fault::NotFound);
        assert_eq!(fault(engine.inspect_image("wlengine-nobody:1").await), Fault::NotFound);
        assert_eq!(fault(engine.inspect_network("wlengine-nobody").await), Fault::NotFound);
        assert_eq!(fault(engine.inspect_volume("wlengine-nobody").await), Fault::NotFound);
        assert_eq!(fault(engine.start_container(&id).await), Fault::NotFound);
        assert_eq!(fault(engine.remove_container(&id, true, true).await), Fault::NotFound);
        assert_eq!(fault(engine.wait_container(&id).await), Fault::NotFound);
        assert_eq!(fault(engine.attach(&id, &AttachRequest::default()).await), Fault::NotFound);
        assert_eq!(fault(engine.remove_volume("wlengine-nobody").await), Fault::NotFound);
        assert_eq!(fault(engine.remove_image("wlengine-nobody:1").await), Fault::NotFound);
        assert_eq!(fault(engine.tag_image("wlengine-nobody", "x").await), Fault::NotFound);
        assert_eq!(fault(engine.remove_network(&NetworkId::new("nobody")).await), Fault::NotFound);
        assert_eq!(fault(engine.exec_exit_code("nobody").await), Fault::NotFound);
    });
}

#[test]
fn creations_that_fail() {
    run(|lab| async move {
        let engine = &lab.engine;
        let id = lab.created("a", shell("sleep 60")).await.unwrap();
        let taken = fault(lab.created("a", shell("true")).await);
        assert_eq!(taken, Fault::NameConflict { holder: Some(id.0.clone()) });
        let other = lab.created("b", shell("true")).await.unwrap();
        let renamed = fault(engine.rename_container(&other, &lab.named("a")).await);
        assert_eq!(renamed, Fault::NameConflict { holder: Some(id.0) });
        let image =
            CreateContainer { image: "wlengine-nobody:1".into(), ..lab.create("c", shell("true")) };
        assert_eq!(fault(engine.create_container(&image).await), Fault::ImageMissing);
        let mut bind = shell("true");
        bind.mounts.insert("/x".into(), Mount::bind("/no/such/path"));
        assert_eq!(fault(lab.created("d", bind).await), Fault::MountSourceMissing);
        let named = CreateContainer { name: "wlengine bad".into(), ..lab.create("e", shell("")) };
        assert_eq!(fault(engine.create_container(&named).await), Fault::Invalid);
        let empty = ContainerConfig::default();
        assert_eq!(fault(lab.created("f", empty).await), Fault::Invalid);
    });
}

#[test]
fn starts_that_fail() {
    run(|lab| async move {
        let engine = &lab.engine;
        let argv = |words: &[&str]| ContainerConfig {
            command: Some(words.iter().map(|word| (*word).to_owned()).collect()),
            ..ContainerConfig::default()
        };
        let table = [
            ("missing", argv(&["/no/such/binary"]), Fault::CommandNotRunnable),
            ("lost", argv(&["nosuchbinary"]), Fault::CommandNotRunnable),
            ("plain", argv(&["/etc/passwd"]), Fault::CommandNotRunnable),
            (
                "user",
                ContainerConfig { user: Some("nobody9".into()).into(), ..shell("") },
                Fault::UserUnknown,
            ),
        ];
        for (what, config, wanted) in table {
            let id = lab.created(what, config).await.unwrap();
            assert_eq!(fault(engine.start_container(&id).await), wanted, "{what}");
            let seen = engine.inspect_container(id.as_str()).await.unwrap();
            assert!(!seen.error.is_empty(), "{what}");
        }
    });
}

#[test]
fn ports_that_are_taken() {
    run(|lab| async move {
        let engine = &lab.engine;
        let port = |port| PublishedPort {
            target: 80,
            protocol: Protocol::Tcp,
            host_ip: Some("127.0.0.1".parse().unwrap()),
            published: Some(port),
        };
        let config =
            |number| ContainerConfig { published: [port(number)].into(), ..shell("sleep 60") };
        let host = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let held = host.local_addr().unwrap().port();
        let id = lab.created("host", config(held)).await.unwrap();
        let taken = Fault::PortInUse { port: Some(held) };
        assert_eq!(fault(engine.start_container(&id).await), taken);
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        for what in ["a", "b"] {
            let id = lab.created(what, config(free)).await.unwrap();
            let started = engine.start_container(&id).await;
            if what == "b" {
                assert_eq!(fault(started), Fault::PortInUse { port: Some(free) });
            } else {
                started.unwrap();
            }
        }
    });
}

#[test]
fn what_is_in_use() {
    run(|lab| async move {
        let engine = &lab.engine;
        let volume = lab.named("data");
        let create = CreateVolume {
            name: volume.clone(),
            config: VolumeConfig::default(),
            labels: BTreeMap::new(),
            owner: None,
        };
        engine.create_volume(&create).await.unwrap();
        let net = network(&lab, "net", None);
        let net_id = engine.create_network(&net).await.unwrap();
        let mut config = shell("sleep 60");
        config.mounts.insert("/x".into(), Mount::volume(&volume));
        config.network_mode = NetworkMode::Networks;
        config.endpoints.insert(net.name.clone(), Endpoint::default());
        let id = lab.created("a", config).await.unwrap();
        engine.start_container(&id).await.unwrap();
        let by = vec![id.0.clone()];
        assert_eq!(fault(engine.remove_volume(&volume).await), Fault::InUse { by });
        assert!(matches!(fault(engine.remove_network(&net_id).await), Fault::InUse { .. }));
        assert!(matches!(fault(engine.remove_image(&lab.image).await), Fault::InUse { .. }));
        assert_eq!(fault(engine.remove_container(&id, false, false).await), Fault::WrongState);
        assert_eq!(fault(engine.unpause_container(&id).await), Fault::WrongState);
        engine.pause_container(&id).await.unwrap();
        assert_eq!(fault(engine.pause_container(&id).await), Fault::WrongState);
        engine.unpause_container(&id).await.unwrap();
        engine.kill_container(&id, "SIGKILL").await.unwrap();
        engine.wait_container(&id).await.unwrap();
        assert_eq!(fault(engine.kill_container(&id, "SIGKILL").await), Fault::WrongState);
        assert_eq!(fault(engine.pause_container(&id).await), Fault::WrongState);
    });
}

#[test]
fn networks_that_fail() {
    run(|lab| async move {
        let engine = &lab.engine;
        let first = network(&lab, "a", Some("10.232.0.0/24"));
        let id = engine.create_network(&first).await.unwrap();
        let again = fault(engine.create_network(&network(&lab, "a", None)).await);
        assert!(matches!(again, Fault::NameConflict { .. }), "{again:?}");
        let over = fault(engine.create_network(&network(&lab, "b", Some("10.232.0.0/25"))).await);
        assert_eq!(over, Fault::AddressPool);
        let driver = CreateNetwork {
            config: NetworkConfig { driver: Some("bogus".into()), ..NetworkConfig::default() },
            ..network(&lab, "c", None)
        };
        assert_eq!(fault(engine.create_network(&driver).await), Fault::Unsupported);

        let mut config = shell("sleep 60");
        config.network_mode = NetworkMode::Networks;
        config.endpoints.insert(first.name.clone(), Endpoint::default());
        let container = lab.created("web", config).await.unwrap();
        engine.remove_network(&id).await.unwrap();
        assert_eq!(fault(engine.start_container(&container).await), Fault::NetworkMissing);
    });
}

#[test]
fn a_container_that_cannot_be_attached_is_not_left_behind() {
    run(|lab| async move {
        let net = network(&lab, "a", None);
        lab.engine.create_network(&net).await.unwrap();
        let mut config = shell("sleep 60");
        config.network_mode = NetworkMode::Networks;
        config.endpoints.insert(net.name.clone(), Endpoint::default());
        let mut missing = config.clone();
        missing.endpoints.insert(lab.named("nowhere"), Endpoint::default());
        let id = lab.created("late", missing).await.unwrap();
        assert_eq!(fault(lab.engine.start_container(&id).await), Fault::NetworkMissing);

        // No engine connects a container to a network and to the host's own; newer ones, which
        // take all endpoints at creation, say so at the start.
        config.endpoints.insert("host".to_owned(), Endpoint::default());
        if let Ok(id) = lab.created("web", config).await {
            assert!(lab.engine.start_container(&id).await.is_err());
        } else {
            let gone = lab.engine.inspect_container(&lab.named("web")).await;
            assert_eq!(fault(gone), Fault::NotFound);
        }
    });
}
