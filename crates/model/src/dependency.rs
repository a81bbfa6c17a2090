//! Dependencies between declared objects.
//!
//! Invariant: an edge points from the dependent to what it needs, and has exactly one condition.

use crate::address::Address;
use std::fmt;

/// What must hold of a container before its dependent may start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Condition {
    /// It was started, and what its own `wait` asks for holds.
    #[default]
    Started,
    /// Its health check passes.
    Healthy,
    /// It ended with exit code 0.
    Completed,
}

impl Condition {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Healthy => "healthy",
            Self::Completed => "completed",
        }
    }
}

/// Where an edge comes from, for explanations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    DependsOn,
    Template,
    Link,
    NetworkMode,
    /// `pid` or `ipc` of another container.
    Namespace,
    /// `uses` of what another container shares or attaches.
    Volume,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DependsOn => "depends_on",
            Self::Template => "template",
            Self::Link => "link",
            Self::NetworkMode => "network_mode",
            Self::Namespace => "namespace",
            Self::Volume => "volume",
        })
    }
}

/// A container that another one needs. (Images, networks and volumes that a container needs follow
/// from its spec and are not listed.)
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dependency {
    pub on: Address,
    pub condition: Condition,
    pub reason: Reason,
}
