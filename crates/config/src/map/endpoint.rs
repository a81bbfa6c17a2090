//! A container's place in a network.
//!
//! Invariant: the network is one of the map, or one that every engine has.

use serde_json::Value;

use super::link::Link;
use super::part::Part;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint(Part);

impl Endpoint {
    pub fn new(network: impl Into<String>) -> Self {
        Self(Part::default().with("network_name", network.into()))
    }

    #[must_use]
    pub fn alias(self, alias: impl Into<String>) -> Self {
        Self(self.0.with_item("aliases", alias.into()))
    }

    #[must_use]
    pub fn link(self, link: impl Into<Link>) -> Self {
        Self(self.0.with_item("links", link.into()))
    }

    #[must_use]
    pub fn ipv4_address(self, address: impl Into<String>) -> Self {
        Self(self.0.with("ipv4_address", address.into()))
    }

    #[must_use]
    pub fn ipv6_address(self, address: impl Into<String>) -> Self {
        Self(self.0.with("ipv6_address", address.into()))
    }

    #[must_use]
    pub fn link_local_ip(self, address: impl Into<String>) -> Self {
        Self(self.0.with_item("link_local_ips", address.into()))
    }
}

impl From<&str> for Endpoint {
    fn from(network: &str) -> Self {
        Self::new(network)
    }
}

impl From<Endpoint> for Value {
    fn from(endpoint: Endpoint) -> Self {
        endpoint.0.into()
    }
}
