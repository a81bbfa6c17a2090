//! An engine that a map's containers are on; docker-map calls it a client.
//!
//! Invariant: without a URL the caller's environment decides where it is.

use serde_json::Value;

use super::part::Part;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Engine(Part);

impl Engine {
    pub fn new() -> Self {
        Self::default()
    }

    /// `unix:///var/run/docker.sock`, `tcp://host:2376`, `ssh://user@host`.
    #[must_use]
    pub fn url(self, url: impl Into<String>) -> Self {
        self.set("url", url.into())
    }

    /// An IPv4 address that ports are published on, by an alias.
    #[must_use]
    pub fn interface(self, alias: impl Into<String>, address: impl Into<String>) -> Self {
        Self(self.0.with_entry("interfaces", alias.into(), address.into()))
    }

    /// An IPv6 address that ports are published on, by an alias.
    #[must_use]
    pub fn interface_ipv6(self, alias: impl Into<String>, address: impl Into<String>) -> Self {
        Self(self.0.with_entry("interfaces_ipv6", alias.into(), address.into()))
    }

    /// The domain of this engine's containers.
    #[must_use]
    pub fn domain(self, domain: impl Into<String>) -> Self {
        self.set("domain", domain.into())
    }

    /// In seconds, for containers that have none of their own.
    #[must_use]
    pub fn stop_timeout_s(self, seconds: u32) -> Self {
        self.set("stop_timeout", seconds)
    }

    /// Any other key that an engine may have in a file.
    #[must_use]
    pub fn set(self, key: &str, value: impl Into<Value>) -> Self {
        Self(self.0.with(key, value))
    }
}

impl From<&str> for Engine {
    fn from(url: &str) -> Self {
        Self::new().url(url)
    }
}

impl From<Engine> for Value {
    fn from(engine: Engine) -> Self {
        engine.0.into()
    }
}
