//! Containers: list, inspect, create, and every change of state.
//!
//! Invariant: a container whose endpoints could not all be made is removed again, by its id.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use windlass_model::container::ContainerConfig;
use windlass_model::fault::Fault;
use windlass_model::label::Owner;
use windlass_model::limits::{Limits, RestartPolicy};
use windlass_model::name::ContainerId;
use windlass_model::observed::{ContainerSummary, ObservedContainer};
use windlass_model::plan::CreateContainer;

use super::call::Call;
use super::convert::{
    Creation, anonymous_volumes, as_asked, as_understood, container_observed, container_summary,
    create_body, referenced_containers, update_body,
};
use super::deadline;
use super::document::Created;
use super::document::container::{Inspect, Summary, Top, Waited};
use super::engine::DockerEngine;
use super::error;
use super::query::{Query, segment};
use crate::error::{EngineError, Result};
use crate::stream::{EngineStream, Upload};

fn path(container: &str, what: &str) -> String {
    format!("/containers/{}{what}", segment(container))
}

impl DockerEngine {
    pub(super) async fn containers_list(&self) -> Result<Vec<ContainerSummary>> {
        let call = Call::get("/containers/json").query(Query::new().with_flag("all", true));
        let list: Vec<Summary> = self.send(call).await?.json().await?;
        Ok(list.into_iter().map(|one| container_summary(&self.name, one)).collect())
    }

    pub(super) async fn container_inspect(&self, container: &str) -> Result<ObservedContainer> {
        let document = self.container_document(container).await?;
        let mut names = BTreeMap::new();
        for id in referenced_containers(&document) {
            // One that is gone has no name any more.
            match self.container_document(&id).await {
                Ok(other) => {
                    let name = other.name.unwrap_or_default();
                    names.insert(id, name.trim_start_matches('/').to_owned());
                }
                Err(error) if error.is_not_found() => {}
                Err(error) => return Err(error),
            }
        }
        let is_podman = self.wire.peer().await?.is_podman();
        let mounts = if is_podman { document.mounts.clone() } else { None };
        let mut observed = container_observed(&self.name, document, &names);
        if is_podman {
            self.set_right(&mut observed).await?;
            observed.anonymous_volumes = anonymous_volumes(&observed.config, mounts);
            self.identify_networks(&mut observed).await?;
        }
        Ok(observed)
    }

