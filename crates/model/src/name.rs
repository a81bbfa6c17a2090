//! Names and ids as types of their own, so that one is never passed for another.
//!
//! Invariant: a `ProjectName` is valid as the first part of every engine name we derive from it.

use crate::text::Text;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Declares a newtype for a name or an id: over `Text` for one that many hold.
macro_rules! text_type {
    ($(#[$meta:meta])* $name:ident($text:ty)) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $text);

        impl $name {
            pub fn new(text: impl Into<$text>) -> Self {
                Self(text.into())
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_type!(
    /// The engine's id of a container: 64 hex digits.
    ContainerId(String)
);
text_type!(
    /// The engine's id of an image: `sha256:` and 64 hex digits of its configuration.
    ImageId(String)
);
text_type!(
    /// The engine's id of a network: 64 hex digits.
    NetworkId(String)
);
text_type!(
    /// The name of an engine in the file; `default` when the file names none.
    EngineName(Text)
);
text_type!(
    /// The name of a project: lower-case letters, digits, `_` and `-`, first a letter or a digit.
    ProjectName(Text)
);

impl EngineName {
    /// The engine that is used where the file names none.
    pub const DEFAULT: &'static str = "default";

    pub fn is_default(&self) -> bool {
        self.0 == Self::DEFAULT
    }
}

impl Default for EngineName {
    fn default() -> Self {
        Self::new(Self::DEFAULT)
    }
}

impl ContainerId {
    /// The first twelve digits, as the engine's own tools print ids.
    pub fn short(&self) -> &str {
        short(&self.0)
    }
}

impl ImageId {
    /// The first twelve hex digits, without the algorithm.
    pub fn short(&self) -> &str {
        short(self.0.strip_prefix("sha256:").unwrap_or(&self.0))
    }
}

impl NetworkId {
    pub fn short(&self) -> &str {
        short(&self.0)
    }
}

fn short(text: &str) -> &str {
    text.get(..12).unwrap_or(text)
}

impl ProjectName {
    /// Makes a project name of any text, such as the name of a directory: lower case, every other
    /// character dropped, leading separators dropped. `None` where nothing is left.
    pub fn normalise(text: &str) -> Option<Self> {
        let kept: String = text
            .to_lowercase()
            .chars()
            .filter(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-'))
            .collect();
        let name = kept.trim_start_matches(['_', '-']);
        (!name.is_empty()).then(|| Self::new(name))
    }

    /// Whether the text is a project name as it stands.
    pub fn is_valid(text: &str) -> bool {
        Self::normalise(text).is_some_and(|name| name.0 == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalise() {
        for (text, expected) in [
            ("shop", Some("shop")),
            ("My Shop.v2", Some("myshopv2")),
            ("__a-b_c", Some("a-b_c")),
            ("é", None),
            ("", None),
        ] {
            assert_eq!(ProjectName::normalise(text), expected.map(ProjectName::new));
        }
    }
}
