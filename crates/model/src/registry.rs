//! Registries as declared: what an engine logs in to them with.
//!
//! Invariant: a password is never here, only the secret that holds it.

/// `engines.<name>.registries.<host>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistrySpec {
    pub login: RegistryLogin,
    /// For pushes, where that is another one.
    pub push: Option<RegistryLogin>,
}

/// Who logs in, and with which password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryLogin {
    pub username: String,
    /// The key under `secrets`.
    pub secret: String,
}

impl RegistrySpec {
    pub fn login_for(&self, push: bool) -> &RegistryLogin {
        self.push.as_ref().filter(|_| push).unwrap_or(&self.login)
    }
}
