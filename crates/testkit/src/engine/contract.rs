//! The engine's calls, carried out on the world.
//!
//! Invariant: every method that changes something goes through `change`, every other through `look`.

use super::FakeEngine;
use crate::exec;
use crate::world::{Upload, refuse};
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use std::collections::BTreeMap;
use windlass_engine::build::BuildRequest;
use windlass_engine::stream::{
    AttachRequest, Attached, CallProgress, Chunk, EngineEvent, EngineStream, EventRequest,
    ExecRequest, LogRequest, ProgressSink, RunningExec, Upload as TarStream,
};
use windlass_engine::{Engine, EngineError, RegistryAccess, Result};
use windlass_model::digest::Digest;
use windlass_model::endpoint::Endpoint;
use windlass_model::engine::EngineInfo;
use windlass_model::event::Progress;
use windlass_model::fault::Fault;
use windlass_model::limits::{Limits, RestartPolicy};
use windlass_model::name::{ContainerId, EngineName, ImageId, NetworkId};
use windlass_model::observed::{
    ContainerSummary, ObservedContainer, ObservedImage, ObservedNetwork, ObservedVolume,
};
use windlass_model::plan::{CreateContainer, CreateNetwork, CreateVolume};

#[async_trait]
impl Engine for FakeEngine {
    fn name(&self) -> &EngineName {
        &self.inner.name
    }

    async fn info(&self) -> Result<EngineInfo> {
        self.look("info", "", |world| Ok(world.info.clone())).await
    }

    async fn list_containers(&self) -> Result<Vec<ContainerSummary>> {
        self.look("list_containers", "", |world| Ok(world.summaries())).await
    }

    async fn list_images(&self) -> Result<Vec<ObservedImage>> {
        self.look("list_images", "", |world| {
            world.images.keys().map(|id| world.observe_image(id, false)).collect()
        })
        .await
    }

    async fn list_networks(&self) -> Result<Vec<ObservedNetwork>> {
        self.look("list_networks", "", |world| Ok(world.networks.values().cloned().collect())).await
    }

    async fn list_volumes(&self) -> Result<Vec<ObservedVolume>> {
        self.look("list_volumes", "", |world| Ok(world.volumes.values().cloned().collect())).await
    }

    async fn inspect_container(&self, container: &str) -> Result<ObservedContainer> {
        let key = container.to_owned();
        self.look("inspect_container", container, move |world| world.inspect_container(&key)).await
    }

    async fn inspect_image(&self, image: &str) -> Result<ObservedImage> {
        let key = image.to_owned();
        self.look("inspect_image", image, move |world| {
            let id = world.find_image(&key)?;
            world.observe_image(&id, true)
        })
        .await
    }

    async fn inspect_network(&self, network: &str) -> Result<ObservedNetwork> {
        let key = network.to_owned();
        self.look("inspect_network", network, move |world| {
            let id = world.find_network(&key)?;
            Ok(world.networks[&id].clone())
        })
        .await
    }

    async fn inspect_volume(&self, volume: &str) -> Result<ObservedVolume> {
        let key = volume.to_owned();
        self.look("inspect_volume", volume, move |world| match world.volumes.get(&key) {
            Some(found) => Ok(found.clone()),
            None => refuse(Fault::NotFound, format!("get {key}: no such volume")),
        })
        .await
    }

    async fn create_container(&self, create: &CreateContainer) -> Result<ContainerId> {
        let wanted = create.clone();
        self.change("create_container", &create.name, move |w| w.create_container(&wanted)).await
    }

    async fn start_container(&self, container: &ContainerId) -> Result<()> {
        let id = container.clone();
        self.change("start_container", container.as_str(), move |world| world.start(&id)).await
    }

    async fn stop_container(&self, container: &ContainerId, _timeout_s: Option<u32>) -> Result<()> {
        let id = container.clone();
        self.change("stop_container", container.as_str(), move |world| world.stop(&id)).await
    }

    async fn restart_container(
        &self,
        container: &ContainerId,
        _timeout_s: Option<u32>,
    ) -> Result<()> {
        let id = container.clone();
        self.change("restart_container", container.as_str(), move |world| {
            world.stop(&id)?;
            world.start(&id)
        })
        .await
    }

    async fn kill_container(&self, container: &ContainerId, signal: &str) -> Result<()> {
        let (id, signal) = (container.clone(), signal.to_owned());
        self.change("kill_container", container.as_str(), move |w| w.kill(&id, &signal)).await
    }

    async fn pause_container(&self, container: &ContainerId) -> Result<()> {
        let id = container.clone();
        self.change("pause_container", container.as_str(), move |w| w.pause(&id, true)).await
    }

    async fn unpause_container(&self, container: &ContainerId) -> Result<()> {
        let id = container.clone();
        self.change("unpause_container", container.as_str(), move |w| w.pause(&id, false)).await
    }

