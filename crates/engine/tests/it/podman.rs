//! Recorded words of podman 4.3.1, where they differ from Docker's.
//!
//! Invariant: what windlass makes of them is what Docker would have said.

use futures_util::StreamExt as _;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use windlass_engine::Engine as _;
use windlass_engine::stream::EventRequest;
use windlass_model::container::ContainerConfig;
use windlass_model::fault::Fault;
use windlass_model::name::ContainerId;
use windlass_model::observed::State;
use windlass_model::plan::CreateContainer;

use crate::fake::{Act, Fake, json, pong, reply};

fn ping() -> String {
    let server = "Libpod-Api-Version: 4.3.1\r\nServer: Libpod/4.3.1";
    pong().replace("Server: Docker/20.10.24+dfsg1", server)
}

/// A podman that answers one call, and pings.
fn podman(call: &'static str, answer: String) -> Fake {
    Fake::start(move |_, line| match line {
        "GET /_ping" => Act::Say(ping()),
        line if line == call => Act::Say(answer.clone()),
        other => panic!("{other}"),
    })
}

#[tokio::test]
async fn a_container_without_an_image_is_made_of_a_root() {
    let answer = reply("201 Created", "application/json", r#"{"Id":"c32b","Warnings":[]}"#);
    let fake = podman("POST /libpod/containers/create", answer);
    let create = CreateContainer {
        name: "lock".into(),
        image: "".into(),
        config: ContainerConfig::default().into(),
        labels: BTreeMap::from([("a".to_owned(), "b".to_owned())]).into(),
    };
    let id = fake.engine.create_container(&create).await.unwrap();
    assert_eq!(id.as_str(), "c32b");
}

#[tokio::test]
async fn a_health_check_is_run_where_nobody_else_runs_it() {
    let answer = json(r#"{"Status":"unhealthy","FailingStreak":0,"Log":null}"#);
    let fake = podman("GET /libpod/containers/abc/healthcheck", answer);
    fake.engine.check_health(&ContainerId::new("abc")).await.unwrap();
    let docker = Fake::answering(Act::Say(json("{}")));
    let refused = docker.engine.check_health(&ContainerId::new("abc")).await.unwrap_err();
    assert_eq!(refused.fault, Fault::Unsupported);
    assert_eq!(docker.seen(), ["1 GET /_ping"], "Docker knows no such call");
}

#[tokio::test]
async fn a_port_is_held_by_what_runs_only() {
    let container = |state: &str| {
        format!(
            r#"{{"Id":"abc","Names":["/web"],"Image":"localhost/app:1","State":"{state}",
            "Ports":[{{"IP":"127.0.0.1","PrivatePort":80,"PublicPort":34567,"Type":"tcp"}}]}}"#
        )
    };
    let list = json(&format!("[{},{}]", container("created"), container("running")));
    let fake = podman("GET /containers/json", list);
    let seen = fake.engine.list_containers().await.unwrap();
    let ports: Vec<_> = seen.iter().map(|one| (one.state, one.published.len())).collect();
    assert_eq!(ports, [(State::Created, 0), (State::Running, 1)]);
}

#[tokio::test]
async fn a_container_of_no_image_names_none() {
    let list = json(r#"[{"Id":"abc","Names":["/lock"],"Image":"","ImageID":"sha256:"}]"#);
    let fake = podman("GET /containers/json", list);
    let seen = fake.engine.list_containers().await.unwrap();
    assert_eq!(seen[0].image_id.as_str(), "");
}

#[tokio::test]
async fn what_a_network_has_of_podmans_own_is_no_difference() {
    let spec = r#"{\"attachable\":true,\"ipam\":{\"pools\":[{\"subnet\":\"10.214.77.0/25\"}]}}"#;
    let list = json(
        &r#"[{"Name":"p.net","Id":"39aa","Driver":"bridge","EnableIPv6":false,"Attachable":false,
        "IPAM":{"Driver":"default","Options":{"driver":"host-local"},
          "Config":[{"Subnet":"10.214.77.0/25","Gateway":"10.214.77.1"}]},
        "Labels":{"dev.windlass.address":"network/net","dev.windlass.project":"p",
          "dev.windlass.spec":"SPEC","dev.windlass.version":"0.1.0"}}]"#
            .replace("SPEC", spec),
    );
    let fake = podman("GET /networks", list);
    let seen = fake.engine.list_networks().await.unwrap().remove(0);
    let asked = seen.owner.as_ref().and_then(windlass_model::label::Owner::spec);
    assert_eq!(Some(&seen.config), asked.as_ref());
}

#[tokio::test]
async fn a_list_from_which_an_image_just_goes_is_asked_for_again() {
    let asked = AtomicUsize::new(0);
    let said = [
        r#"{"cause":"image not known","message":"reading image \"9e48\": locating image with ID \"9e48\": image not known","response":500}"#,
        r#"{"cause":"size is not known","message":"retrieving label for image \"3f14\": reading data blob size \"manifest\" for \"3f14\": size is not known","response":500}"#,
    ];
    let fake = Fake::start(move |_, line| match line {
        "GET /_ping" => Act::Say(ping()),
        _ => match said.get(asked.fetch_add(1, Ordering::Relaxed)) {
            Some(said) => Act::Say(reply("500 Internal Server Error", "application/json", said)),
            None => Act::Say(json(r#"[{"Id":"sha256:aa","RepoTags":["localhost/app:1"]}]"#)),
        },
    });
    assert_eq!(fake.engine.list_images().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_moment_whose_zeros_are_left_out_is_not_believed() {
    let event = |time: &str| format!(r#"{{"Type":"container","Action":"start",{time}}}"#);
    let events = [
        event(r#""time":1795287194,"timeNano":1795287194976200152"#),
        event(r#""time":1795287197,"timeNano":179528719719445"#),
    ];
    let fake = podman("GET /events", json(&events.join("\n")));
    let request = EventRequest { until: Some("1".into()), ..EventRequest::default() };
    let events = fake.engine.events(&request).await.unwrap();
    let moments: Vec<i64> = events.map(|event| event.unwrap().time_ns).collect().await;
    assert_eq!(moments, [1_795_287_194_976_200_152, 1_795_287_197_000_000_000]);
}
