//! The JSON documents of the Docker Engine API, as far as windlass uses them.
//!
//! Invariant: reading is tolerant: everything may be absent or null, words may be unknown, and
//! fields that nobody asked for are ignored.

pub(crate) mod container;
pub(crate) mod host;
pub(crate) mod image;
pub(crate) mod network;
pub(crate) mod progress;
pub(crate) mod volume;

use serde::{Deserialize, Serialize};

/// The value of a set that is written as an object: `{}`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Empty {}

/// A list that some engines write as a single word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Words {
    Many(Vec<String>),
    One(String),
}

impl Words {
    pub(crate) fn into_vec(self) -> Vec<String> {
        match self {
            Self::Many(words) => words,
            Self::One(word) => vec![word],
        }
    }
}

/// A word that some engines write as a number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Loose {
    Text(String),
    Number(i64),
}

impl Loose {
    pub(crate) fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Number(number) => number.to_string(),
        }
    }
}

/// The answer to a creation.
#[derive(Debug, Deserialize)]
pub(crate) struct Created {
    #[serde(alias = "Id", alias = "ID")]
    pub(crate) id: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_shapes_are_read() {
        let words = |text| serde_json::from_str::<Words>(text).unwrap().into_vec();
        assert_eq!(words(r#""sh""#), ["sh"]);
        assert_eq!(words(r#"["a","b"]"#), ["a", "b"]);
        let loose = |text| serde_json::from_str::<Loose>(text).unwrap().into_text();
        assert_eq!(loose("15"), "15");
        assert_eq!(loose(r#""SIGTERM""#), "SIGTERM");
        for text in [r#"{"Id":"x","Warnings":null}"#, r#"{"ID":"x"}"#] {
            assert_eq!(serde_json::from_str::<Created>(text).unwrap().id, "x");
        }
    }
}
