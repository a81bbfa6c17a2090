//! Networks and volumes: what is created reads back equal, and can be changed where it can.

use std::collections::BTreeMap;

use windlass_engine::Engine as _;
use windlass_model::address::{Address, Kind};
use windlass_model::endpoint::{Endpoint, NetworkMode};
use windlass_model::label::owner_labels;
use windlass_model::name::{EngineName, ProjectName};
use windlass_model::network::{Ipam, IpamPool, NetworkConfig};
use windlass_model::plan::{CreateNetwork, CreateVolume};
use windlass_model::volume::VolumeConfig;

use crate::lab::{Lab, run, shell};

fn labels(
    lab: &Lab,
    kind: Kind,
    what: &str,
    spec: &impl serde::Serialize,
) -> BTreeMap<String, String> {
    let address = Address::new(EngineName::default(), kind, what);
    owner_labels(&ProjectName::new(&lab.name), &address, Some(spec), None)
}

#[test]
fn networks_read_back() {
    run(|lab| async move {
        let pool = |subnet: &str| IpamPool { subnet: Some(subnet.into()), ..IpamPool::default() };
        let ipam = |pools| Some(Ipam { pools, ..Ipam::default() });
        let whole = IpamPool {
            ip_range: Some("10.233.1.128/25".into()),
            gateway: Some("10.233.1.129".into()),
            aux_addresses: BTreeMap::from([("host".into(), "10.233.1.130".into())]),
            ..pool("10.233.1.0/24")
        };
        let named = Ipam { driver: Some("default".into()), ..Ipam::default() };
        let six = vec![pool("10.233.2.0/24"), pool("fd00:233::/64")];
        let base = NetworkConfig::default();
        let options =
            BTreeMap::from([("com.docker.network.bridge.enable_icc".into(), "false".into())]);
        let table = [
            ("plain", base.clone()),
            ("driver", NetworkConfig { driver: Some("bridge".into()), ..base.clone() }),
            ("internal", NetworkConfig { internal: true, attachable: true, ..base.clone() }),
            ("options", NetworkConfig { driver_options: options, ..base.clone() }),
            (
                "labels",
                NetworkConfig {
                    labels: BTreeMap::from([("a".into(), "b".into())]),
                    ..base.clone()
                },
            ),
            ("pool", NetworkConfig { ipam: ipam(vec![pool("10.233.0.0/24")]), ..base.clone() }),
            ("whole", NetworkConfig { ipam: ipam(vec![whole]), ..base.clone() }),
            ("named", NetworkConfig { ipam: Some(named), ..base.clone() }),
            ("six", NetworkConfig { ipv6: true, ipam: ipam(six), ..base }),
        ];
        for (what, config) in table {
            let mut labels = labels(&lab, Kind::Network, what, &config);
            labels.extend(config.labels.clone());
            let create = CreateNetwork { name: lab.named(what), config: config.clone(), labels };
            let id = lab.engine.create_network(&create).await.unwrap();
            let seen = lab.engine.inspect_network(id.as_str()).await.unwrap();
            assert_eq!(seen.config, config, "{what}");
            let listed = lab.engine.list_networks().await.unwrap();
            let listed = listed.into_iter().find(|one| one.id == id).unwrap();
            assert_eq!(listed, seen, "{what}");
            lab.engine.remove_network(&id).await.unwrap();
        }
    });
}

#[test]
fn volumes_read_back() {
    run(|lab| async move {
        let base = VolumeConfig::default();
        let tmpfs = BTreeMap::from([("type", "tmpfs"), ("device", "tmpfs"), ("o", "size=1m")]);
        let tmpfs = tmpfs.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
        let table = [
            ("plain", base.clone()),
            ("driver", VolumeConfig { driver: Some("local".into()), ..base.clone() }),
            ("options", VolumeConfig { driver_options: tmpfs, ..base.clone() }),
            ("labels", VolumeConfig { labels: BTreeMap::from([("a".into(), "b".into())]), ..base }),
        ];
        for (what, config) in table {
            let mut labels = labels(&lab, Kind::Volume, what, &config);
            labels.extend(config.labels.clone());
            let create =
                CreateVolume { name: lab.named(what), config: config.clone(), labels, owner: None };
            let made = lab.engine.create_volume(&create).await.unwrap();
            assert_eq!(made.config, config, "{what}");
            assert_eq!(lab.engine.inspect_volume(&create.name).await.unwrap(), made);
            assert!(lab.engine.list_volumes().await.unwrap().contains(&made), "{what}");
            // Whoever creates it again gets the volume that is there, with its own labels.
            let other = CreateVolume { labels: BTreeMap::new(), ..create };
            assert_eq!(lab.engine.create_volume(&other).await.unwrap(), made);
        }
    });
}

#[test]
fn endpoints_change_on_a_running_container() {
    run(|lab| async move {
        let engine = &lab.engine;
        let mut nets = Vec::new();
        for what in ["a", "b"] {
            let config = NetworkConfig::default();
            let create = CreateNetwork { name: lab.named(what), config, labels: BTreeMap::new() };
            nets.push(engine.create_network(&create).await.unwrap());
        }
        let mut config = shell("sleep 60");
        config.network_mode = NetworkMode::Networks;
        config.endpoints.insert(lab.named("a"), Endpoint::default());
        let id = lab.created("web", config).await.unwrap();
        engine.start_container(&id).await.unwrap();
        let aliased = Endpoint { aliases: ["db".to_owned()].into(), ..Endpoint::default() };
        engine.connect_network(nets[1].as_str(), &id, &aliased).await.unwrap();
        let seen = engine.inspect_container(id.as_str()).await.unwrap();
        assert_eq!(seen.config.endpoints[&lab.named("b")], aliased);
        engine.disconnect_network(nets[0].as_str(), &id).await.unwrap();
        let seen = engine.inspect_container(id.as_str()).await.unwrap();
        assert_eq!(seen.config.endpoints.keys().collect::<Vec<_>>(), [&lab.named("b")]);
        assert_eq!(seen.config.network_mode, NetworkMode::Networks);
    });
}
