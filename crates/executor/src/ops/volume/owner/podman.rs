//! Owner and permissions of a volume's root directory, on podman.
//!
//! Podman gives a volume to whoever mounts it first, when that container is started: with the owner and
//! the permissions that the directory has in the container's image. So the first to mount it is a
//! container of ours, of an image that has nothing but that directory; it has no program either, so
//! that its start ends before anything runs.
//!
//! Invariant: neither the container nor its image is left, whatever fails.

use super::{TARGET, carrier, directory, remove};
use crate::failure;
use crate::step::{Result, StepContext};
use crate::tarball::upload;
use bytes::Bytes;
use std::collections::BTreeMap;
use windlass_model::label;
use windlass_model::name::ContainerId;
use windlass_model::volume::VolumeOwner;

/// The longest tag that an engine takes.
const LONGEST_TAG: usize = 128;

pub(super) async fn give(
    ctx: StepContext<'_>,
    volume: &str,
    owner: VolumeOwner,
    image: Bytes,
) -> Result<()> {
    let root = directory("./", owner)?;
    let tag: String = volume.chars().take(LONGEST_TAG).collect();
    let reference = format!("localhost/windlass-owner:{tag}");
    let project = ctx.run.context.project.as_str().to_owned();
    let labels = BTreeMap::from([(label::PROJECT.to_owned(), project)]);
    let import = || ctx.engine.import_image(&reference, &[], &labels, upload(image.clone()));
    let mut imported = import().await;
    if imported.as_ref().is_err_and(|error| error.fault.is_unknown()) {
        // Doing it twice gives the same.
        imported = import().await;
    }
    imported.map_err(failure::from_engine)?;
    let done = match carrier(ctx, volume, reference.clone()).await {
        Ok(id) => {
            let done = hand_over(ctx, &id, root).await;
            let removed = remove(ctx, &id).await;
            done.and(removed)
        }
        Err(error) => Err(failure::from_engine(error)),
    };
    let removed = ctx.engine.remove_image(&reference).await;
    let removed = removed.or_else(|error| if error.is_not_found() { Ok(()) } else { Err(error) });
    done.and(removed.map_err(failure::from_engine))
}

async fn hand_over(ctx: StepContext<'_>, id: &ContainerId, root: Bytes) -> Result<()> {
    // It fails, having done what it is for.
    drop(ctx.engine.start_container(id).await);
    // A volume that was mounted before is nobody's first: what is unpacked into it counts.
    let into = format!("/{TARGET}");
    let unpacked = ctx.engine.put_archive(id, &into, upload(root)).await;
    unpacked.map_err(failure::from_engine)
}
