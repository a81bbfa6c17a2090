//! Volumes: list, inspect, create, remove.
//!
//! Invariant: removal is never forced, since force makes a missing volume look removed.

use windlass_model::observed::ObservedVolume;
use windlass_model::plan::CreateVolume;

use super::call::Call;
use super::convert::{volume_create, volume_observed};
use super::document::volume::List;
use super::engine::DockerEngine;
use super::query::segment;
use crate::error::Result;

impl DockerEngine {
    pub(super) async fn volumes_list(&self) -> Result<Vec<ObservedVolume>> {
        let List { volumes } = self.send(Call::get("/volumes")).await?.json().await?;
        let volumes = volumes.unwrap_or_default().into_iter();
        Ok(volumes.map(|one| volume_observed(&self.name, one)).collect())
    }

    pub(super) async fn volume_inspect(&self, volume: &str) -> Result<ObservedVolume> {
        let call = Call::get(format!("/volumes/{}", segment(volume)));
        Ok(volume_observed(&self.name, self.send(call).await?.json().await?))
    }

    pub(super) async fn volume_create(&self, create: &CreateVolume) -> Result<ObservedVolume> {
        let call = Call::post("/volumes/create").json(&volume_create(create));
        Ok(volume_observed(&self.name, self.send(call).await?.json().await?))
    }

    pub(super) async fn volume_remove(&self, volume: &str) -> Result<()> {
        self.carry_out(Call::delete(format!("/volumes/{}", segment(volume)))).await
    }
}
