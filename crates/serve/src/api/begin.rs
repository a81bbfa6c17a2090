//! Beginning and renewing leases.
//!
//! Invariant: whoever hangs up before a lease is ready, or holds it and hangs up, ends it.

use bytes::Bytes;
use futures_util::stream::{StreamExt as _, unfold};
use http::StatusCode;
use http::header::{self, HeaderMap};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::leases::{Held, Leases, Said};
use crate::problem::{Kind, Problem};
use crate::reply::{self, Reply};
use crate::wish::{TTL_RANGE_S, Wish, number};

/// How often whoever holds a lease is told that it lives; a connection that is dead shows by it.
const ALIVE: Duration = Duration::from_secs(10);

/// A body that is JSON and says so: no form of another page does.
fn parse(headers: &HeaderMap, body: &[u8]) -> Result<Value, Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        let problem = Problem::new(Kind::WrongMedia, "the body is not said to be JSON");
        return Err(problem.with_hint("send `Content-Type: application/json`"));
    }
    serde_json::from_slice(body).map_err(|error| {
        Problem::new(Kind::BadRequest, format!("the body is not JSON: {error}"))
            .with_hint("send {\"container\": \"NAME\"}")
    })
}

pub(crate) async fn begin(
    leases: &Arc<Leases>,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Reply, Problem> {
    let wish = Wish::read(&parse(headers, body)?)?;
    let is_held = wish.ttl_s.is_none();
    let mut held = leases.begin(wish)?;
    if is_held {
        return Ok(hold(held));
    }
    let lease = held.ready().await?;
    held.let_go();
    Ok(reply::json(StatusCode::CREATED, &json!(lease)))
}

pub(crate) fn renew(
    leases: &Leases,
    headers: &HeaderMap,
    body: &[u8],
    id: &str,
) -> Result<Reply, Problem> {
    let value = if body.is_empty() { json!({}) } else { parse(headers, body)? };
    let empty = Map::new();
    let map = value.as_object().unwrap_or(&empty);
    if !value.is_object() || map.keys().any(|key| key != "ttl_s") {
        let problem = Problem::new(Kind::BadRequest, "a renewal can say ttl_s and nothing else");
        return Err(problem.with_hint("such as {\"ttl_s\": 60}"));
    }
    let lease = leases.renew(id, number(map, "ttl_s", TTL_RANGE_S)?)?;
    Ok(reply::json(StatusCode::OK, &json!(lease)))
}

/// How far a lease is that is held.
enum Phase {
    Begun,
    Starting,
    Ready,
    Exited,
    Over,
}

/// A lease that lives as long as somebody reads what is sent.
fn hold(held: Held) -> Reply {
    let mut alive = interval(ALIVE);
    alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first one is at once.
    alive.reset();
    let events = unfold((held, alive, Phase::Begun), async |(mut held, mut alive, phase)| {
        let (event, phase) = next(&mut held, &mut alive, phase).await?;
        Some((Bytes::from(format!("{event}\n")), (held, alive, phase)))
    });
    reply::stream("application/x-ndjson", events.boxed())
}

async fn next(held: &mut Held, alive: &mut Interval, phase: Phase) -> Option<(Value, Phase)> {
    let told = match phase {
        Phase::Begun => (json!({"event": "begun", "id": held.id}), Phase::Starting),
        Phase::Starting => tokio::select! {
            said = held.next() => match said {
                Said::Waiting(what) => {
                    (json!({"event": "waiting", "id": held.id, "what": what}), Phase::Starting)
                }
                Said::Ready(Ok(lease)) => (json!({"event": "ready", "lease": lease}), Phase::Ready),
                Said::Exited(code) => (exited(&held.id, code), Phase::Exited),
                Said::Ready(Err(problem)) => {
                    let mut event = problem.json();
                    event["event"] = "failed".into();
                    (event, Phase::Over)
                }
            },
            _ = alive.tick() => (json!({"event": "alive"}), Phase::Starting),
        },
        Phase::Ready => tokio::select! {
            () = held.is_gone() => (json!({"event": "ended", "id": held.id}), Phase::Over),
            // Nothing more is said of one that is being removed.
            Said::Exited(code) = held.next() => (exited(&held.id, code), Phase::Exited),
            _ = alive.tick() => (json!({"event": "alive"}), Phase::Ready),
        },
        Phase::Exited => tokio::select! {
            () = held.is_gone() => (json!({"event": "ended", "id": held.id}), Phase::Over),
            _ = alive.tick() => (json!({"event": "alive"}), Phase::Exited),
        },
        Phase::Over => return None,
    };
    Some(told)
}

fn exited(id: &str, code: Option<i64>) -> Value {
    json!({"event": "exited", "id": id, "exit_code": code})
}