    async fn rename_container(&self, container: &ContainerId, name: &str) -> Result<()> {
        let (id, name) = (container.clone(), name.to_owned());
        self.change("rename_container", container.as_str(), move |world| {
            world.rename_container(&id, &name)
        })
        .await
    }

    async fn update_container(
        &self,
        container: &ContainerId,
        limits: &Limits,
        restart: RestartPolicy,
    ) -> Result<()> {
        let (id, limits) = (container.clone(), limits.clone());
        self.change("update_container", container.as_str(), move |world| {
            world.update_container(&id, &limits, restart)
        })
        .await
    }

    async fn remove_container(
        &self,
        container: &ContainerId,
        force: bool,
        anonymous_volumes: bool,
    ) -> Result<()> {
        let id = container.clone();
        self.change("remove_container", container.as_str(), move |world| {
            world.remove_container(&id, force, anonymous_volumes)
        })
        .await
    }

    async fn put_archive(&self, container: &ContainerId, path: &str, tar: TarStream) -> Result<()> {
        let bytes = exec::received(tar).await?;
        let (id, path) = (container.clone(), path.to_owned());
        self.change("put_archive", container.as_str(), move |world| {
            world.unpack(&id, Upload { path, tar: bytes })
        })
        .await
    }

    async fn get_archive(
        &self,
        container: &ContainerId,
        path: &str,
    ) -> Result<EngineStream<Bytes>> {
        let found = self.state().archives.get(path).cloned();
        let id = container.clone();
        let contents = self
            .look("get_archive", path, move |world| {
                world.container(&id)?;
                found.map_or_else(|| refuse(Fault::NotFound, "could not find the file"), Ok)
            })
            .await?;
        let tar = exec::tar_of(path, &contents);
        Ok(stream::iter([Ok(Bytes::from(tar))]).boxed())
    }

    async fn check_health(&self, _container: &ContainerId) -> Result<()> {
        // As Docker, which checks by itself.
        Err(EngineError::new(Fault::Unsupported, "this engine runs health checks by itself"))
    }

    async fn wait_container(&self, container: &ContainerId) -> Result<i64> {
        self.until_ended(container).await
    }

    async fn logs(
        &self,
        container: &ContainerId,
        request: &LogRequest,
    ) -> Result<EngineStream<Chunk>> {
        let id = container.clone();
        let log = self
            .look("logs", container.as_str(), move |world| Ok(world.container(&id)?.log.clone()))
            .await?;
        let lines = stream::iter(exec::chunks(log, request.tail).into_iter().map(Ok));
        let follow = request.follow;
        Ok(if follow { lines.chain(stream::pending()).boxed() } else { lines.boxed() })
    }

    async fn top(&self, container: &ContainerId) -> Result<(Vec<String>, Vec<Vec<String>>)> {
        let id = container.clone();
        self.look("top", container.as_str(), move |world| {
            world.container(&id)?;
            Ok((vec!["PID".to_owned()], vec![vec!["1".to_owned()]]))
        })
        .await
    }

    async fn attach(&self, container: &ContainerId, request: &AttachRequest) -> Result<Attached> {
        let tty = request.tty;
        let id = container.clone();
        self.look("attach", container.as_str(), move |world| world.container(&id).map(|_| ()))
            .await?;
        let stream = exec::attached("").await;
        Ok(Attached { exec_id: String::new(), stream, tty })
    }

    async fn resize(&self, container: &ContainerId, _rows: u16, _columns: u16) -> Result<()> {
        self.look("resize", container.as_str(), |_| Ok(())).await
    }

    async fn exec(&self, container: &ContainerId, request: &ExecRequest) -> Result<Attached> {
        let (text, code) = exec::run(&request.argv);
        let (id, argv) = (container.clone(), request.argv.clone());
        let exec_id = self
            .change("exec", container.as_str(), move |world| {
                let container = world.container(&id)?;
                if !container.state.is_up() {
                    return refuse(Fault::WrongState, "container is not running");
                }
                container.commands.push(argv);
                Ok(world.rng.hex_id())
            })
            .await?;
        self.state().execs.insert(exec_id.clone(), code);
        let stream = exec::attached(&text).await;
        Ok(Attached { exec_id, stream, tty: request.tty })
    }

    async fn resize_exec(&self, exec_id: &str, _rows: u16, _columns: u16) -> Result<()> {
        self.look("resize_exec", exec_id, |_| Ok(())).await
    }

    async fn running_execs(&self, container: &ContainerId) -> Result<Vec<RunningExec>> {
        self.look("running_execs", container.as_str(), |_| Ok(Vec::new())).await
    }

    async fn exec_exit_code(&self, exec_id: &str) -> Result<Option<i64>> {
        let code = self.state().execs.get(exec_id).copied();
        self.look("exec_exit_code", exec_id, move |_| Ok(code)).await
    }

