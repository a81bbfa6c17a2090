//! What a project declares to log in to registries with.
//!
//! Invariant: a secret is read when a registry is asked for, and once.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::sync::Mutex;
use windlass_model::registry::RegistrySpec;
use windlass_model::secret::Sensitive;

use super::{AuthError, Credentials};

/// Reads a secret of the project by its key.
pub type SecretLookup = Arc<
    dyn Fn(&str) -> BoxFuture<'static, Result<Sensitive, Box<dyn Error + Send + Sync>>>
        + Send
        + Sync,
>;

/// The registries that an engine of a file declares.
#[derive(Clone, Default)]
pub struct Logins {
    /// Where they are written: `engines.default.registries`.
    origin: String,
    registries: BTreeMap<String, RegistrySpec>,
    lookup: Option<SecretLookup>,
    known: Arc<Mutex<BTreeMap<String, Sensitive>>>,
}

impl Logins {
    pub fn new(
        origin: impl Into<String>,
        registries: BTreeMap<String, RegistrySpec>,
        lookup: SecretLookup,
    ) -> Self {
        Self { origin: origin.into(), registries, lookup: Some(lookup), known: Arc::default() }
    }

    /// The hosts that are declared.
    pub(super) fn hosts(&self) -> impl Iterator<Item = &String> {
        self.registries.keys()
    }

    pub(super) async fn find(
        &self,
        registry: &str,
        push: bool,
    ) -> Result<Option<(Credentials, String)>, AuthError> {
        let declared = self.registries.iter();
        let mut declared = declared.filter(|(host, _)| super::registry_of(host) == registry);
        let (Some((_, spec)), Some(lookup)) = (declared.next(), &self.lookup) else {
            return Ok(None);
        };
        let login = spec.login_for(push);
        let mut known = self.known.lock().await;
        if !known.contains_key(&login.secret) {
            let failed = |source| AuthError::Secret { registry: registry.to_owned(), source };
            let read = lookup(&login.secret).await.map_err(failed)?;
            known.insert(login.secret.clone(), read);
        }
        let username = login.username.clone();
        let password = known.get(&login.secret).map(Sensitive::reveal).unwrap_or_default();
        let password = password.to_owned();
        Ok(Some((Credentials::Password { username, password }, self.origin.clone())))
    }
}
