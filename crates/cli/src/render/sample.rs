//! A plan for tests: something of every kind.
//!
//! Invariant: only in tests.

use std::collections::BTreeMap;
use windlass::model::container::ContainerConfig;
use windlass::model::network::NetworkConfig;
use windlass::model::note::{Note, NoteReason};
use windlass::model::plan::{
    Action, Cause, ContainerRef, CreateContainer, CreateNetwork, FieldChange, Group, Hazard,
    Origin, Plan, Step, StepId, Until,
};
use windlass::model::{Address, ContainerId, EngineName};

fn at(kind: &str, name: &str) -> Address {
    let engine = EngineName::default();
    match kind {
        "network" => Address::network(&engine, name),
        "volume" => Address::volume(&engine, name),
        "image" => Address::image(&engine, name),
        _ => Address::container(&engine, name),
    }
}

fn step(address: Address, action: Action, cause: Cause, group: Group, after: &[u32]) -> Step {
    let after = after.iter().copied().map(StepId).collect();
    Step { address, action, cause, hazard: None, after, group: Some(group) }
}

fn change(path: &str, was: Option<&str>, wanted: Option<&str>, origin: Origin) -> FieldChange {
    let text = |text: Option<&str>| text.map(str::to_owned);
    FieldChange { path: path.into(), was: text(was), wanted: text(wanted), origin }
}

fn create(name: &str) -> Action {
    Action::CreateContainer(Box::new(CreateContainer {
        name: name.into(),
        image: "app:1".into(),
        config: ContainerConfig::default().into(),
        labels: BTreeMap::new().into(),
    }))
}

/// Creates a network and a container, recreates one, removes a volume; leaves others alone.
pub(crate) fn plan() -> Plan {
    let old = ContainerRef::Existing(ContainerId::new("0123456789abcdef"));
    let diverged = Cause::Diverged(vec![
        change("env.GREETING", Some("hello"), Some("bye\u{1b}[2J"), Origin::File),
        change("mounts./data", None, Some("volume shop.data"), Origin::Engine),
    ]);
    let healthy = |step| Action::WaitContainer {
        container: ContainerRef::Planned(StepId(step)),
        until: Until::Healthy,
        deadline_ms: 30_000,
    };
    let network = Action::CreateNetwork(Box::new(CreateNetwork {
        name: "shop.front".into(),
        config: NetworkConfig::default(),
        labels: BTreeMap::new(),
    }));
    let volume = Action::RemoveVolume { name: "shop.old".into(), created: String::new() };
    let stop = Action::StopContainer { container: old.clone(), timeout_s: None };
    let start = |step| Action::StartContainer(ContainerRef::Planned(StepId(step)));
    let mut steps = vec![
        step(at("network", "front"), network, Cause::Absent, Group::Create, &[]),
        step(at("container", "app"), create("shop.app"), Cause::Absent, Group::Create, &[0]),
        step(at("container", "app"), start(1), Cause::Absent, Group::Create, &[1]),
        step(at("container", "app"), healthy(1), Cause::Readiness, Group::Create, &[2]),
        step(at("container", "web"), stop, diverged.clone(), Group::Recreate, &[3]),
        step(at("container", "web"), create("shop.web"), diverged.clone(), Group::Recreate, &[4]),
        step(at("container", "web"), start(5), diverged, Group::Recreate, &[5]),
        step(at("container", "web"), healthy(5), Cause::Readiness, Group::Create, &[6]),
        step(at("volume", "old"), volume, Cause::Orphan, Group::Remove, &[]),
    ];
    steps[8].hazard = Some(Hazard::DataLoss);
    let note = |address, reason| Note { address, reason };
    let notes = vec![
        note(at("volume", "data"), NoteReason::UpToDate),
        note(at("container", "job"), NoteReason::Completed),
        note(at("container", "gone"), NoteReason::Orphan { name: "shop.gone".into() }),
    ];
    Plan { steps, notes, rescues: Vec::new() }
}
