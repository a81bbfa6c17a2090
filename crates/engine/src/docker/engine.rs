//! The Docker Engine behind the trait that the rest of windlass sees.
//!
//! Invariant: nothing is decided here; every method hands on to the module of its object.

use std::collections::BTreeMap;

use async_trait::async_trait;
use bytes::Bytes;
use windlass_model::endpoint::Endpoint;
use windlass_model::engine::{EngineInfo, EngineSpec};
use windlass_model::fault::Fault;
use windlass_model::limits::{Limits, RestartPolicy};
use windlass_model::name::{ContainerId, EngineName, ImageId, NetworkId};
use windlass_model::observed::{
    ContainerSummary, ObservedContainer, ObservedImage, ObservedNetwork, ObservedVolume,
};
use windlass_model::plan::{CreateContainer, CreateNetwork, CreateVolume};

use super::address::{EngineAddress, Environment};
use super::auth::Logins;
use super::call::Call;
use super::document::Empty;
use super::error;
use super::http::Http;
use super::negotiate::Wire;
use super::reply::Reply;
use super::transport::Transport;
use crate::Engine;
use crate::build::BuildRequest;
use crate::error::{EngineError, Result};
use crate::registry_access::RegistryAccess;
use crate::stream::{
    AttachRequest, Attached, Chunk, EngineEvent, EngineStream, EventRequest, ExecRequest,
    LogRequest, ProgressSink, RunningExec, Upload,
};

/// An engine that speaks the Docker Engine API: Docker itself, or podman.
///
/// Opening it reads certificates and configuration, but connects to nothing; connections are made
/// as they are needed and kept. It must be used within a tokio runtime.
pub struct DockerEngine {
    pub(super) name: EngineName,
    pub(super) wire: Wire,
    pub(super) environment: Environment,
    pub(super) logins: Logins,
}

impl DockerEngine {
    /// Opens the engine that a file declares: by its URL, its context, or the environment.
    pub fn open(name: EngineName, spec: &EngineSpec, environment: Environment) -> Result<Self> {
        let address = EngineAddress::of_spec(spec, &environment).map_err(|source| {
            let message = format!("it is not clear where the engine `{name}` is");
            EngineError::new(Fault::Invalid, message).with_source(source)
        })?;
        Self::at(name, &address, environment)
    }

    /// Opens the engine at an address.
    pub fn at(name: EngineName, address: &EngineAddress, environment: Environment) -> Result<Self> {
        let transport =
            Transport::open(address).map_err(|source| error::dial(&address.to_string(), source))?;
        Ok(Self {
            name,
            wire: Wire::new(Http::new(transport)),
            environment,
            logins: Logins::default(),
        })
    }

    /// With what the project declares to log in to registries with.
    #[must_use]
    pub fn with_logins(self, logins: Logins) -> Self {
        Self { logins, ..self }
    }

    /// Where the engine is, for messages.
    pub fn address(&self) -> String {
        self.wire.address()
    }

    pub(super) async fn send(&self, call: Call) -> Result<Reply> {
        self.wire.send(call).await
    }

    /// Sends a call whose reply says nothing but that it was carried out.
    pub(super) async fn carry_out(&self, call: Call) -> Result<()> {
        self.send(call).await?.finish().await
    }
}

/// The body of a call that takes one, when there is nothing to say.
pub(super) const NOTHING: Empty = Empty {};

#[async_trait]
impl Engine for DockerEngine {
    fn name(&self) -> &EngineName {
        &self.name
    }

    fn is_here(&self) -> bool {
        self.address().starts_with("unix://")
    }

    async fn info(&self) -> Result<EngineInfo> {
        let peer = self.wire.peer().await?;
        let api = (u32::from(peer.api.major), u32::from(peer.api.minor));
        let (version, is_podman) = (peer.version.clone(), peer.is_podman());
        Ok(EngineInfo { api, version, is_podman })
    }

    async fn list_containers(&self) -> Result<Vec<ContainerSummary>> {
        self.containers_list().await
    }

    async fn list_images(&self) -> Result<Vec<ObservedImage>> {
        self.images_list().await
    }

    async fn list_networks(&self) -> Result<Vec<ObservedNetwork>> {
        self.networks_list().await
    }

    async fn list_volumes(&self) -> Result<Vec<ObservedVolume>> {
        self.volumes_list().await
    }

    async fn inspect_container(&self, container: &str) -> Result<ObservedContainer> {
        self.container_inspect(container).await
    }

    async fn inspect_image(&self, image: &str) -> Result<ObservedImage> {
        self.image_inspect(image).await
    }

    async fn inspect_network(&self, network: &str) -> Result<ObservedNetwork> {
        self.network_inspect(network).await
    }

    async fn inspect_volume(&self, volume: &str) -> Result<ObservedVolume> {
        self.volume_inspect(volume).await
    }

    async fn create_container(&self, create: &CreateContainer) -> Result<ContainerId> {
        self.container_create(create).await
    }

    async fn start_container(&self, container: &ContainerId) -> Result<()> {
        self.container_start(container).await
    }

    async fn stop_container(&self, container: &ContainerId, timeout_s: Option<u32>) -> Result<()> {
        self.container_stop(container, timeout_s, "stop").await
    }

    async fn restart_container(
        &self,
        container: &ContainerId,
        timeout_s: Option<u32>,
    ) -> Result<()> {
        self.container_stop(container, timeout_s, "restart").await
    }

    async fn kill_container(&self, container: &ContainerId, signal: &str) -> Result<()> {
        self.container_kill(container, signal).await
    }

