//! Engines as declared, and as they describe themselves.
//!
//! Invariant: an engine is one Docker Engine API endpoint.

use crate::registry::RegistrySpec;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// `engines.<name>`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EngineSpec {
    /// `unix://`, `tcp://`, `ssh://`; `None` with no `context` either: as the environment says.
    pub url: Option<String>,
    /// A Docker context, by its name.
    pub context: Option<String>,
    pub tls: Option<TlsSpec>,
    /// Addresses that published ports are bound to, by alias.
    pub interfaces: BTreeMap<String, IpAddr>,
    pub interfaces_ipv6: BTreeMap<String, IpAddr>,
    pub stop_timeout_s: Option<u32>,
    pub domain: Option<String>,
    /// What it logs in to registries with, by host: `registry.example.com:5000`.
    pub registries: BTreeMap<String, RegistrySpec>,
    /// How many steps run at once on this engine; `None`: 4 × its CPUs, at least 8.
    pub parallel: Option<usize>,
}

/// TLS files, by absolute path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsSpec {
    pub ca: Option<String>,
    pub cert: Option<String>,
    pub key: Option<String>,
    pub verify: bool,
}

/// What an engine says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EngineInfo {
    /// The API version that is spoken with it: `(1, 41)`.
    pub api: (u32, u32),
    /// The engine's own version: `20.10.24`; empty if it was not asked.
    pub version: String,
    pub is_podman: bool,
}
