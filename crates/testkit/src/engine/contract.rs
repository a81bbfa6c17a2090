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
use tokio::sync::broadcast::error::RecvError;
use windlass_engine::build::BuildRequest;
use windlass_engine::stream::{
    Attached, CallProgress, Channel, Chunk, EngineEvent, EngineStream, EventRequest, ExecRequest,
    LogRequest, ProgressSink, Upload as TarStream,
};
use windlass_engine::{Engine, EngineError, Result};
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
        self.look("inspect_container", container, |world| world.inspect_container(container)).await
    }

    async fn inspect_image(&self, image: &str) -> Result<ObservedImage> {
        self.look("inspect_image", image, |world| {
            let id = world.find_image(image)?;
            world.observe_image(&id, true)
        })
        .await
    }

    async fn inspect_network(&self, network: &str) -> Result<ObservedNetwork> {
        self.look("inspect_network", network, |world| {
            let id = world.find_network(network)?;
            Ok(world.networks[&id].clone())
        })
        .await
    }

    async fn inspect_volume(&self, volume: &str) -> Result<ObservedVolume> {
        self.look("inspect_volume", volume, |world| match world.volumes.get(volume) {
            Some(found) => Ok(found.clone()),
            None => refuse(Fault::NotFound, format!("get {volume}: no such volume")),
        })
        .await
    }

    async fn create_container(&self, create: &CreateContainer) -> Result<ContainerId> {
        self.change("create_container", &create.name, |w| w.create_container(create)).await
    }

    async fn start_container(&self, container: &ContainerId) -> Result<()> {
        self.change("start_container", container.as_str(), |world| world.start(container)).await
    }

    async fn stop_container(&self, container: &ContainerId, _timeout_s: Option<u32>) -> Result<()> {
        self.change("stop_container", container.as_str(), |world| world.stop(container)).await
    }

    async fn restart_container(
        &self,
        container: &ContainerId,
        _timeout_s: Option<u32>,
    ) -> Result<()> {
        self.change("restart_container", container.as_str(), |world| {
            world.stop(container)?;
            world.start(container)
        })
        .await
    }

    async fn kill_container(&self, container: &ContainerId, signal: &str) -> Result<()> {
        self.change("kill_container", container.as_str(), |world| world.kill(container, signal))
            .await
    }

    async fn pause_container(&self, container: &ContainerId) -> Result<()> {
        self.change("pause_container", container.as_str(), |world| world.pause(container, true))
            .await
    }

    async fn unpause_container(&self, container: &ContainerId) -> Result<()> {
        self.change("unpause_container", container.as_str(), |world| world.pause(container, false))
            .await
    }

    async fn rename_container(&self, container: &ContainerId, name: &str) -> Result<()> {
        self.change("rename_container", container.as_str(), |world| {
            world.rename_container(container, name)
        })
        .await
    }

    async fn update_container(
        &self,
        container: &ContainerId,
        limits: &Limits,
        restart: RestartPolicy,
    ) -> Result<()> {
        self.change("update_container", container.as_str(), |world| {
            world.update_container(container, limits, restart)
        })
        .await
    }

    async fn remove_container(
        &self,
        container: &ContainerId,
        force: bool,
        anonymous_volumes: bool,
    ) -> Result<()> {
        self.change("remove_container", container.as_str(), |world| {
            world.remove_container(container, force, anonymous_volumes)
        })
        .await
    }

    async fn put_archive(
        &self,
        container: &ContainerId,
        path: &str,
        mut tar: TarStream,
    ) -> Result<()> {
        let mut bytes = Vec::new();
        while let Some(piece) = tar.next().await {
            let broken = |e| EngineError::new(Fault::Other, "the upload broke").with_source(e);
            bytes.extend(piece.map_err(broken)?);
        }
        self.change("put_archive", container.as_str(), |world| {
            let upload = Upload { path: path.to_owned(), tar: bytes };
            world.container(container)?.uploads.push(upload);
            Ok(())
        })
        .await
    }

    async fn get_archive(
        &self,
        container: &ContainerId,
        path: &str,
    ) -> Result<EngineStream<Bytes>> {
        let found = self.state().archives.get(path).cloned();
        let contents = self
            .look("get_archive", path, |world| {
                world.container(container)?;
                found.map_or_else(|| refuse(Fault::NotFound, "could not find the file"), Ok)
            })
            .await?;
        let tar = exec::tar_of(path, &contents);
        Ok(stream::iter([Ok(Bytes::from(tar))]).boxed())
    }

    async fn wait_container(&self, container: &ContainerId) -> Result<i64> {
        loop {
            let mut events = self.inner.events.subscribe();
            let ended = self
                .look("wait_container", container.as_str(), |world| {
                    let container = world.container(container)?;
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

    async fn logs(
        &self,
        container: &ContainerId,
        request: &LogRequest,
    ) -> Result<EngineStream<Chunk>> {
        let log = self
            .look("logs", container.as_str(), |world| Ok(world.container(container)?.log.clone()))
            .await?;
        let tail = request.tail.and_then(|tail| usize::try_from(tail).ok()).unwrap_or(log.len());
        let skip = log.len().saturating_sub(tail);
        let lines: Vec<Result<Chunk>> = log
            .into_iter()
            .skip(skip)
            .map(|line| {
                let bytes = Bytes::from(line + "\n");
                Ok(Chunk { channel: Channel::Stdout, bytes })
            })
            .collect();
        let lines = stream::iter(lines);
        let follow = request.follow;
        Ok(if follow { lines.chain(stream::pending()).boxed() } else { lines.boxed() })
    }

    async fn top(&self, container: &ContainerId) -> Result<(Vec<String>, Vec<Vec<String>>)> {
        self.look("top", container.as_str(), |world| {
            world.container(container)?;
            Ok((vec!["PID".to_owned()], vec![vec!["1".to_owned()]]))
        })
        .await
    }

    async fn attach(&self, container: &ContainerId, tty: bool, _stdin: bool) -> Result<Attached> {
        self.look("attach", container.as_str(), |world| world.container(container).map(|_| ()))
            .await?;
        let stream = exec::attached("").await;
        Ok(Attached { exec_id: String::new(), stream, tty })
    }

    async fn resize(&self, container: &ContainerId, _rows: u16, _columns: u16) -> Result<()> {
        self.look("resize", container.as_str(), |_| Ok(())).await
    }

    async fn exec(&self, container: &ContainerId, request: &ExecRequest) -> Result<Attached> {
        let (text, code) = exec::run(&request.argv);
        let exec_id = self
            .change("exec", container.as_str(), |world| {
                if !world.container(container)?.state.is_up() {
                    return refuse(Fault::WrongState, "container is not running");
                }
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

    async fn exec_exit_code(&self, exec_id: &str) -> Result<Option<i64>> {
        let code = self.state().execs.get(exec_id).copied();
        self.look("exec_exit_code", exec_id, |_| Ok(code)).await
    }

    async fn create_network(&self, create: &CreateNetwork) -> Result<NetworkId> {
        self.change("create_network", &create.name, |world| world.create_network(create)).await
    }

    async fn remove_network(&self, network: &NetworkId) -> Result<()> {
        self.change("remove_network", network.as_str(), |world| world.remove_network(network)).await
    }

    async fn connect_network(
        &self,
        network: &str,
        container: &ContainerId,
        endpoint: &Endpoint,
    ) -> Result<()> {
        self.change("connect_network", network, |world| {
            world.connect_network(network, container, endpoint)
        })
        .await
    }

    async fn disconnect_network(&self, network: &str, container: &ContainerId) -> Result<()> {
        self.change("disconnect_network", network, |world| {
            world.disconnect_network(network, container)
        })
        .await
    }

    async fn create_volume(&self, create: &CreateVolume) -> Result<ObservedVolume> {
        self.change("create_volume", &create.name, |world| Ok(world.create_volume(create))).await
    }

    async fn remove_volume(&self, volume: &str) -> Result<()> {
        self.change("remove_volume", volume, |world| world.remove_volume(volume)).await
    }

    async fn pull_image(
        &self,
        reference: &str,
        _platform: Option<&str>,
        progress: ProgressSink<'_>,
    ) -> Result<()> {
        progress(CallProgress::Progress(Progress::Bytes { done: 0, total: Some(1_000_000) }));
        self.change("pull_image", reference, |world| world.pull_image(reference)).await
    }

    async fn push_image(&self, reference: &str, _progress: ProgressSink<'_>) -> Result<()> {
        self.change("push_image", reference, |world| world.find_image(reference).map(|_| ())).await
    }

    async fn build_image(
        &self,
        request: BuildRequest,
        progress: ProgressSink<'_>,
    ) -> Result<ImageId> {
        progress(CallProgress::Line("building".to_owned()));
        let reference = request.references.first().cloned().unwrap_or_default();
        self.change("build_image", &reference, |world| world.build_image(&request)).await
    }

    async fn import_image(
        &self,
        reference: &str,
        changes: &[String],
        labels: &BTreeMap<String, String>,
        mut tar: TarStream,
    ) -> Result<ImageId> {
        while let Some(piece) = tar.next().await {
            let broken = |e| EngineError::new(Fault::Other, "the upload broke").with_source(e);
            piece.map_err(broken)?;
        }
        self.change("import_image", reference, |world| {
            let recipe = changes.join("\n");
            world
                .make_image(&[reference.to_owned()], labels.clone(), &recipe)
                .map_or_else(|| refuse(Fault::Invalid, "no reference"), Ok)
        })
        .await
    }

    async fn tag_image(&self, image: &str, reference: &str) -> Result<()> {
        self.change("tag_image", reference, |world| world.tag_image(image, reference)).await
    }

    async fn remove_image(&self, image: &str) -> Result<()> {
        self.change("remove_image", image, |world| world.remove_image(image)).await
    }

    async fn events(&self, request: &EventRequest) -> Result<EngineStream<EngineEvent>> {
        self.subscribe(request).await
    }
}
