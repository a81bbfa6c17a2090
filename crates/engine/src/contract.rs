//! The engine trait: exactly the calls that windlass makes.
//!
//! Invariant: a method is one call of the Engine API (where an old engine needs two for the same
//! effect, the second is made here); it does not retry what may have been carried out.

use crate::build::BuildRequest;
use crate::error::Result;
use crate::registry_access::RegistryAccess;
use crate::stream::{
    AttachRequest, Attached, Chunk, EngineEvent, EngineStream, EventRequest, ExecRequest,
    LogRequest, ProgressSink, RunningExec, Upload,
};
use async_trait::async_trait;
use std::collections::BTreeMap;
use windlass_model::endpoint::Endpoint;
use windlass_model::engine::EngineInfo;
use windlass_model::limits::{Limits, RestartPolicy};
use windlass_model::name::{ContainerId, EngineName, ImageId, NetworkId};
use windlass_model::observed::{
    ContainerSummary, ObservedContainer, ObservedImage, ObservedNetwork, ObservedVolume,
};
use windlass_model::plan::{CreateContainer, CreateNetwork, CreateVolume};

/// One Docker Engine API endpoint.
///
/// Containers are addressed by id (a name may have been given to another one in between), images by
/// id or reference, networks by id where there is one, volumes by name, which is all they have.
#[async_trait]
pub trait Engine: Send + Sync {
    /// The name of this engine in the file.
    fn name(&self) -> &EngineName;
    /// Whether it is on this machine, so that its containers' addresses are reached from here.
    fn is_here(&self) -> bool {
        false
    }
    /// Connects if need be, and says what API version is spoken.
    async fn info(&self) -> Result<EngineInfo>;

    async fn list_containers(&self) -> Result<Vec<ContainerSummary>>;
    async fn list_images(&self) -> Result<Vec<ObservedImage>>;
    async fn list_networks(&self) -> Result<Vec<ObservedNetwork>>;
    async fn list_volumes(&self) -> Result<Vec<ObservedVolume>>;

    /// By id or name. `Fault::NotFound` if it is not there.
    async fn inspect_container(&self, container: &str) -> Result<ObservedContainer>;
    /// By id or reference, with its configuration.
    async fn inspect_image(&self, image: &str) -> Result<ObservedImage>;
    async fn inspect_network(&self, network: &str) -> Result<ObservedNetwork>;
    async fn inspect_volume(&self, volume: &str) -> Result<ObservedVolume>;

    /// Creates a container with all its endpoints.
    async fn create_container(&self, create: &CreateContainer) -> Result<ContainerId>;
    /// A container that already runs is success.
    async fn start_container(&self, container: &ContainerId) -> Result<()>;
    /// `None`: the container's own grace. A container that does not run is success.
    async fn stop_container(&self, container: &ContainerId, timeout_s: Option<u32>) -> Result<()>;
    async fn restart_container(
        &self,
        container: &ContainerId,
        timeout_s: Option<u32>,
    ) -> Result<()>;
    async fn kill_container(&self, container: &ContainerId, signal: &str) -> Result<()>;
    async fn pause_container(&self, container: &ContainerId) -> Result<()>;
    async fn unpause_container(&self, container: &ContainerId) -> Result<()>;
    async fn rename_container(&self, container: &ContainerId, name: &str) -> Result<()>;
    async fn update_container(
        &self,
        container: &ContainerId,
        limits: &Limits,
        restart: RestartPolicy,
    ) -> Result<()>;
    async fn remove_container(
        &self,
        container: &ContainerId,
        force: bool,
        anonymous_volumes: bool,
    ) -> Result<()>;
    /// Unpacks an uncompressed tar into a directory of a container, running or not.
    async fn put_archive(&self, container: &ContainerId, path: &str, tar: Upload) -> Result<()>;
    /// A file or directory of a container, as a tar.
    async fn get_archive(
        &self,
        container: &ContainerId,
        path: &str,
    ) -> Result<EngineStream<bytes::Bytes>>;
    /// Runs the container's health check once. Podman's own call: it leaves the checks to systemd, and
    /// where that does not run nobody checks anything. `Fault::Unsupported` on other engines.
    async fn check_health(&self, container: &ContainerId) -> Result<()>;
    /// Waits until it does not run; its exit code.
    async fn wait_container(&self, container: &ContainerId) -> Result<i64>;
    async fn logs(
        &self,
        container: &ContainerId,
        request: &LogRequest,
    ) -> Result<EngineStream<Chunk>>;
    /// The processes in it: titles, then rows.
    async fn top(&self, container: &ContainerId) -> Result<(Vec<String>, Vec<Vec<String>>)>;
    /// Attaches to a container's main process; call before its start to miss nothing.
    async fn attach(&self, container: &ContainerId, request: &AttachRequest) -> Result<Attached>;
    async fn resize(&self, container: &ContainerId, rows: u16, columns: u16) -> Result<()>;

