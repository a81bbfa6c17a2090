//! Mounts of a container: volumes and bind mounts. (A tmpfs mount is `ContainerConfig::tmpfs`.)
//!
//! Invariant: a mount is known by its target; a container has at most one per target.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What is mounted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MountSource {
    /// A volume, by its name on the engine.
    Volume(String),
    /// A path of the engine's host, absolute and cleaned.
    Bind(String),
    /// A volume that lives and dies with its container.
    Anonymous,
}

/// A mount, without its target.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Mount {
    pub source: MountSource,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub read_only: bool,
    /// Bind propagation such as `rslave`; `None` is the engine's default, `rprivate`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub propagation: Option<String>,
    /// Volume only: do not copy what the image has at the target into an empty volume.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub no_copy: bool,
    /// Bind only: let the engine make a missing directory (as root) instead of refusing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub create_host_path: bool,
}

impl Mount {
    pub fn volume(name: impl Into<String>) -> Self {
        Self::from_source(MountSource::Volume(name.into()))
    }

    pub fn bind(path: impl Into<String>) -> Self {
        Self::from_source(MountSource::Bind(path.into()))
    }

    pub fn anonymous() -> Self {
        Self::from_source(MountSource::Anonymous)
    }

    fn from_source(source: MountSource) -> Self {
        Self {
            source,
            read_only: false,
            propagation: None,
            no_copy: false,
            create_host_path: false,
        }
    }

    #[must_use]
    pub fn read_only(mut self, read_only: bool) -> Self {
        self.read_only = read_only;
        self
    }

    /// The volume's name on the engine, if this mounts one.
    pub fn volume_name(&self) -> Option<&str> {
        match &self.source {
            MountSource::Volume(name) => Some(name),
            MountSource::Bind(_) | MountSource::Anonymous => None,
        }
    }
}

impl fmt::Display for Mount {
    /// `volume shop.data`, `/etc/x (read-only)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            MountSource::Volume(name) => write!(f, "volume {name}")?,
            MountSource::Bind(path) => f.write_str(path)?,
            MountSource::Anonymous => f.write_str("an anonymous volume")?,
        }
        if self.read_only {
            f.write_str(" (read-only)")?;
        }
        if let Some(propagation) = &self.propagation {
            write!(f, " ({propagation})")?;
        }
        Ok(())
    }
}
