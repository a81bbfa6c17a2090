//! Secrets: values that are used and never shown.
//!
//! Invariant: neither `Debug` nor `Display` nor any serialised form of these types holds the value.

use crate::digest::Digest;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use windlass_bundle::Secrets;

/// A value that is never printed.
#[derive(Clone)]
pub struct Sensitive {
    value: String,
    template: Option<Arc<str>>,
}

impl Sensitive {
    pub fn new(value: impl Into<String>) -> Self {
        Self { value: value.into(), template: None }
    }

    /// With the template that gives it wherever the project's names are known: `{{ secrets.key }}`.
    #[must_use]
    pub fn with_template(self, template: Option<impl Into<Arc<str>>>) -> Self {
        Self { template: template.map(Into::into), ..self }
    }

    /// The value itself, for the one call that needs it.
    pub fn reveal(&self) -> &str {
        &self.value
    }

    /// What to write for the value; none if it can't be written in a project's long form.
    pub fn template(&self) -> Option<&str> {
        self.template.as_deref()
    }
}

/// How a value is written makes no difference to it.
impl PartialEq for Sensitive {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl Eq for Sensitive {}

impl PartialOrd for Sensitive {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Sensitive {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.value.cmp(&other.value)
    }
}

impl fmt::Debug for Sensitive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// `secrets.<name>`: where a secret comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// A file, by its absolute path.
    File(String),
    /// A variable of the environment.
    Env(String),
    /// A command whose standard output, without its last line end, is the value.
    Command(Vec<String>),
}

/// `secrets.<name>` of a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretSpec {
    pub name: String,
    pub source: SecretSource,
}

/// Where the files of secrets are in a container, if the file does not say otherwise.
pub const SECRETS_DIR: &str = "/run/secrets";

/// A secret that a container gets as a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SecretMount {
    /// The key under `secrets`.
    pub secret: String,
    /// Absolute path in the container; default `/run/secrets/<name>`.
    pub target: String,
    #[serde(default)]
    pub uid: u32,
    #[serde(default)]
    pub gid: u32,
    /// Permission bits; default 0o400.
    pub mode: u32,
}

/// The values themselves, for an agent that gives them to commands.
pub fn plain(values: &BTreeMap<String, Sensitive>) -> Secrets {
    let all = values.iter().map(|(name, value)| (name.clone(), value.reveal().to_owned()));
    Secrets(all.collect())
}

/// The values of a project's secrets, read when they are needed, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SecretValues(pub BTreeMap<String, Sensitive>);

impl SecretValues {
    pub fn get(&self, name: &str) -> Option<&Sensitive> {
        self.0.get(name)
    }

    /// A digest of the values of some secrets, salted with what they are for, so that equal values
    /// can't be told from one another by their labels.
    ///
    /// It is stretched (`ROUNDS` hashes), because a label can be read by whoever can list
    /// containers, and a short secret must not be found by trying.
    pub fn digest<'a>(&self, salt: &str, names: impl IntoIterator<Item = &'a str>) -> Digest {
        const ROUNDS: u32 = 20_000;
        let mut digest = Digest::of(["secret", salt]);
        for name in names {
            let value = self.0.get(name).map_or("", Sensitive::reveal);
            digest = Digest::of([digest.as_str(), name, value]);
        }
        for _ in 0..ROUNDS {
            digest = Digest::of([digest.as_str(), salt]);
        }
        digest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_hides_the_value() {
        let values = SecretValues([("pw".to_owned(), Sensitive::new("hunter2"))].into());
        assert!(!format!("{values:?}").contains("hunter2"));
    }

    #[test]
    fn digest_depends_on_salt_and_value() {
        let one = SecretValues([("pw".to_owned(), Sensitive::new("a"))].into());
        let two = SecretValues([("pw".to_owned(), Sensitive::new("b"))].into());
        assert_ne!(one.digest("web", ["pw"]), two.digest("web", ["pw"]));
        assert_ne!(one.digest("web", ["pw"]), one.digest("app", ["pw"]));
        assert_eq!(one.digest("web", ["pw"]), one.clone().digest("web", ["pw"]));
    }
}
