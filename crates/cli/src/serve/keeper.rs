//! The keeper of a project.
//!
//! Invariant: a container that could not be made ready is removed before that is said.

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;
use windlass::OneOffContainer;
use windlass::engine::Engine;
use windlass::model::container::ContainerSpec;
use windlass::model::image::ImageUse;
use windlass::model::lock::Holder;
use windlass::model::observed::ObservedContainer;
use windlass::model::one_off::OneOff;
use windlass::model::port::PublishedPort;
use windlass::model::{ContainerId, EngineName};
use windlass_serve::{Cancelled, Keeper, Kind, LogLine, LogRequest, Port, Problem, Served, Wish};

use super::look;
use super::make::{Stage, Turns};
use super::{like, problem};
use crate::brought;
use crate::invocation::Invocation;
use crate::process;
use crate::session::Session;
use crate::signals::Signals;
use crate::trouble::Trouble;

/// What is waited before an engine that is away is asked again.
const AGAIN: Duration = Duration::from_secs(2);

/// How often it is tried to find a container that has to go, and what is between.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(500);

/// The keeper of a project.
pub(crate) struct ProjectKeeper {
    invocation: Invocation,
    session: Session,
    /// What every container of a lease goes with.
    holder: Holder,
    turns: Arc<Turns>,
    /// What the objects of the file need, for the page: the file is read once.
    nodes: Vec<Value>,
}

impl ProjectKeeper {
    pub(crate) fn new(invocation: &Invocation, session: Session) -> Self {
        let holder = process::holder(&invocation.environment, invocation.command);
        let nodes = look::nodes(&session);
        Self { invocation: invocation.quietly(), session, holder, turns: Arc::default(), nodes }
    }

    /// Removes what was brought up for leases, when all of them have ended.
    pub(crate) async fn take_back(&self, signals: &mut Signals) {
        brought::take_back(&self.invocation, &self.session, false, signals).await;
    }

    /// The project with the container that a lease's is like.
    fn stage(&self, like: &ContainerSpec) -> Session {
        let mut project = self.session.project.clone();
        project.containers.insert(like.address.clone(), like.clone());
        Session {
            project,
            engines: self.session.engines.clone(),
            origin: self.session.origin.clone(),
            file_digests: self.session.file_digests.clone(),
        }
    }

    fn one_off(&self, lease: &str, wish: &Wish) -> OneOff {
        OneOff {
            id: lease.to_owned(),
            run: Some(self.holder.clone()),
            command: wish.command.clone(),
            env: wish.env.clone(),
            publish: true,
            serves: true,
            ..OneOff::default()
        }
    }

    /// Where a container that is ready can be reached.
    async fn served(
        &self,
        engine: &Arc<dyn Engine>,
        name: &str,
        wish: &Wish,
    ) -> Result<Served, Problem> {
        let trouble =
            |error| problem::of_trouble(Trouble::engine(format!("look at {name}"), error));
        let seen = engine.inspect_container(name).await.map_err(trouble)?;
        let ObservedContainer { id, name, addresses, .. } = seen;
        let mut ports: BTreeMap<String, Vec<Port>> = BTreeMap::new();
        let all = engine.list_containers().await.map_err(trouble)?;
        for port in all.iter().filter(|one| one.id == id).flat_map(|one| &one.published) {
            let PublishedPort { published: Some(number), host_ip, .. } = *port else { continue };
            let host = host_ip
                .filter(|ip| !ip.is_unspecified())
                .or_else(|| Some(wish.publish_on).filter(|ip| !ip.is_unspecified()));
            let host = host.map_or("127.0.0.1".to_owned(), |ip| ip.to_string());
            let places = ports.entry(port.exposed().to_string()).or_default();
            let place = Port { host, port: number };
            if !places.contains(&place) {
                places.push(place);
            }
        }
        let engine = engine.name().to_string();
        Ok(Served { container: id.as_str().to_owned(), name, engine, ports, addresses })
    }

    async fn take_away(&self, engine: &Arc<dyn Engine>, name: &str) {
        for _ in 0..TRIES {
            match OneOffContainer::find(engine, &self.session.project.name, name).await {
                Ok(Some(container)) => return container.remove().await,
                Ok(None) => return,
                // An engine that does not answer leaves it to the next run.
                Err(_) => sleep(PAUSE).await,
            }
        }
    }
}

#[async_trait]
impl Keeper for ProjectKeeper {
    async fn start(
        &self,
        lease: &str,
        wish: &Wish,
        says: &(dyn Fn(String) + Send + Sync),
        cancelled: Cancelled,
    ) -> Result<Served, Problem> {
        let like = like::like(&self.invocation, &self.session, wish);
        let like = like.map_err(problem::of_trouble)?;
        let session = self.stage(&like);
        let (invocation, turns) = (&self.invocation, &self.turns);
        let stage = Stage { invocation, session: &session, turns, says };
        if let ImageUse::Project(key) = &like.image {
            stage.image(key, cancelled.clone()).await?;
        }
        let one_off = self.one_off(lease, wish);
        let name = one_off.name(&like.name);
        let engine = Arc::clone(&session.engines[&like.address.engine]);
        let made = stage.container(&like, &one_off, wish.timeout_s, cancelled).await;
        let served = match made {
            Ok(()) => self.served(&engine, &name, wish).await,
            Err(problem) => Err(problem),
        };
        if served.is_err() {
            self.take_away(&engine, &name).await;
        }
        served
    }

    async fn exit(&self, served: &Served) -> Option<i64> {
        let engine = self.session.engines.get(&EngineName::new(&served.engine))?;
        let container = ContainerId::new(&served.container);
        loop {
            match engine.wait_container(&container).await {
                Ok(code) => return Some(code),
                Err(error) if error.is_not_found() => return None,
                // An engine that is away is asked again.
                Err(_) => tokio::time::sleep(AGAIN).await,
            }
        }
    }

    async fn stop(&self, served: &Served) {
        if let Some(engine) = self.session.engines.get(&EngineName::new(&served.engine)) {
            self.take_away(engine, &served.name).await;
        }
    }

    async fn logs(
        &self,
        container: &str,
        request: LogRequest,
    ) -> Result<BoxStream<'static, LogLine>, Problem> {
        let all = self.session.list().await.map_err(problem::of_trouble)?;
        let found = all.into_iter().find(|(_, summary)| summary.id.as_str() == container);
        let Some((engine, summary)) = found else {
            let problem = Problem::new(Kind::NotFound, "the project has no such container");
            return Err(problem.with_hint("it may have been made anew: GET /v1/state"));
        };
        look::logs(&engine, &summary, request).await
    }

    async fn state(&self) -> Result<Value, Problem> {
        look::state(&self.session, &self.nodes).await
    }

    async fn changes(&self) -> Result<BoxStream<'static, ()>, Problem> {
        look::changes(&self.session).await
    }
}
