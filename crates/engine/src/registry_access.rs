//! How an engine gets into a registry, as far as it may be shown.
//!
//! Invariant: neither a password nor a token is here.

use crate::error::Result;

/// Which credentials an engine would show to a registry, and what that says to them.
#[derive(Debug)]
pub struct RegistryAccess {
    /// `None`: nobody's; it asks as anybody may.
    pub credentials: Option<KnownCredentials>,
    pub answer: Result<()>,
}

/// Credentials that were found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownCredentials {
    /// Where: `engines.default.registries`, a variable, a file, a helper program.
    pub origin: String,
    /// `None`: a token stands for the user.
    pub username: Option<String>,
}
