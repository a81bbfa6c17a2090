//! A path of the host in a container.
//!
//! Invariant: it names an alias, or both of its paths.

use serde_json::Value;

use super::part::Part;

/// An alias of the map's `host` and `volumes`, or a pair of paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bind(Part);

impl Bind {
    /// What the map has at this alias: the path of the host under `host`, that in the container under `volumes`.
    pub fn alias(name: impl Into<String>) -> Self {
        Self(Part::default().with("name", name.into()))
    }

    /// A path in the container, and one of the host; a relative one starts from the host root.
    pub fn path(path: impl Into<String>, host_path: impl Into<String>) -> Self {
        Self(Part::default().with("path", path.into()).with("host_path", host_path.into()))
    }

    #[must_use]
    pub fn read_only(self) -> Self {
        Self(self.0.with("readonly", true))
    }
}

impl From<&str> for Bind {
    fn from(name: &str) -> Self {
        Self::alias(name)
    }
}

impl From<(&str, &str)> for Bind {
    fn from((path, host_path): (&str, &str)) -> Self {
        Self::path(path, host_path)
    }
}

impl From<Bind> for Value {
    fn from(bind: Bind) -> Self {
        bind.0.into()
    }
}
