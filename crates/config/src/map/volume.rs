//! What a volume's alias means.
//!
//! Invariant: what is not set is the engine's, or the attaching container's.

use serde_json::Value;

use super::part::Part;

/// An alias for `attaches`, `uses` and `binds`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Volume(Part);

impl Volume {
    pub fn new() -> Self {
        Self::default()
    }

    /// Where it is in containers that name no path of their own.
    #[must_use]
    pub fn default_path(self, path: impl Into<String>) -> Self {
        self.set("default_path", path.into())
    }

    #[must_use]
    pub fn driver(self, name: impl Into<String>) -> Self {
        self.set("driver", name.into())
    }

    #[must_use]
    pub fn driver_option(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        Self(self.0.with_entry("driver_options", name.into(), value.into()))
    }

    /// `user` or `user:group`, which a new volume belongs to; without it, the attaching container's user.
    #[must_use]
    pub fn user(self, user: impl Into<Value>) -> Self {
        self.set("user", user)
    }

    /// As for `chmod`.
    #[must_use]
    pub fn permissions(self, permissions: impl Into<String>) -> Self {
        self.set("permissions", permissions.into())
    }

    /// Any other key that a volume may have in a file.
    #[must_use]
    pub fn set(self, key: &str, value: impl Into<Value>) -> Self {
        Self(self.0.with(key, value))
    }
}

impl From<&str> for Volume {
    fn from(path: &str) -> Self {
        Self::new().default_path(path)
    }
}

impl From<Volume> for Value {
    fn from(volume: Volume) -> Self {
        volume.0.into()
    }
}
