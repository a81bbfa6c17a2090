//! Ports: exposed by a container, published on the engine's host.
//!
//! Invariant: ranges are expanded; one value is one port.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::IpAddr;

/// The transport protocol of a port.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    #[default]
    Tcp,
    Udp,
    Sctp,
}

impl Protocol {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Sctp => "sctp",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Tcp, Self::Udp, Self::Sctp].into_iter().find(|protocol| protocol.as_str() == text)
    }
}

/// A port inside a container: `80/tcp`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ExposedPort {
    pub target: u16,
    pub protocol: Protocol,
}

impl fmt::Display for ExposedPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.target, self.protocol.as_str())
    }
}

impl From<u16> for ExposedPort {
    /// Of TCP.
    fn from(target: u16) -> Self {
        Self { target, protocol: Protocol::Tcp }
    }
}

impl From<(u16, Protocol)> for ExposedPort {
    fn from((target, protocol): (u16, Protocol)) -> Self {
        Self { target, protocol }
    }
}

/// A port of a container that is reachable through its engine's host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PublishedPort {
    pub target: u16,
    pub protocol: Protocol,
    /// The address on the host; `None` is every address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_ip: Option<IpAddr>,
    /// The port on the host; `None` lets the engine choose one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published: Option<u16>,
}

impl PublishedPort {
    pub fn exposed(&self) -> ExposedPort {
        ExposedPort { target: self.target, protocol: self.protocol }
    }

    /// Whether two published ports can't be bound at the same time on one host.
    pub fn conflicts_with(&self, other: &Self) -> bool {
        let same_port = self.published.is_some()
            && self.published == other.published
            && self.protocol == other.protocol;
        let any = |ip: Option<IpAddr>| ip.is_none_or(|ip| ip.is_unspecified());
        same_port && (any(self.host_ip) || any(other.host_ip) || self.host_ip == other.host_ip)
    }
}

impl fmt::Display for PublishedPort {
    /// `127.0.0.1:8080:80/tcp`, as `docker run --publish` takes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host_ip {
            Some(IpAddr::V6(ip)) => write!(f, "[{ip}]:")?,
            Some(IpAddr::V4(ip)) => write!(f, "{ip}:")?,
            None => {}
        }
        if let Some(port) = self.published {
            write!(f, "{port}:")?;
        } else if self.host_ip.is_some() {
            f.write_str(":")?;
        }
        write!(f, "{}", self.exposed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(host_ip: Option<&str>, published: Option<u16>) -> PublishedPort {
        PublishedPort {
            target: 80,
            protocol: Protocol::Tcp,
            host_ip: host_ip.map(|ip| ip.parse().unwrap()),
            published,
        }
    }

    #[test]
    fn display() {
        for (host_ip, published, expected) in [
            (None, None, "80/tcp"),
            (None, Some(8080), "8080:80/tcp"),
            (Some("127.0.0.1"), Some(8080), "127.0.0.1:8080:80/tcp"),
            (Some("127.0.0.1"), None, "127.0.0.1::80/tcp"),
            (Some("::1"), Some(1), "[::1]:1:80/tcp"),
        ] {
            assert_eq!(port(host_ip, published).to_string(), expected);
        }
    }

    #[test]
    fn conflicts() {
        for (a, b, expected) in [
            (port(None, Some(1)), port(Some("127.0.0.1"), Some(1)), true),
            (port(Some("127.0.0.2"), Some(1)), port(Some("127.0.0.1"), Some(1)), false),
            (port(Some("0.0.0.0"), Some(1)), port(Some("127.0.0.1"), Some(1)), true),
            (port(None, None), port(None, None), false),
            (port(None, Some(1)), port(None, Some(2)), false),
        ] {
            assert_eq!(a.conflicts_with(&b), expected, "{a} {b}");
        }
    }
}