    /// Podman writes names of networks where Docker has their ids.
    async fn identify_networks(&self, observed: &mut ObservedContainer) -> Result<()> {
        for name in observed.config.endpoints.keys() {
            match self.network_inspect(name).await {
                Ok(network) => drop(observed.network_ids.insert(name.clone(), network.id)),
                Err(error) if error.is_not_found() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Podman says what it made of a request; see there.
    async fn set_right(&self, observed: &mut ObservedContainer) -> Result<()> {
        let asked: Option<ContainerConfig> = observed.owner.as_ref().and_then(Owner::spec);
        let Some(asked) = asked else { return Ok(()) };
        let image = match self.image_inspect(observed.image_id.as_str()).await {
            Ok(image) => image.config,
            Err(error) if error.is_not_found() => None,
            Err(error) => return Err(error),
        };
        let seen = std::mem::take(&mut observed.config);
        observed.config = as_asked(seen, &asked, image.as_ref());
        Ok(())
    }

    async fn container_document(&self, container: &str) -> Result<Inspect> {
        self.send(Call::get(path(container, "/json"))).await?.json().await
    }

    pub(super) async fn container_create(&self, create: &CreateContainer) -> Result<ContainerId> {
        let peer = self.wire.peer().await?;
        if peer.is_podman() && create.image.is_empty() {
            return self.inert_create(create).await;
        }
        let understood =
            if peer.is_podman() { as_understood(create) } else { Cow::Borrowed(create) };
        let Creation { body, platform, later } = create_body(&understood, peer.api)
            .map_err(|message| EngineError::new(Fault::Unsupported, message))?;
        let query =
            Query::new().with("name", &create.name).with_some("platform", platform.as_deref());
        let call = Call::post("/containers/create").query(query).json(&body);
        let created: Created = self.send(call).await?.json().await?;
        let id = ContainerId::new(created.id);
        for (network, settings) in later {
            if let Err(error) = self.network_connect(&network, &id, settings).await {
                // What is half made would look like a container that somebody changed. If even
                // this fails, the next run finds it so and makes it anew.
                let _ = self.container_remove(&id, true, true).await;
                return Err(error);
            }
        }
        Ok(id)
    }

    /// Docker makes a container that is never to be started without an image. Podman does so where
    /// it is told where its files are, and looks there only at a start: its own root, below an
    /// overlay, so that even a start that somebody tries can't write there.
    async fn inert_create(&self, create: &CreateContainer) -> Result<ContainerId> {
        let CreateContainer { name, image: _, config, labels } = create;
        let body = serde_json::json!({
            "name": name,
            "rootfs": "/",
            "rootfs_overlay": true,
            "command": config.command,
            "labels": labels.all(),
            "netns": { "nsmode": "none" },
        });
        let call = Call::post("/libpod/containers/create").json(&body);
        let created: Created = self.send(call).await?.json().await?;
        Ok(ContainerId::new(created.id))
    }

    pub(super) async fn container_start(&self, container: &ContainerId) -> Result<()> {
        let call = Call::post(path(container.as_str(), "/start")).deadline(deadline::START);
        self.carry_out(call).await
    }

    /// Stops, or restarts: the grace and the deadline are the same. Without a timeout the grace is
    /// the container's own, which is looked up only when the engine takes longer than most need.
    pub(super) async fn container_stop(
        &self,
        container: &ContainerId,
        timeout_s: Option<u32>,
        verb: &str,
    ) -> Result<()> {
        let seconds = timeout_s.map(|seconds| seconds.to_string());
        let call = Call::post(path(container.as_str(), &format!("/{verb}")))
            .query(Query::new().with_some("t", seconds.as_deref()));
        if let Some(timeout_s) = timeout_s {
            let grace = Duration::from_secs(u64::from(timeout_s));
            return self.carry_out(call.deadline(deadline::stop(grace))).await;
        }
        let label = call.label();
        let stopped = self.carry_out(call.deadline(deadline::WAIT));
        let patience = async {
            let usual = deadline::stop(deadline::DEFAULT_GRACE).answer.unwrap_or_default();
            tokio::time::sleep(usual).await;
            let own = self.container_document(container.as_str()).await.ok();
            let own = own.and_then(|seen| seen.config?.stop_timeout).unwrap_or(0);
            let grace = Duration::from_secs(u64::try_from(own).unwrap_or(u64::MAX));
            let more = grace.saturating_sub(deadline::DEFAULT_GRACE);
            tokio::time::sleep(more).await;
            usual.saturating_add(more)
        };
        tokio::select! {
            stopped = stopped => stopped,
            after = patience => Err(error::deadline(&label, after)),
        }
    }

    pub(super) async fn container_kill(&self, container: &ContainerId, signal: &str) -> Result<()> {
        let query = Query::new().with("signal", signal);
        self.carry_out(Call::post(path(container.as_str(), "/kill")).query(query)).await
    }

    pub(super) async fn container_switch(&self, container: &ContainerId, verb: &str) -> Result<()> {
        self.carry_out(Call::post(path(container.as_str(), &format!("/{verb}")))).await
    }

    pub(super) async fn container_rename(&self, container: &ContainerId, name: &str) -> Result<()> {
        let query = Query::new().with("name", name);
        self.carry_out(Call::post(path(container.as_str(), "/rename")).query(query)).await
    }

    pub(super) async fn container_update(
        &self,
        container: &ContainerId,
        limits: &Limits,
        restart: RestartPolicy,
    ) -> Result<()> {
        let body = update_body(limits, restart);
        self.carry_out(Call::post(path(container.as_str(), "/update")).json(&body)).await
    }

    pub(super) async fn container_remove(
        &self,
        container: &ContainerId,
        force: bool,
        anonymous_volumes: bool,
    ) -> Result<()> {
        let query = Query::new().with_flag("force", force).with_flag("v", anonymous_volumes);
        let call = Call::delete(path(container.as_str(), ""));
        self.carry_out(call.query(query).deadline(deadline::REMOVE)).await
    }

    pub(super) async fn archive_put(
        &self,
        container: &ContainerId,
        target: &str,
        tar: Upload,
    ) -> Result<()> {
        let call = Call::put(path(container.as_str(), "/archive"))
            .query(Query::new().with("path", target))
            .stream("application/x-tar", tar)
            .deadline(deadline::UPLOAD);
        self.carry_out(call).await
    }

    pub(super) async fn archive_get(
        &self,
        container: &ContainerId,
        source: &str,
    ) -> Result<EngineStream<Bytes>> {
        let call = Call::get(path(container.as_str(), "/archive"))
            .query(Query::new().with("path", source))
            .deadline(deadline::DOWNLOAD);
        Ok(self.send(call).await?.streaming().into_stream().boxed())
    }

    pub(super) async fn health_check(&self, container: &ContainerId) -> Result<()> {
        if !self.wire.peer().await?.is_podman() {
            let message = "this engine runs health checks by itself";
            return Err(EngineError::new(Fault::Unsupported, message));
        }
        let path = format!("/libpod/containers/{}/healthcheck", segment(container.as_str()));
        self.carry_out(Call::get(path).deadline(deadline::CHECK)).await
    }

    pub(super) async fn container_wait(&self, container: &ContainerId) -> Result<i64> {
        let call = Call::post(path(container.as_str(), "/wait")).deadline(deadline::WAIT);
        let reply = self.send(call).await?.streaming();
        let label = reply.label().to_owned();
        let bytes = reply.bytes().await?;
        // The head comes at once, the end may never: an empty body is a lost reply.
        if bytes.trim_ascii().is_empty() {
            return Err(error::cut(&label));
        }
        let waited: Waited = serde_json::from_slice(&bytes)
            .map_err(|source| error::malformed(&label, "a bad exit code").with_source(source))?;
        Ok(waited.status_code)
    }

    pub(super) async fn container_top(
        &self,
        container: &ContainerId,
    ) -> Result<(Vec<String>, Vec<Vec<String>>)> {
        let call = Call::get(path(container.as_str(), "/top"));
        let Top { titles, processes } = self.send(call).await?.json().await?;
        Ok((titles.unwrap_or_default(), processes.unwrap_or_default()))
    }
}
