//! A container that another one reaches under an alias.
//!
//! Invariant: without an alias it is the target's name as a hostname.

use serde_json::Value;

use super::part::Part;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link(Part);

impl Link {
    /// A container, or `container.instance`.
    pub fn new(target: impl Into<String>) -> Self {
        Self(Part::default().with("container", target.into()))
    }

    #[must_use]
    pub fn alias(self, alias: impl Into<String>) -> Self {
        Self(self.0.with("alias", alias.into()))
    }
}

impl From<&str> for Link {
    fn from(target: &str) -> Self {
        Self::new(target)
    }
}

impl From<(&str, &str)> for Link {
    fn from((target, alias): (&str, &str)) -> Self {
        Self::new(target).alias(alias)
    }
}

impl From<Link> for Value {
    fn from(link: Link) -> Self {
        link.0.into()
    }
}
