//! Everything that can be seen on an engine at a moment.
//!
//! Invariant: the same of a fake engine and of a real one, so that the same rules hold for both.

use crate::engine::FakeEngine;
use windlass_engine::{Engine, Result};
use windlass_model::observed::{
    ContainerSummary, ObservedContainer, ObservedImage, ObservedNetwork, ObservedVolume,
};

/// What is on an engine.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    pub summaries: Vec<ContainerSummary>,
    pub containers: Vec<ObservedContainer>,
    pub images: Vec<ObservedImage>,
    pub networks: Vec<ObservedNetwork>,
    pub volumes: Vec<ObservedVolume>,
}

impl Snapshot {
    /// Of a fake engine, without a call.
    pub fn of(engine: &FakeEngine) -> Self {
        engine.with(|world| {
            let summaries = world.summaries();
            let inspect = |one: &ContainerSummary| world.inspect_container(one.id.as_str()).ok();
            let containers = summaries.iter().filter_map(inspect).collect();
            let images = world.images.keys();
            Self {
                containers,
                images: images.filter_map(|id| world.observe_image(id, false).ok()).collect(),
                networks: world.networks.values().cloned().collect(),
                volumes: world.volumes.values().cloned().collect(),
                summaries,
            }
        })
    }

    /// Of any engine.
    ///
    /// # Errors
    ///
    /// If it does not answer.
    pub async fn read(engine: &dyn Engine) -> Result<Self> {
        let summaries = engine.list_containers().await?;
        let mut containers = Vec::new();
        for summary in &summaries {
            match engine.inspect_container(summary.id.as_str()).await {
                Ok(container) => containers.push(container),
                Err(gone) if gone.is_not_found() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Self {
            summaries,
            containers,
            images: engine.list_images().await?,
            networks: engine.list_networks().await?,
            volumes: engine.list_volumes().await?,
        })
    }
}
