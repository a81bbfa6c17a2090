//! States: what the project is and does, told to everybody who looks, when it changes.
//!
//! Invariant: however many look, the keeper is asked once for each change; if nobody does, not at all.

use futures_util::{FutureExt as _, StreamExt as _};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::keeper::Keeper;
use crate::leases::Leases;
use crate::problem::Problem;

/// Changes come in bunches: they are told together.
const BUNCH: Duration = Duration::from_millis(120);

/// Until an engine that could not be heard is asked again.
const AGAIN: Duration = Duration::from_secs(2);

/// What nobody told is seen at the latest then.
const AT_THE_LATEST: Duration = Duration::from_mins(1);

pub(crate) type Text = Option<Arc<str>>;

/// What the project is and does.
pub(crate) struct States {
    keeper: Arc<dyn Keeper>,
    leases: Arc<Leases>,
    /// JSON.
    latest: watch::Sender<Text>,
    is_looking: Mutex<bool>,
}

impl States {
    pub(crate) fn new(keeper: Arc<dyn Keeper>, leases: Arc<Leases>) -> Arc<Self> {
        let latest = watch::channel(None).0;
        Arc::new(Self { keeper, leases, latest, is_looking: Mutex::default() })
    }

    /// As it is now.
    pub(crate) async fn now(&self) -> Result<Value, Problem> {
        let mut state = self.keeper.state().await?;
        state["leases"] = json!(self.leases.all());
        Ok(state)
    }

    /// As it is now, and whenever it changes.
    pub(crate) fn subscribe(self: &Arc<Self>) -> watch::Receiver<Text> {
        let mut is_looking = self.is_looking.lock().expect("invariant: nothing in it can panic");
        let receiver = self.latest.subscribe();
        if !*is_looking {
            *is_looking = true;
            tokio::spawn(Arc::clone(self).look());
        }
        receiver
    }

    async fn look(self: Arc<Self>) {
        let mut leases = self.leases.changes();
        loop {
            let changes = self.keeper.changes().await;
            let is_heard = changes.is_ok();
            let mut changes = changes.unwrap_or_else(|_| futures_util::stream::empty().boxed());
            loop {
                if self.is_alone() {
                    return;
                }
                // Those that come while it is looked are news.
                leases.borrow_and_update();
                while changes.next().now_or_never().flatten().is_some() {}
                let state = self.now().await.unwrap_or_else(|problem| problem.json());
                self.latest.send_replace(Some(state.to_string().into()));
                tokio::select! {
                    change = changes.next(), if is_heard => {
                        if change.is_none() {
                            break;
                        }
                    }
                    _ = leases.changed() => {}
                    () = sleep(if is_heard { AT_THE_LATEST } else { AGAIN }) => {
                        if !is_heard {
                            break;
                        }
                    }
                }
                sleep(BUNCH).await;
            }
            if is_heard {
                sleep(AGAIN).await;
            }
        }
    }

    /// Whether nobody looks any more; then the next one begins again.
    fn is_alone(&self) -> bool {
        let mut is_looking = self.is_looking.lock().expect("invariant: nothing in it can panic");
        if self.latest.receiver_count() > 0 {
            return false;
        }
        *is_looking = false;
        self.latest.send_replace(None);
        true
    }
}