    /// Creates and starts an exec, attached.
    async fn exec(&self, container: &ContainerId, request: &ExecRequest) -> Result<Attached>;
    async fn resize_exec(&self, exec_id: &str, rows: u16, columns: u16) -> Result<()>;
    /// The execs of a container that run now.
    async fn running_execs(&self, container: &ContainerId) -> Result<Vec<RunningExec>>;
    /// The exit code of an exec that ended.
    async fn exec_exit_code(&self, exec_id: &str) -> Result<Option<i64>>;

    async fn create_network(&self, create: &CreateNetwork) -> Result<NetworkId>;
    async fn remove_network(&self, network: &NetworkId) -> Result<()>;
    async fn connect_network(
        &self,
        network: &str,
        container: &ContainerId,
        endpoint: &Endpoint,
    ) -> Result<()>;
    async fn disconnect_network(&self, network: &str, container: &ContainerId) -> Result<()>;

    /// An engine answers with the volume that is there already, if one is: compare what comes back.
    async fn create_volume(&self, create: &CreateVolume) -> Result<ObservedVolume>;
    async fn remove_volume(&self, volume: &str) -> Result<()>;

    async fn pull_image(
        &self,
        reference: &str,
        platform: Option<&str>,
        progress: ProgressSink<'_>,
    ) -> Result<()>;
    /// The digest, `sha256:…`, that its registry has for a reference now; nothing is pulled.
    async fn image_digest(&self, reference: &str) -> Result<String>;
    async fn push_image(&self, reference: &str, progress: ProgressSink<'_>) -> Result<()>;
    /// Logs in to a registry, such as `docker.io`, with what a pull or a push would be shown.
    async fn check_registry(&self, registry: &str, push: bool) -> Result<RegistryAccess>;
    async fn build_image(
        &self,
        request: BuildRequest,
        progress: ProgressSink<'_>,
    ) -> Result<ImageId>;
    /// Makes an image of a root file system in a tar; `changes` are Dockerfile instructions, and
    /// labels are given as such.
    async fn import_image(
        &self,
        reference: &str,
        changes: &[String],
        labels: &BTreeMap<String, String>,
        tar: Upload,
    ) -> Result<ImageId>;
    /// Makes an image of a container as it is, with these labels beside the container's.
    async fn commit_container(
        &self,
        container: &ContainerId,
        reference: &str,
        labels: &BTreeMap<String, String>,
    ) -> Result<()>;
    async fn tag_image(&self, image: &str, reference: &str) -> Result<()>;
    async fn remove_image(&self, image: &str) -> Result<()>;
    /// All of a container's own file system, as a tar.
    async fn export_container(&self, container: &ContainerId)
    -> Result<EngineStream<bytes::Bytes>>;
    /// An image with all its layers, as a tar that an engine loads.
    async fn save_image(&self, image: &str) -> Result<EngineStream<bytes::Bytes>>;
    /// Loads images from such a tar. Layers that the engine has need not be in it, unless it keeps them in containerd.
    /// The id that it gave to the last of them that has no name: not all engines mean the digest of its configuration by that.
    async fn load_image(&self, tar: Upload) -> Result<Option<ImageId>>;

    async fn events(&self, request: &EventRequest) -> Result<EngineStream<EngineEvent>>;
}
