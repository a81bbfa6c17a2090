//! The stream of changes on an engine.
//!
//! Invariant: a stream that ends before the moment it was asked for ends with an error.

use std::collections::BTreeMap;

use futures_util::StreamExt as _;

use super::call::Call;
use super::deadline;
use super::document::progress::{Actor, Event};
use super::engine::DockerEngine;
use super::error;
use super::json_lines::JsonLines;
use super::query::Query;
use crate::error::Result;
use crate::stream::{EngineEvent, EngineStream, EventRequest};

const SECOND_NS: i64 = 1_000_000_000;

impl DockerEngine {
    pub(super) async fn events_stream(
        &self,
        request: &EventRequest,
    ) -> Result<EngineStream<EngineEvent>> {
        let EventRequest { since, until, labels } = request;
        let filters = (!labels.is_empty()).then(|| {
            let filters = BTreeMap::from([("label", labels)]);
            serde_json::to_string(&filters).expect("invariant: a map of texts is JSON")
        });
        let query = Query::new()
            .with_some("since", since.as_deref())
            .with_some("until", until.as_deref())
            .with_some("filters", filters.as_deref());
        let reply = self.send(Call::get("/events").query(query).deadline(deadline::FOLLOW));
        let reply = reply.await?.streaming();
        let state = Some((JsonLines::<Event>::new(reply), until.is_some()));
        let events = futures_util::stream::unfold(state, |state| async {
            let (mut lines, ends) = state?;
            match lines.next().await {
                Ok(Some(event)) => Some((Ok(converted(event)), Some((lines, ends)))),
                Ok(None) if ends => None,
                Ok(None) => Some((Err(error::cut(lines.label())), None)),
                Err(error) => Some((Err(error), None)),
            }
        });
        Ok(events.boxed())
    }
}

pub(super) fn converted(event: Event) -> EngineEvent {
    let Event { kind, action, actor, time_s, time_ns } = event;
    let Actor { id, attributes } = actor.unwrap_or_default();
    let seconds = time_s.map(|seconds| seconds.saturating_mul(SECOND_NS));
    // Podman leaves out the zeros that the fraction begins with: such a number is another moment.
    let fits = |ns: i64| time_s.is_none_or(|seconds| ns.div_euclid(SECOND_NS) == seconds);
    EngineEvent {
        kind: kind.unwrap_or_default(),
        action: action.unwrap_or_default(),
        id: id.unwrap_or_default(),
        attributes: attributes.unwrap_or_default(),
        time_ns: time_ns.filter(|ns| *ns != 0 && fits(*ns)).or(seconds).unwrap_or_default(),
    }
}