    async fn pause_container(&self, container: &ContainerId) -> Result<()> {
        self.container_switch(container, "pause").await
    }

    async fn unpause_container(&self, container: &ContainerId) -> Result<()> {
        self.container_switch(container, "unpause").await
    }

    async fn rename_container(&self, container: &ContainerId, name: &str) -> Result<()> {
        self.container_rename(container, name).await
    }

    async fn update_container(
        &self,
        container: &ContainerId,
        limits: &Limits,
        restart: RestartPolicy,
    ) -> Result<()> {
        self.container_update(container, limits, restart).await
    }

    async fn remove_container(
        &self,
        container: &ContainerId,
        force: bool,
        anonymous_volumes: bool,
    ) -> Result<()> {
        self.container_remove(container, force, anonymous_volumes).await
    }

    async fn put_archive(&self, container: &ContainerId, path: &str, tar: Upload) -> Result<()> {
        self.archive_put(container, path, tar).await
    }

    async fn get_archive(
        &self,
        container: &ContainerId,
        path: &str,
    ) -> Result<EngineStream<Bytes>> {
        self.archive_get(container, path).await
    }

    async fn check_health(&self, container: &ContainerId) -> Result<()> {
        self.health_check(container).await
    }

    async fn wait_container(&self, container: &ContainerId) -> Result<i64> {
        self.container_wait(container).await
    }

    async fn logs(
        &self,
        container: &ContainerId,
        request: &LogRequest,
    ) -> Result<EngineStream<Chunk>> {
        self.container_logs(container, request).await
    }

    async fn top(&self, container: &ContainerId) -> Result<(Vec<String>, Vec<Vec<String>>)> {
        self.container_top(container).await
    }

    async fn attach(&self, container: &ContainerId, request: &AttachRequest) -> Result<Attached> {
        self.container_attach(container, request).await
    }

    async fn resize(&self, container: &ContainerId, rows: u16, columns: u16) -> Result<()> {
        self.terminal_resize("containers", container.as_str(), rows, columns).await
    }

    async fn exec(&self, container: &ContainerId, request: &ExecRequest) -> Result<Attached> {
        self.exec_run(container, request).await
    }

    async fn resize_exec(&self, exec_id: &str, rows: u16, columns: u16) -> Result<()> {
        self.terminal_resize("exec", exec_id, rows, columns).await
    }

    async fn running_execs(&self, container: &ContainerId) -> Result<Vec<RunningExec>> {
        self.execs_running(container).await
    }

    async fn exec_exit_code(&self, exec_id: &str) -> Result<Option<i64>> {
        self.exec_ended(exec_id).await
    }

    async fn create_network(&self, create: &CreateNetwork) -> Result<NetworkId> {
        self.network_create(create).await
    }

    async fn remove_network(&self, network: &NetworkId) -> Result<()> {
        self.network_remove(network).await
    }

    async fn connect_network(
        &self,
        network: &str,
        container: &ContainerId,
        endpoint: &Endpoint,
    ) -> Result<()> {
        let settings = super::convert::endpoint_settings(endpoint);
        self.network_connect(network, container, settings).await
    }

    async fn disconnect_network(&self, network: &str, container: &ContainerId) -> Result<()> {
        self.network_disconnect(network, container).await
    }

    async fn create_volume(&self, create: &CreateVolume) -> Result<ObservedVolume> {
        self.volume_create(create).await
    }

    async fn remove_volume(&self, volume: &str) -> Result<()> {
        self.volume_remove(volume).await
    }

    async fn pull_image(
        &self,
        reference: &str,
        platform: Option<&str>,
        progress: ProgressSink<'_>,
    ) -> Result<()> {
        self.image_pull(reference, platform, progress).await
    }

    async fn image_digest(&self, reference: &str) -> Result<String> {
        self.image_digest_of(reference).await
    }

    async fn push_image(&self, reference: &str, progress: ProgressSink<'_>) -> Result<()> {
        self.image_push(reference, progress).await
    }

    async fn check_registry(&self, registry: &str, push: bool) -> Result<RegistryAccess> {
        self.registry_check(registry, push).await
    }

    async fn build_image(
        &self,
        request: BuildRequest,
        progress: ProgressSink<'_>,
    ) -> Result<ImageId> {
        self.image_build(request, progress).await
    }

    async fn import_image(
        &self,
        reference: &str,
        changes: &[String],
        labels: &BTreeMap<String, String>,
        tar: Upload,
    ) -> Result<ImageId> {
        self.image_import(reference, changes, labels, tar).await
    }

    async fn commit_container(
        &self,
        container: &ContainerId,
        reference: &str,
        labels: &BTreeMap<String, String>,
    ) -> Result<()> {
        self.container_commit(container, reference, labels).await
    }

    async fn tag_image(&self, image: &str, reference: &str) -> Result<()> {
        self.image_tag(image, reference).await
    }

    async fn remove_image(&self, image: &str) -> Result<()> {
        self.image_remove(image).await
    }

    async fn export_container(&self, container: &ContainerId) -> Result<EngineStream<Bytes>> {
        self.container_export(container).await
    }

    async fn load_image(&self, tar: Upload) -> Result<Option<ImageId>> {
        self.image_load(tar).await
    }

    async fn save_image(&self, image: &str) -> Result<EngineStream<Bytes>> {
        self.image_save(image).await
    }

    async fn events(&self, request: &EventRequest) -> Result<EngineStream<EngineEvent>> {
        self.events_stream(request).await
    }
}
