//! Registries: whether they let this engine in.
//!
//! Invariant: what is shown to a registry leaves only in the body of the call.

use super::auth::{Keychain, address_of};
use super::call::Call;
use super::engine::DockerEngine;
use super::image::auth_error;
use crate::error::Result;
use crate::registry_access::{KnownCredentials, RegistryAccess};

impl DockerEngine {
    /// All credentials that there are, read now.
    pub(super) fn keychain(&self) -> Result<Keychain> {
        let keychain = Keychain::open(&self.environment).map_err(auth_error)?;
        Ok(keychain.with_logins(self.logins.clone()))
    }

    pub(super) async fn registry_check(
        &self,
        registry: &str,
        push: bool,
    ) -> Result<RegistryAccess> {
        let found = self.keychain()?.find(registry, push).await.map_err(auth_error)?;
        let document = found.as_ref().map_or_else(
            || serde_json::json!({ "serveraddress": address_of(registry) }),
            |(credentials, _)| credentials.document(registry),
        );
        let answer = self.carry_out(Call::post("/auth").json(&document)).await;
        let credentials = found.map(|(credentials, origin)| {
            let username = credentials.username().map(str::to_owned);
            KnownCredentials { origin, username }
        });
        Ok(RegistryAccess { credentials, answer })
    }
}
