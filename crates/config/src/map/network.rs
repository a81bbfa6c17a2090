//! A network that a map declares.
//!
//! Invariant: what is not set is the engine's.

use serde_json::Value;

use super::part::Part;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Network(Part);

impl Network {
    pub fn new() -> Self {
        Self::default()
    }

    #[must_use]
    pub fn driver(self, name: impl Into<String>) -> Self {
        self.set("driver", name.into())
    }

    #[must_use]
    pub fn driver_option(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        Self(self.0.with_entry("driver_options", name.into(), value.into()))
    }

    /// Without a way out.
    #[must_use]
    pub fn internal(self) -> Self {
        self.set("internal", true)
    }

    /// docker-py's names of what else a network is created with: `ipam`, `labels` and so on.
    #[must_use]
    pub fn create_options(self, options: impl Into<Value>) -> Self {
        self.set("create_options", options)
    }

    /// Any other key that a network may have in a file.
    #[must_use]
    pub fn set(self, key: &str, value: impl Into<Value>) -> Self {
        Self(self.0.with(key, value))
    }
}

impl From<Network> for Value {
    fn from(network: Network) -> Self {
        network.0.into()
    }
}