    async fn create_network(&self, create: &CreateNetwork) -> Result<NetworkId> {
        let wanted = create.clone();
        self.change("create_network", &create.name, move |w| w.create_network(&wanted)).await
    }

    async fn remove_network(&self, network: &NetworkId) -> Result<()> {
        let id = network.clone();
        self.change("remove_network", network.as_str(), move |w| w.remove_network(&id)).await
    }

    async fn connect_network(
        &self,
        network: &str,
        container: &ContainerId,
        endpoint: &Endpoint,
    ) -> Result<()> {
        let (key, id, endpoint) = (network.to_owned(), container.clone(), endpoint.clone());
        self.change("connect_network", network, move |world| {
            world.connect_network(&key, &id, &endpoint)
        })
        .await
    }

    async fn disconnect_network(&self, network: &str, container: &ContainerId) -> Result<()> {
        let (key, id) = (network.to_owned(), container.clone());
        self.change("disconnect_network", network, move |world| world.disconnect_network(&key, &id))
            .await
    }

    async fn create_volume(&self, create: &CreateVolume) -> Result<ObservedVolume> {
        let wanted = create.clone();
        self.change("create_volume", &create.name, move |w| Ok(w.create_volume(&wanted))).await
    }

    async fn remove_volume(&self, volume: &str) -> Result<()> {
        let key = volume.to_owned();
        self.change("remove_volume", volume, move |world| world.remove_volume(&key)).await
    }

    async fn pull_image(
        &self,
        reference: &str,
        _platform: Option<&str>,
        progress: ProgressSink<'_>,
    ) -> Result<()> {
        progress(CallProgress::Progress(Progress::Bytes { done: 0, total: Some(1_000_000) }));
        let key = reference.to_owned();
        self.change("pull_image", reference, move |world| world.pull_image(&key)).await
    }

    async fn image_digest(&self, reference: &str) -> Result<String> {
        let digest = format!("sha256:{}", Digest::of([reference]));
        self.look("image_digest", reference, move |_| Ok(digest)).await
    }

    async fn push_image(&self, reference: &str, _progress: ProgressSink<'_>) -> Result<()> {
        let key = reference.to_owned();
        self.change("push_image", reference, move |w| w.push_image(&key)).await
    }

    async fn check_registry(&self, registry: &str, _push: bool) -> Result<RegistryAccess> {
        let answer = self.look("check_registry", registry, |_| Ok(())).await;
        Ok(RegistryAccess { credentials: None, answer })
    }

    async fn build_image(
        &self,
        request: BuildRequest,
        progress: ProgressSink<'_>,
    ) -> Result<ImageId> {
        progress(CallProgress::Line("building".to_owned()));
        let reference = request.references.first().cloned().unwrap_or_default();
        self.change("build_image", &reference, move |world| world.build_image(&request)).await
    }

    async fn import_image(
        &self,
        reference: &str,
        changes: &[String],
        labels: &BTreeMap<String, String>,
        tar: TarStream,
    ) -> Result<ImageId> {
        exec::received(tar).await?;
        let (key, recipe, labels) = (reference.to_owned(), changes.join("\n"), labels.clone());
        self.change("import_image", reference, move |w| w.make_image(&[key], labels, &recipe)).await
    }

    async fn commit_container(
        &self,
        container: &ContainerId,
        reference: &str,
        labels: &BTreeMap<String, String>,
    ) -> Result<()> {
        let (id, key, labels) = (container.clone(), reference.to_owned(), labels.clone());
        let recipe = id.to_string();
        self.change("commit_container", reference, move |w| w.commit(&id, key, labels, &recipe))
            .await
    }

    async fn tag_image(&self, image: &str, reference: &str) -> Result<()> {
        let (image, key) = (image.to_owned(), reference.to_owned());
        self.change("tag_image", reference, move |world| world.tag_image(&image, &key)).await
    }

    async fn remove_image(&self, image: &str) -> Result<()> {
        let key = image.to_owned();
        self.change("remove_image", image, move |world| world.remove_image(&key)).await
    }

    async fn export_container(&self, _: &ContainerId) -> Result<EngineStream<Bytes>> {
        Err(EngineError::new(Fault::Unsupported, "there is nothing to export"))
    }

    async fn load_image(&self, tar: TarStream) -> Result<Option<ImageId>> {
        exec::received(tar).await?;
        self.change("load_image", "", |_| Ok(None)).await
    }

    async fn save_image(&self, image: &str) -> Result<EngineStream<Bytes>> {
        let key = image.to_owned();
        self.look("save_image", image, move |world| world.find_image(&key).map(|_| ())).await?;
        let tar = Bytes::from(exec::tar_of("manifest.json", b"[]"));
        Ok(stream::iter([Ok(tar)]).boxed())
    }

    async fn events(&self, request: &EventRequest) -> Result<EngineStream<EngineEvent>> {
        self.subscribe(request).await
    }
}
