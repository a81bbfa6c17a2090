//! Hashes of passwords.
//!
//! Invariant: no text but the wire form shows one.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What crypt(3) makes of a password: `$6$salt$…`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PasswordHash(pub String);

impl PasswordHash {
    /// Whether it can be one; a password itself is none.
    pub(crate) fn is_hash(&self) -> bool {
        let mut parts = self.0.split('$');
        let is_modular = parts.next() == Some("") && parts.clone().count() >= 3;
        let letter = |c: char| c.is_ascii_graphic() && !matches!(c, ':' | '!' | '*' | ';' | '\\');
        self.0 == "*" || (is_modular && parts.all(|part| part.chars().all(letter)))
    }
}

impl From<&str> for PasswordHash {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}
