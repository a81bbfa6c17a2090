//! Volumes.
//!
//! Invariant: the driver that engines use by themselves is no driver that was asked for.

use windlass_model::label::{Owner, without_own};
use windlass_model::name::EngineName;
use windlass_model::observed::ObservedVolume;
use windlass_model::plan::CreateVolume;
use windlass_model::volume::VolumeConfig;

use super::{text, unless_filled};
use crate::docker::document::volume::{CreateBody, Inspect};

/// The owner of the root directory is set afterwards, from within a container.
pub(crate) fn volume_create(create: &CreateVolume) -> CreateBody<'_> {
    let CreateVolume { name, config, labels, owner: _ } = create;
    let VolumeConfig { driver, driver_options, labels: _ } = config;
    CreateBody { name, driver: driver.as_deref(), driver_opts: driver_options, labels }
}

pub(crate) fn volume_observed(engine: &EngineName, document: Inspect) -> ObservedVolume {
    let Inspect { name, driver, options, labels, created_at } = document;
    let labels = labels.unwrap_or_default();
    let owner = Owner::read(engine, &labels);
    let asked: Option<VolumeConfig> = owner.as_ref().and_then(Owner::spec);
    let asked_driver = asked.as_ref().map(|config| config.driver.is_some());
    let config = VolumeConfig {
        driver: unless_filled(text(driver), asked_driver, |driver| driver == "local"),
        driver_options: options.unwrap_or_default(),
        labels: without_own(&labels),
    };
    ObservedVolume { name, owner, config, created: created_at.unwrap_or_default() }
}
