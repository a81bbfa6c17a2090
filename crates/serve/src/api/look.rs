//! Looking: the state, now and as it changes.
//!
//! Invariant: nothing is changed.

use bytes::Bytes;
use futures_util::stream::{StreamExt as _, unfold};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

use crate::reply::{self, Reply};
use crate::states::States;

/// A connection that is dead shows by it.
const ALIVE: Duration = Duration::from_secs(15);

/// Server-sent events: the state now, and whenever it changes.
pub(crate) fn events(states: &Arc<States>) -> Reply {
    let mut receiver = states.subscribe();
    receiver.mark_changed();
    let events = unfold(receiver, async |mut receiver| {
        let event = loop {
            match timeout(ALIVE, receiver.changed()).await {
                Err(_) => break ": alive\n\n".to_owned(),
                Ok(Err(_)) => return None,
                Ok(Ok(())) => {
                    // JSON has no line ends in it.
                    if let Some(state) = receiver.borrow_and_update().clone() {
                        break format!("event: state\ndata: {state}\n\n");
                    }
                }
            }
        };
        Some((Bytes::from(event), receiver))
    });
    reply::stream("text/event-stream", events.boxed())
}
