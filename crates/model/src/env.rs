//! Environment variables of a container.
//!
//! Invariant: a sensitive value is never serialised; its place on a label says only that there was one.

use crate::SortedMap;
use crate::secret::Sensitive;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Variables by name.
pub type Env = SortedMap<String, EnvValue>;

/// The value of a variable.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EnvValue {
    Plain(String),
    /// Came from a secret.
    Sensitive(Sensitive),
    /// Was sensitive when it was written on a label; the value is not known.
    Withheld,
}

impl EnvValue {
    /// The value, where it is known.
    pub fn reveal(&self) -> Option<&str> {
        match self {
            Self::Plain(value) => Some(value),
            Self::Sensitive(value) => Some(value.reveal()),
            Self::Withheld => None,
        }
    }

    /// Whether the value must not be shown.
    pub fn is_sensitive(&self) -> bool {
        !matches!(self, Self::Plain(_))
    }
}

impl From<&str> for EnvValue {
    fn from(value: &str) -> Self {
        Self::Plain(value.to_owned())
    }
}

impl Serialize for EnvValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Plain(value) => serializer.serialize_some(value),
            Self::Sensitive(_) | Self::Withheld => serializer.serialize_none(),
        }
    }
}

impl<'de> Deserialize<'de> for EnvValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::<String>::deserialize(deserializer)?.map_or(Self::Withheld, Self::Plain))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sensitive_value_is_not_serialised() {
        let env: Env = [
            ("A".to_owned(), EnvValue::Plain("1".into())),
            ("B".to_owned(), EnvValue::Sensitive(Sensitive::new("hunter2"))),
        ]
        .into();
        let text = serde_json::to_string(&env).unwrap();
        assert_eq!(text, r#"{"A":"1","B":null}"#);
        let read: Env = serde_json::from_str(&text).unwrap();
        assert_eq!(read["B"], EnvValue::Withheld);
    }
}
