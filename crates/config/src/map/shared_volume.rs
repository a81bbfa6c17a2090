//! A volume that one container attaches and others use.
//!
//! Invariant: without a path it is where the map's `volumes` say.

use serde_json::Value;

use super::part::Part;

/// A volume's alias and where it is mounted; for `uses`, it may also be the name of a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedVolume(Part);

impl SharedVolume {
    pub fn new(name: impl Into<String>) -> Self {
        Self(Part::default().with("name", name.into()))
    }

    /// The path in the container.
    #[must_use]
    pub fn at(self, path: impl Into<String>) -> Self {
        Self(self.0.with("path", path.into()))
    }

    #[must_use]
    pub fn read_only(self) -> Self {
        Self(self.0.with("readonly", true))
    }
}

impl From<&str> for SharedVolume {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

impl From<(&str, &str)> for SharedVolume {
    fn from((name, path): (&str, &str)) -> Self {
        Self::new(name).at(path)
    }
}

impl From<SharedVolume> for Value {
    fn from(volume: SharedVolume) -> Self {
        volume.0.into()
    }
}
