//! Watches: one subscription to each engine's events for all waits on it.
//!
//! Invariant: whoever hears `Signal::Lost` may have missed anything and must look again; nobody
//! polls.

use crate::moment;
use futures_util::StreamExt as _;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{broadcast, watch};
use tokio::task::JoinHandle;
use windlass_engine::stream::{EngineEvent, EventRequest};
use windlass_engine::{Engine, Engines};
use windlass_model::label;
use windlass_model::name::{EngineName, ProjectName};
use windlass_model::plan::{Action, Plan};

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// What a watch hears.
#[derive(Clone, Debug)]
pub(crate) enum Signal {
    Event(Arc<EngineEvent>),
    /// The subscription was broken for a while.
    Lost,
}

/// The subscriptions of a run. They end with it.
pub(crate) struct Watches(BTreeMap<EngineName, Watch>);

struct Watch {
    signals: broadcast::Sender<Signal>,
    /// Whether the first subscription was tried.
    tried: watch::Receiver<bool>,
    task: JoinHandle<()>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Watches {
    /// Subscribes to the engines that the plan waits on. This takes no time of the run's: a wait
    /// waits until the subscription stands, and looks only then.
    pub(crate) fn open(plan: &Plan, engines: &Engines, project: &ProjectName) -> Self {
        let waited: BTreeSet<&EngineName> = plan
            .steps
            .iter()
            .filter(|step| matches!(step.action, Action::WaitContainer { .. }))
            .map(|step| &step.address.engine)
            .collect();
        let open = |name: &EngineName| {
            let engine = engines.get(name)?;
            Some((name.clone(), Watch::open(Arc::clone(engine), project)))
        };
        Self(waited.into_iter().filter_map(open).collect())
    }

    /// Hears everything from now on; returns when the subscription stands, or can't be had for now.
    pub(crate) async fn hear(&self, engine: &EngineName) -> Option<broadcast::Receiver<Signal>> {
        let watch = self.0.get(engine)?;
        let receiver = watch.signals.subscribe();
        let mut tried = watch.tried.clone();
        // An error means that the task is gone, which ends with the run.
        drop(tried.wait_for(|tried| *tried).await);
        Some(receiver)
    }
}

impl Watch {
    fn open(engine: Arc<dyn Engine>, project: &ProjectName) -> Self {
        let (signals, _) = broadcast::channel(256);
        let (tried, tried_receiver) = watch::channel(false);
        let labels = vec![format!("{}={project}", label::PROJECT)];
        let task = tokio::spawn(listen(engine, labels, signals.clone(), tried));
        Self { signals, tried: tried_receiver, task }
    }
}

/// Subscribes, and again from the last event on whenever the stream breaks.
async fn listen(
    engine: Arc<dyn Engine>,
    labels: Vec<String>,
    signals: broadcast::Sender<Signal>,
    tried: watch::Sender<bool>,
) {
    let mut since: Option<String> = None;
    let mut pause = FIRST_PAUSE;
    loop {
        let request = EventRequest { since: since.clone(), until: None, labels: labels.clone() };
        let stream = engine.events(&request).await;
        // The first time it tells that the subscription stands; later on everybody looks again,
        // which must not be before it does.
        if tried.send_replace(true) || stream.is_err() {
            tell(&signals, Signal::Lost);
        }
        if let Ok(mut stream) = stream {
            while let Some(Ok(event)) = stream.next().await {
                pause = FIRST_PAUSE;
                since = Some(moment::text(event.time_ns + 1));
                tell(&signals, Signal::Event(Arc::new(event)));
            }
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Without a wait there is nobody to tell.
fn tell(signals: &broadcast::Sender<Signal>, signal: Signal) {
    drop(signals.send(signal));
}
