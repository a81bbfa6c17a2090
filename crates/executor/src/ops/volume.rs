//! Volumes: creating, giving them an owner, removing.
//!
//! Invariant: a volume is removed only if it was created at the moment that the plan names: a name
//! can be given again, a moment can't.

mod owner;

use crate::failure;
use crate::lookup;
use crate::step::{Result, StepContext};
use std::collections::BTreeMap;
use windlass_model::fault::Fault;
use windlass_model::label::{Owner, without_own};
use windlass_model::observed::ObservedVolume;
use windlass_model::plan::CreateVolume;
use windlass_model::volume::VolumeConfig;

pub(crate) async fn create(ctx: StepContext<'_>, create: &CreateVolume) -> Result<()> {
    let Some(owner) = create.owner else { return ensure(ctx, create).await };
    // Whatever ends this in between, the next run sees that the owner is still to be given.
    let mark = owner::mark(ctx, &create.name).await?;
    ensure(ctx, create).await?;
    owner::give(ctx, &create.name, owner).await?;
    owner::remove(ctx, &mark).await
}

/// The mark of a run. One that is there already is of the same run: its name says so.
pub(crate) async fn create_mark(
    ctx: StepContext<'_>,
    name: &str,
    labels: &BTreeMap<String, String>,
) -> Result<()> {
    let (name, labels) = (name.to_owned(), labels.clone());
    let config = VolumeConfig { labels: labels.clone(), ..VolumeConfig::default() };
    ensure(ctx, &CreateVolume { name, config, labels, owner: None }).await
}

async fn ensure(ctx: StepContext<'_>, create: &CreateVolume) -> Result<()> {
    let volume = match ctx.engine.create_volume(create).await {
        Ok(volume) => volume,
        Err(lost) if lost.fault.is_unknown() => {
            let look = || ctx.engine.inspect_volume(&create.name);
            match lookup::if_there(look).await {
                Ok(Some(volume)) => volume,
                Ok(None) | Err(_) => return Err(failure::from_engine(lost)),
            }
        }
        Err(error) => return Err(failure::from_engine(error)),
    };
    if !is_as_asked(ctx, create, &volume) {
        let message = "a volume of this name is there, with other labels or options";
        return Err(failure::engine(Fault::NameConflict { holder: None }, message));
    }
    Ok(())
}

/// An engine gives back the volume that is there, whatever was asked for.
fn is_as_asked(ctx: StepContext<'_>, create: &CreateVolume, volume: &ObservedVolume) -> bool {
    let wanted = Owner::read(ctx.engine.name(), &create.labels);
    let driver = create.config.driver.as_deref().unwrap_or("local");
    volume.owner == wanted
        && volume.config.driver.as_deref().unwrap_or("local") == driver
        && volume.config.driver_options == create.config.driver_options
        && volume.config.labels == without_own(&create.labels)
}

pub(crate) async fn remove(ctx: StepContext<'_>, name: &str, created: &str) -> Result<()> {
    let look = || ctx.engine.inspect_volume(name);
    match lookup::until_answered(look).await {
        Err(error) if error.is_not_found() => return Ok(()),
        Err(error) => return Err(failure::from_engine(error)),
        Ok(seen) => {
            let project = &ctx.run.context.project;
            let foreign = seen.owner.is_some_and(|owner| owner.project != *project);
            if seen.created != created || foreign {
                return Err(failure::stale("it is not the volume that was planned for"));
            }
        }
    }
    match ctx.engine.remove_volume(name).await {
        Ok(()) => Ok(()),
        Err(error) if error.is_not_found() => Ok(()),
        Err(lost) if lost.fault.is_unknown() => {
            let carried_out = lookup::if_there(look)
                .await
                .map(|seen| seen.is_none_or(|seen| seen.created != created));
            lookup::verdict(lost, carried_out).map_err(failure::from_engine)
        }
        Err(error) => Err(failure::from_engine(error)),
    }
}
