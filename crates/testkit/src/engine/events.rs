//! The fake engine's stream of events.
//!
//! Invariant: a subscriber misses nothing that happens after its call, and past events come first.

use super::{FakeEngine, Wire};
use crate::injection::Misfortune;
use crate::world::{World, refuse};
use futures_util::StreamExt as _;
use futures_util::stream;
use std::collections::VecDeque;
use tokio::sync::broadcast::error::RecvError;
use windlass_engine::stream::{EngineEvent, EngineStream, EventRequest};
use windlass_engine::{EngineError, Result};
use windlass_model::fault::Fault;
use windlass_model::name::ContainerId;

impl FakeEngine {
    pub(super) async fn subscribe(
        &self,
        request: &EventRequest,
    ) -> Result<EngineStream<EngineEvent>> {
        let fate = self.fate("events", "", false).await?;
        let is_deaf = fate == Some(Misfortune::Deaf);
        let breaks = fate == Some(Misfortune::Breaking);
        let since = request.since.clone();
        let sender = self.inner.events.clone();
        // In one step: no event can come between the past ones and the subscription.
        let subscribe = move |world: &mut World| {
            Ok((past(&world.events, since.as_deref()), sender.subscribe()))
        };
        let (past, receiver) = self.undergo(fate, subscribe).await?;
        if is_deaf {
            return Ok(stream::pending().boxed());
        }
        let labels = request.labels.clone();
        let steps = stream::unfold((past, Some(receiver)), |(mut past, receiver)| async move {
            if let Some(event) = past.pop_front() {
                return Some((Ok(event), (past, receiver)));
            }
            let mut receiver = receiver?;
            match receiver.recv().await {
                Ok(Wire::Event(event)) => Some((Ok(event), (past, Some(receiver)))),
                Ok(Wire::Cut) | Err(RecvError::Lagged(_) | RecvError::Closed) => {
                    let error = EngineError::new(Fault::ReplyLost, "the stream of events broke");
                    Some((Err(error), (past, None)))
                }
            }
        });
        let wanted = move |item: &Result<EngineEvent>| {
            let wanted = item.as_ref().map_or(true, |event| matches(event, &labels));
            futures_util::future::ready(wanted)
        };
        let heard = steps.filter(wanted);
        if !breaks {
            return Ok(heard.boxed());
        }
        let error = EngineError::new(Fault::ReplyLost, "the stream of events broke");
        Ok(heard.take(1).chain(stream::once(async move { Err(error) })).boxed())
    }

    /// Waits until a container stands still; its exit code.
    pub(super) async fn until_ended(&self, container: &ContainerId) -> Result<i64> {
        loop {
            let mut events = self.inner.events.subscribe();
            let id = container.clone();
            let ended = self
                .look("wait_container", container.as_str(), move |world| {
                    let container = world.container(&id)?;
                    Ok((!container.state.is_up()).then_some(container.exit_code))
                })
                .await?;
            if let Some(code) = ended {
                return Ok(code);
            }
            if let Err(RecvError::Closed) = events.recv().await {
                return refuse(Fault::ReplyLost, "the connection broke");
            }
        }
    }
}

/// Events from a moment on: seconds since the epoch, with a fraction.
fn past(events: &[EngineEvent], since: Option<&str>) -> VecDeque<EngineEvent> {
    let Some(since) = since else { return VecDeque::new() };
    let (s, fraction) = since.split_once('.').unwrap_or((since, "0"));
    let ns = |text: &str| format!("{text:0<9}").get(..9).and_then(|t| t.parse::<i64>().ok());
    let from = s.parse::<i64>().unwrap_or(0) * 1_000_000_000 + ns(fraction).unwrap_or(0);
    events.iter().filter(|event| event.time_ns >= from).cloned().collect()
}

fn matches(event: &EngineEvent, labels: &[String]) -> bool {
    labels.iter().all(|label| match label.split_once('=') {
        Some((key, value)) => event.attributes.get(key).is_some_and(|is| is == value),
        None => event.attributes.contains_key(label),
    })
}
