//! A port of a container.
//!
//! Invariant: it is published only if a port of the host is named.

use serde_json::Value;

use super::part::Part;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port(Part);

impl Port {
    /// A number, or a number and a protocol: `"53/udp"`.
    pub fn new(port: impl Into<Value>) -> Self {
        Self(Part::default().with("exposed_port", port))
    }

    /// Publishes it on this port of the host.
    #[must_use]
    pub fn published(self, host_port: u16) -> Self {
        Self(self.0.with("host_port", host_port))
    }

    /// Only on this interface of the engine, by its alias; or on this address.
    #[must_use]
    pub fn interface(self, alias: impl Into<String>) -> Self {
        Self(self.0.with("interface", alias.into()))
    }

    /// The interface's IPv6 address.
    #[must_use]
    pub fn ipv6(self) -> Self {
        Self(self.0.with("ipv6", true))
    }
}

impl From<u16> for Port {
    fn from(port: u16) -> Self {
        Self::new(port)
    }
}

impl From<&str> for Port {
    fn from(port: &str) -> Self {
        Self::new(port)
    }
}

/// A port, and the one of the host that it is published on.
impl From<(u16, u16)> for Port {
    fn from((port, host_port): (u16, u16)) -> Self {
        Self::new(port).published(host_port)
    }
}

impl From<Port> for Value {
    fn from(port: Port) -> Self {
        port.0.into()
    }
}
