//! Looking: what runs, how that hangs together, when it changes, and what it writes.
//!
//! Invariant: nothing is changed, and what no secret of the file must show is not in it.

use futures_util::stream::{BoxStream, StreamExt as _, once, select_all, unfold};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use windlass::engine::Engine;
use windlass::engine::stream::{Channel, EngineEvent, EventRequest, LogRequest as EngineLogs};
use windlass::model::Address;
use windlass::model::label;
use windlass::model::observed::ContainerSummary;
use windlass::model::one_off;
use windlass_serve::{LogLine, LogRequest, Problem};

use super::problem;
use crate::commands::ps;
use crate::graph::{self, Graph};
use crate::log::follow::open;
use crate::session::{self, Session};
use crate::trouble::Trouble;

/// What runs, and how it hangs together.
pub(super) async fn state(session: &Session, nodes: &[Value]) -> Result<Value, Problem> {
    let seen = session.list().await.map_err(problem::of_trouble)?;
    let address = |summary: &ContainerSummary| summary.owner.as_ref()?.address.clone();
    let there: BTreeSet<Address> = seen.iter().filter_map(|(_, one)| address(one)).collect();
    let mut containers = Vec::new();
    for (address, spec) in &session.project.containers {
        if !there.contains(address) {
            let image = session.image_reference(&spec.image);
            containers.push(absent(address, &image));
        }
    }
    for (_, summary) in &seen {
        let address = address(summary);
        let declared =
            address.as_ref().is_some_and(|at| session.project.containers.contains_key(at));
        containers.push(container(address.as_ref(), declared, summary));
    }
    containers.sort_by_key(|one| one["name"].as_str().unwrap_or_default().to_owned());
    Ok(json!({
        "project": session.project.name.as_str(),
        "containers": containers,
        "graph": nodes,
    }))
}

/// What the objects of the file need.
pub(super) fn nodes(session: &Session) -> Vec<Value> {
    let drawn = Graph::new(&session.project, &windlass::image_bases(&session.project), None);
    let nodes = drawn.nodes.iter().map(|(name, edges)| {
        let needs: Vec<_> =
            edges.iter().map(|edge| json!({"to": edge.to, "condition": edge.condition})).collect();
        json!({"name": name, "kind": graph::kind(name), "needs": needs})
    });
    nodes.collect()
}

fn absent(address: &Address, image: &str) -> Value {
    json!({
        "name": address.to_string(), "id": null, "image": image, "state": "absent", "health": null,
        "exit_code": null, "status": null, "ports": [], "created_s": null, "declared": true,
        "lease": null,
    })
}

fn container(address: Option<&Address>, declared: bool, summary: &ContainerSummary) -> Value {
    let is_one_off = one_off::is_one(&summary.name, &summary.labels);
    let lease = summary.name.rsplit_once("_run_").map(|(_, id)| id).filter(|_| is_one_off);
    let name = address.map_or_else(|| session::name(summary).to_owned(), Address::to_string);
    json!({
        "name": name,
        "id": summary.id.as_str(),
        "image": summary.image,
        "state": summary.state.as_str(),
        "health": ps::health(summary),
        "exit_code": ps::exit_code(summary),
        "status": summary.status,
        "ports": ps::port_words(&summary.published),
        "created_s": summary.created_s,
        "declared": declared,
        "lease": lease,
    })
}

/// An item for each change of the project's objects; ends when an engine is not heard any more.
pub(super) async fn changes(session: &Session) -> Result<BoxStream<'static, ()>, Problem> {
    let mut streams = Vec::new();
    for engine in session.engines.values() {
        for key in [label::PROJECT, one_off::PROJECT] {
            let labels = vec![format!("{key}={}", session.project.name)];
            let events = engine.events(&EventRequest { labels, ..EventRequest::default() }).await;
            let trouble = |error| problem::of_trouble(Trouble::engine("hear of changes", error));
            let events = events.map_err(trouble)?.filter_map(|event| async {
                match event {
                    Ok(event) if is_news(&event) => Some(Some(())),
                    Ok(_) => None,
                    Err(_) => Some(None),
                }
            });
            streams.push(events.chain(once(async { None })).boxed());
        }
    }
    let all = select_all(streams).take_while(|item| std::future::ready(item.is_some()));
    Ok(all.map(drop).boxed())
}

/// Health checks are execs, and come all the time.
fn is_news(event: &EngineEvent) -> bool {
    !event.action.starts_with("exec_")
        && !matches!(event.action.as_str(), "top" | "resize" | "attach")
}

/// What a container wrote.
pub(super) async fn logs(
    engine: &Arc<dyn Engine>,
    summary: &ContainerSummary,
    request: LogRequest,
) -> Result<BoxStream<'static, LogLine>, Problem> {
    let request = EngineLogs {
        follow: request.follow,
        tail: request.tail,
        timestamps: true,
        ..EngineLogs::default()
    };
    let opened = open(engine, &summary.id, session::name(summary), &request).await;
    let log = opened.map_err(problem::of_trouble)?;
    let lines = unfold(log, async |mut log| {
        // Where it breaks off, it ends.
        let line = log.next().await?.ok()?;
        let text = String::from_utf8_lossy(&line.bytes);
        let channel = match line.channel {
            Channel::Stdout => "stdout",
            Channel::Stderr => "stderr",
        };
        let text = text.trim_end_matches(['\n', '\r']).to_owned();
        Some((LogLine { channel, time: line.time, line: text }, log))
    });
    Ok(lines.boxed())
}
