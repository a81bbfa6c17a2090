//! Owner and permissions of a volume's root directory.
//!
//! Invariant: nothing runs for this, and no image is needed: a tar with one directory is unpacked
//! into a container that is created, never started, and removed. (Docker takes an empty image
//! name; the entry `volume/` at `/` is applied to what is mounted there, `./` in it is not.)

mod podman;

use crate::failure;
use crate::lookup;
use crate::ops::create::named;
use crate::step::{Result, StepContext};
use crate::tarball::{Attributes, Tarball, upload};
use bytes::Bytes;
use std::collections::BTreeMap;
use windlass_model::container::ContainerConfig;
use windlass_model::endpoint::NetworkMode;
use windlass_model::label;
use windlass_model::mount::Mount;
use windlass_model::name::ContainerId;
use windlass_model::observed::ObservedContainer;
use windlass_model::plan::CreateContainer;
use windlass_model::volume::{self, VolumeOwner};

/// Where the volume is mounted, below `/`.
const TARGET: &str = "volume";

/// Marks a volume as one that has not got its owner yet.
pub(super) async fn mark(ctx: StepContext<'_>, volume: &str) -> Result<ContainerId> {
    let (name, image) = (volume::mark(volume), String::new());
    let mark = inert(ctx, name, image, ContainerConfig::default()).await;
    mark.map_err(failure::from_engine)
}

pub(super) async fn give(ctx: StepContext<'_>, volume: &str, owner: VolumeOwner) -> Result<()> {
    let tar = directory(TARGET, owner)?;
    if ctx.engine.info().await.map_err(failure::from_engine)?.is_podman {
        return podman::give(ctx, volume, owner, tar).await;
    }
    let id = carrier(ctx, volume, String::new()).await.map_err(failure::from_engine)?;
    let mut unpacked = ctx.engine.put_archive(&id, "/", upload(tar.clone())).await;
    if unpacked.as_ref().is_err_and(|error| error.fault.is_unknown()) {
        // Doing it twice gives the same.
        unpacked = ctx.engine.put_archive(&id, "/", upload(tar)).await;
    }
    let removed = remove(ctx, &id).await;
    unpacked.map_err(failure::from_engine)?;
    removed
}

/// A tar with nothing but a directory.
fn directory(path: &str, owner: VolumeOwner) -> Result<Bytes> {
    let VolumeOwner { uid, gid, mode } = owner;
    let mut tarball = Tarball::new();
    let tar = tarball.directory(path, Attributes { mode, uid, gid });
    tar.and_then(|()| tarball.finish()).map_err(|error| failure::local(error.to_string()))
}

/// Removes a container that was made here.
pub(super) async fn remove(ctx: StepContext<'_>, id: &ContainerId) -> Result<()> {
    match ctx.engine.remove_container(id, true, false).await {
        Ok(()) => Ok(()),
        Err(error) if error.is_not_found() => Ok(()),
        Err(lost) if lost.fault.is_unknown() => {
            let look = || ctx.engine.inspect_container(id.as_str());
            let carried_out = lookup::if_there(look).await.map(|seen| seen.is_none());
            lookup::verdict(lost, carried_out).map_err(failure::from_engine)
        }
        Err(error) => Err(failure::from_engine(error)),
    }
}

/// The container that carries the tar to the volume.
async fn carrier(
    ctx: StepContext<'_>,
    volume: &str,
    image: String,
) -> windlass_engine::Result<ContainerId> {
    let config = ContainerConfig {
        mounts: [(format!("/{TARGET}"), Mount::volume(volume))].into(),
        ..ContainerConfig::default()
    };
    inert(ctx, volume::carrier(volume), image, config).await
}

/// A container that never runs. Its name is made of the volume's, so that one that was left
/// behind by a run that did not end is found; it has the project's label and no address, so that it
/// can't be taken for a declared one.
async fn inert(
    ctx: StepContext<'_>,
    name: String,
    image: String,
    config: ContainerConfig,
) -> windlass_engine::Result<ContainerId> {
    let create = CreateContainer {
        name: name.into(),
        image: image.into(),
        config: ContainerConfig {
            command: Some(vec!["none".to_owned()]),
            network_mode: NetworkMode::None,
            ..config
        }
        .into(),
        labels: BTreeMap::from([(
            label::PROJECT.to_owned(),
            ctx.run.context.project.as_str().to_owned(),
        )])
        .into(),
    };
    let is_ours = |seen: &ObservedContainer| {
        let owner = seen.owner.as_ref();
        let project = &ctx.run.context.project;
        !seen.was_started()
            && owner.is_some_and(|owner| owner.project == *project && owner.address.is_none())
    };
    named(ctx, &create, is_ours).await
}
