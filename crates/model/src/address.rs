//! Address: the one way to point at a declared object.
//!
//! Invariant: an address is unique within a project and stays the same from run to run; the
//! `.address` label of an object is its text form without the engine.

use crate::name::EngineName;
use crate::text::Text;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What an address points at. The order is the order of display.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Network,
    Volume,
    Image,
    Container,
}

impl Kind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Volume => "volume",
            Self::Image => "image",
            Self::Container => "container",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Network, Self::Volume, Self::Image, Self::Container]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }
}

/// An object of the project on one engine: `container web`, `container web.blue @ remote`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Address {
    pub engine: EngineName,
    pub kind: Kind,
    /// The key in the file; for a container with instances `key.instance`.
    pub name: Text,
}

impl Address {
    pub fn new(engine: EngineName, kind: Kind, name: impl Into<Text>) -> Self {
        Self { engine, kind, name: name.into() }
    }

    pub fn container(engine: &EngineName, name: impl Into<Text>) -> Self {
        Self::new(engine.clone(), Kind::Container, name)
    }

    pub fn image(engine: &EngineName, name: impl Into<Text>) -> Self {
        Self::new(engine.clone(), Kind::Image, name)
    }

    pub fn network(engine: &EngineName, name: impl Into<Text>) -> Self {
        Self::new(engine.clone(), Kind::Network, name)
    }

    pub fn volume(engine: &EngineName, name: impl Into<Text>) -> Self {
        Self::new(engine.clone(), Kind::Volume, name)
    }

    /// The value of the `.address` label: `container/web`. The engine is left out, because an
    /// engine does not know by which name a file calls it.
    pub fn label(&self) -> String {
        format!("{}/{}", self.kind.as_str(), self.name)
    }

    /// Reads the value of an `.address` label.
    pub fn from_label(engine: &EngineName, text: &str) -> Option<Self> {
        let (kind, name) = text.split_once('/')?;
        (!name.is_empty()).then_some(())?;
        Some(Self::new(engine.clone(), Kind::parse(kind)?, name))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.as_str(), self.name)?;
        if !self.engine.is_default() {
            write!(f, " @ {}", self.engine)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn label_round_trip() {
        let address = Address::container(&EngineName::default(), "web.blue");
        assert_eq!(address.label(), "container/web.blue");
        assert_eq!(Address::from_label(&EngineName::default(), &address.label()), Some(address));
        assert_eq!(Address::from_label(&EngineName::default(), "pod/x"), None);
        assert_eq!(Address::from_label(&EngineName::default(), "container/"), None);
    }

    #[test]
    fn display_names_the_engine_only_where_it_matters() {
        assert_eq!(Address::volume(&EngineName::default(), "data").to_string(), "volume data");
        assert_eq!(Address::volume(&EngineName::new("eu"), "data").to_string(), "volume data @ eu");
    }
}
