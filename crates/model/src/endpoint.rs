//! Endpoints: how one container is attached to networks.
//!
//! Invariant: networks are named as the engine names them.

use crate::{Rare, SortedMap, SortedSet};
use serde::{Deserialize, Serialize};
use std::fmt;

/// One container's attachment to one network.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default)]
pub struct Endpoint {
    /// Names by which other containers of the network find this one, beside its own name.
    #[serde(skip_serializing_if = "SortedSet::is_empty")]
    pub aliases: SortedSet<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ipv4: Rare<Option<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ipv6: Rare<Option<String>>,
    #[serde(skip_serializing_if = "SortedSet::is_empty")]
    pub link_local_ips: Rare<SortedSet<String>>,
    /// Legacy links within the network: `container:alias`.
    #[serde(skip_serializing_if = "SortedSet::is_empty")]
    pub links: Rare<SortedSet<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mac_address: Rare<Option<String>>,
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |set: &SortedSet<String>| set.iter().cloned().collect::<Vec<_>>().join(", ");
        let mut parts = Vec::new();
        if !self.aliases.is_empty() {
            parts.push(format!("aliases {}", list(&self.aliases)));
        }
        parts.extend(self.ipv4.clone());
        parts.extend(self.ipv6.clone());
        if !self.link_local_ips.is_empty() {
            parts.push(format!("link-local {}", list(&self.link_local_ips)));
        }
        if !self.links.is_empty() {
            parts.push(format!("links {}", list(&self.links)));
        }
        parts.extend(self.mac_address.clone());
        if parts.is_empty() { f.write_str("attached") } else { f.write_str(&parts.join("; ")) }
    }
}

/// Endpoints by the network's name on the engine.
pub type Endpoints = SortedMap<String, Endpoint>;

/// Whose network stack a container uses.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NetworkMode {
    /// The engine's default network, without name resolution between containers.
    #[default]
    Bridge,
    /// The networks of `ContainerConfig::endpoints`.
    Networks,
    Host,
    None,
    /// Another container's, by its name on the engine (observed: its name if known, else its id).
    Container(String),
}

impl fmt::Display for NetworkMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bridge => f.write_str("bridge"),
            Self::Networks => f.write_str("its networks"),
            Self::Host => f.write_str("host"),
            Self::None => f.write_str("none"),
            Self::Container(name) => write!(f, "container:{name}"),
        }
    }
}
