//! Networks: list, inspect, create, remove, connect, disconnect.
//!
//! Invariant: a network is created with the check for a second one of its name.

use windlass_model::name::{ContainerId, NetworkId};
use windlass_model::observed::ObservedNetwork;
use windlass_model::plan::CreateNetwork;

use super::call::Call;
use super::convert::{network_as_asked, network_create, network_observed};
use super::document::Created;
use super::document::container::{ConnectBody, EndpointSettings};
use super::document::network::Inspect;
use super::engine::DockerEngine;
use super::query::segment;
use crate::error::Result;

fn path(network: &str, what: &str) -> String {
    format!("/networks/{}{what}", segment(network))
}

impl DockerEngine {
    pub(super) async fn networks_list(&self) -> Result<Vec<ObservedNetwork>> {
        let list: Vec<Inspect> = self.send(Call::get("/networks")).await?.json().await?;
        let is_podman = self.wire.peer().await?.is_podman();
        let seen = |one| self.network_seen(one, is_podman);
        Ok(list.into_iter().map(seen).collect())
    }

    pub(super) async fn network_inspect(&self, network: &str) -> Result<ObservedNetwork> {
        let document = self.send(Call::get(path(network, ""))).await?.json().await?;
        let is_podman = self.wire.peer().await?.is_podman();
        Ok(self.network_seen(document, is_podman))
    }

    fn network_seen(&self, document: Inspect, is_podman: bool) -> ObservedNetwork {
        let seen = network_observed(&self.name, document);
        if is_podman { network_as_asked(seen) } else { seen }
    }

    pub(super) async fn network_create(&self, create: &CreateNetwork) -> Result<NetworkId> {
        let call = Call::post("/networks/create").json(&network_create(create));
        let created: Created = self.send(call).await?.json().await?;
        Ok(NetworkId::new(created.id))
    }

    pub(super) async fn network_remove(&self, network: &NetworkId) -> Result<()> {
        self.carry_out(Call::delete(path(network.as_str(), ""))).await
    }

    pub(super) async fn network_connect(
        &self,
        network: &str,
        container: &ContainerId,
        endpoint_config: EndpointSettings,
    ) -> Result<()> {
        let body = ConnectBody { container: container.as_str(), endpoint_config };
        self.carry_out(Call::post(path(network, "/connect")).json(&body)).await
    }

    pub(super) async fn network_disconnect(
        &self,
        network: &str,
        container: &ContainerId,
    ) -> Result<()> {
        let body = serde_json::json!({ "Container": container.as_str(), "Force": false });
        self.carry_out(Call::post(path(network, "/disconnect")).json(&body)).await
    }
}
