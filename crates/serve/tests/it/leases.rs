//! Leases must end with their owners, whatever ends those.
//!
//! Invariant: every test ends its server, which counts what was given back.

use crate::fixture::{Fixture, chunk, head};
use serde_json::Value;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;

const HOLD: &str = r#"{"container": "db", "hold": true}"#;

#[tokio::test]
async fn one_with_a_time_is_renewed_and_ended() {
    let fixture = Fixture::new().await;
    let begun = fixture.ask("POST /v1/leases", r#"{"container": "db", "ttl_s": 9}"#).await;
    let lease = begun.is(201).json();
    let id = lease["id"].as_str().unwrap();
    assert_eq!((&lease["status"], &lease["held"]), (&"ready".into(), &false.into()));
    assert_eq!(lease["of"]["container"], "db");
    let renewed = fixture.ask(&format!("POST /v1/leases/{id}/renew"), "").await;
    assert_eq!(renewed.is(200).json()["ttl_s"], 9);
    let renewed = fixture.ask(&format!("POST /v1/leases/{id}/renew"), r#"{"ttl_s": 99}"#).await;
    assert_eq!(renewed.is(200).json()["ttl_s"], 99);
    assert!(renewed.json()["left_s"].as_u64().unwrap() > 90);
    let all = fixture.ask("GET /v1/leases", "").await;
    assert_eq!(all.is(200).json()["leases"][0]["id"], id);
    let log = fixture.ask(&format!("GET /v1/leases/{id}/logs?tail=3"), "").await;
    assert!(log.is(200).body.contains("tail Some(3)"));
    fixture.ask(&format!("DELETE /v1/leases/{id}"), "").await.is(204);
    assert_eq!(fixture.keeper.stopped.load(Ordering::SeqCst), 1);
    fixture.ask(&format!("DELETE /v1/leases/{id}"), "").await.is(404);
    fixture.ask(&format!("POST /v1/leases/{id}/renew"), "").await.is(404);
    fixture.end().await;
}

#[tokio::test(start_paused = true)]
async fn one_that_nobody_renews_ends() {
    let fixture = Fixture::new().await;
    let begun = fixture.ask("POST /v1/leases", r#"{"image": "app", "ttl_s": 30}"#).await;
    let id = begun.is(201).json()["id"].as_str().unwrap().to_owned();
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!(fixture.leases.all().len(), 1);
    fixture.ask(&format!("POST /v1/leases/{id}/renew"), "").await.is(200);
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!(fixture.leases.all().len(), 1);
    tokio::time::sleep(Duration::from_secs(11)).await;
    assert!(fixture.leases.all().is_empty());
    assert_eq!(fixture.keeper.stopped.load(Ordering::SeqCst), 1);
    fixture.end().await;
}

#[tokio::test]
async fn one_that_is_held_goes_with_its_connection() {
    held("").await;
}

#[tokio::test]
async fn so_does_one_that_was_asked_for_with_more_than_it_needs() {
    held("\r\n\r\nand more").await;
}

async fn held(more: &str) {
    let fixture = Fixture::new().await;
    let mut connection = fixture.connect().await;
    let request = format!("{}{HOLD}{more}", fixture.head("POST /v1/leases", HOLD.len()));
    connection.get_mut().write_all(request.as_bytes()).await.unwrap();
    assert_eq!(head(&mut connection).await.status, 200);
    let mut events = Vec::new();
    while events.last().is_none_or(|event: &Value| event["event"] != "ready") {
        let piece = chunk(&mut connection).await.unwrap();
        events.push(serde_json::from_str::<Value>(&piece).unwrap());
    }
    let names: Vec<_> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(names, ["begun", "waiting", "ready"]);
    let id = events[2]["lease"]["id"].as_str().unwrap();
    assert_eq!(events[2]["lease"]["held"], true);
    fixture.ask(&format!("POST /v1/leases/{id}/renew"), "").await.is(409);
    drop(connection);
    fixture.wait_until("it ends", |keeper| keeper.stopped.load(Ordering::SeqCst) == 1).await;
    fixture.end().await;
}

#[tokio::test]
async fn whoever_hangs_up_before_it_is_ready_ends_it() {
    let fixture = Fixture::new().await;
    fixture.keeper.is_slow.store(true, Ordering::SeqCst);
    for (count, body) in [(1, HOLD), (2, r#"{"container": "db"}"#)] {
        let mut connection = fixture.connect().await;
        let request = format!("{}{body}", fixture.head("POST /v1/leases", body.len()));
        connection.get_mut().write_all(request.as_bytes()).await.unwrap();
        while fixture.leases.all().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        drop(connection);
        let is_cancelled =
            |keeper: &crate::fixture::Counter| keeper.cancelled.load(Ordering::SeqCst) == count;
        fixture.wait_until("it is cancelled", is_cancelled).await;
    }
    fixture.end().await;
}

#[tokio::test]
async fn the_end_of_the_server_is_the_end_of_all() {
    let fixture = Fixture::new().await;
    for _ in 0..5 {
        fixture.ask("POST /v1/leases", r#"{"container": "db"}"#).await.is(201);
    }
    let mut connection = fixture.connect().await;
    let request = format!("{}{HOLD}", fixture.head("POST /v1/leases", HOLD.len()));
    connection.get_mut().write_all(request.as_bytes()).await.unwrap();
    fixture.wait_until("all are there", |keeper| keeper.started.load(Ordering::SeqCst) == 6).await;
    fixture.end().await;
    head(&mut connection).await;
    let mut said = String::new();
    while let Some(piece) = chunk(&mut connection).await {
        said.push_str(&piece);
    }
    assert!(said.contains("\"ended\""), "{said}");
}

#[tokio::test]
async fn one_that_can_not_be_made_says_why() {
    let fixture = Fixture::new().await;
    let refused = fixture.ask("POST /v1/leases", r#"{"container": "bad"}"#).await;
    let error = &refused.is(422).json()["error"];
    assert_eq!(error["code"], "failed");
    assert_eq!(error["hint"], "see its log");
    let held = fixture.ask("POST /v1/leases", r#"{"container": "bad", "hold": true}"#).await;
    assert!(held.is(200).body.contains(r#""event":"failed""#), "{held:?}");
    fixture.end().await;
}
