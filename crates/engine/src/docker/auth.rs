//! Credentials for registries: what the project declares, then `DOCKER_AUTH_CONFIG`, then the docker
//! program's own configuration.
//!
//! Invariant: credentials are given to the registry that they were stored for and to no other;
//! when the store that should hold them fails, the call fails.

mod credential_helper;
mod logins;

pub use logins::{Logins, SecretLookup};

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use http::HeaderValue;
use serde::Deserialize;

use super::address::Environment;

/// The name under which Docker Hub's credentials are stored.
const HUB_KEY: &str = "https://index.docker.io/v1/";
const HUB: &str = "docker.io";

/// Why credentials that are configured cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum AuthError {
    #[error("cannot read {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{}:{}:{} is no valid JSON", path.display(), source.line(), source.column())]
    Json { path: PathBuf, source: serde_json::Error },
    #[error("the password for {registry} cannot be read")]
    Secret { registry: String, source: Box<dyn std::error::Error + Send + Sync> },
    #[error("the credentials for {registry} are not stored as they should be")]
    Encoding { registry: String },
    #[error("`{name}` is no name of a credential helper")]
    HelperName { name: String },
    #[error("cannot run {program}")]
    HelperSpawn { program: String, source: io::Error },
    #[error("{program} gave no answer within {seconds} s")]
    HelperTimedOut { program: String, seconds: u64 },
    #[error("{program} failed with status {status}")]
    HelperFailed { program: String, status: i32 },
    #[error("{program} gave an answer that is none")]
    HelperAnswer { program: String },
}

/// What to log in to one registry with.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Credentials {
    Password { username: String, password: String },
    IdentityToken(String),
    RegistryToken(String),
}

impl fmt::Debug for Credentials {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Credentials(…)")
    }
}

impl Credentials {
    /// The value of an `X-Registry-Auth` header.
    pub(crate) fn header(&self, registry: &str) -> HeaderValue {
        sensitive(&self.document(registry))
    }

    /// Who logs in; a token does not say.
    pub(crate) fn username(&self) -> Option<&str> {
        match self {
            Self::Password { username, .. } => Some(username),
            Self::IdentityToken(_) | Self::RegistryToken(_) => None,
        }
    }

    pub(crate) fn document(&self, registry: &str) -> serde_json::Value {
        let address = address_of(registry);
        match self {
            Self::Password { username, password } => serde_json::json!({
                "username": username, "password": password, "serveraddress": address,
            }),
            Self::IdentityToken(token) => serde_json::json!({
                "identitytoken": token, "serveraddress": address,
            }),
            Self::RegistryToken(token) => serde_json::json!({
                "registrytoken": token, "serveraddress": address,
            }),
        }
    }
}

/// Under which name a registry's credentials are stored and shown.
pub(crate) fn address_of(registry: &str) -> &str {
    if registry == HUB { HUB_KEY } else { registry }
}

/// What is shown to a registry when there are no credentials for it.
pub(crate) fn anonymous() -> HeaderValue {
    sensitive(&serde_json::json!({}))
}

/// Engines ignore a value that they cannot decode, so it must be right: padded, URL-safe.
fn sensitive(document: &serde_json::Value) -> HeaderValue {
    let mut value = HeaderValue::try_from(URL_SAFE.encode(document.to_string()))
        .expect("invariant: base64 is visible ASCII");
    value.set_sensitive(true);
    value
}

#[derive(Default, Deserialize)]
struct ConfigFile {
    #[serde(default)]
    auths: Option<BTreeMap<String, Stored>>,
    #[serde(default, rename = "credsStore")]
    creds_store: Option<String>,
    #[serde(default, rename = "credHelpers")]
    cred_helpers: Option<BTreeMap<String, String>>,
}

#[derive(Default, Deserialize)]
struct Stored {
    auth: Option<String>,
    username: Option<String>,
    password: Option<String>,
    identitytoken: Option<String>,
    registrytoken: Option<String>,
}

/// The variable that holds a whole `config.json`.
const GIVEN: &str = "DOCKER_AUTH_CONFIG";

/// The configured credentials; helpers are run, and secrets read, only when a registry is asked for.
#[derive(Default)]
pub(crate) struct Keychain {
    logins: Logins,
    /// Of the environment.
    given: ConfigFile,
    config: ConfigFile,
    /// Where `config` comes from.
    path: PathBuf,
    search: Option<String>,
}

impl Keychain {
    /// Reads the configuration; one that is absent holds no credentials.
    pub(crate) fn open(environment: &Environment) -> Result<Self, AuthError> {
        let search = environment.var("PATH").map(str::to_owned);
        let given = match environment.var(GIVEN) {
            Some(text) => parse(text.as_bytes(), PathBuf::from(GIVEN))?,
            None => ConfigFile::default(),
        };
        let none = Self { given, search, ..Self::default() };
        let Some(path) = environment.docker_folder().map(|folder| folder.join("config.json"))
        else {
            return Ok(none);
        };
        let bytes = match windlass_files::read(&path, windlass_files::TEXT_MAX_BYTES) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(none),
            Err(source) => return Err(AuthError::Read { path, source }),
        };
        Ok(Self { config: parse(&bytes, path.clone())?, path, ..none })
    }

    /// With what a project declares, which comes before all others.
    pub(crate) fn with_logins(self, logins: Logins) -> Self {
        Self { logins, ..self }
    }

    /// The credentials for a registry, such as `docker.io` or `127.0.0.1:5000`, for all but pushes.
    pub(crate) async fn credentials(
        &self,
        registry: &str,
    ) -> Result<Option<Credentials>, AuthError> {
        Ok(self.find(registry, false).await?.map(|(credentials, _)| credentials))
    }

    /// The same, with where they were found.
    pub(crate) async fn find(
        &self,
        registry: &str,
        push: bool,
    ) -> Result<Option<(Credentials, String)>, AuthError> {
        if let Some(found) = self.logins.find(registry, push).await? {
            return Ok(Some(found));
        }
        let key = address_of(registry);
        if let Some(found) = self.given.stored(registry, key)? {
            return Ok(Some((found, GIVEN.to_owned())));
        }
        let helper = self
            .config
            .cred_helpers
            .as_ref()
            .and_then(|helpers| helpers.get(key).or_else(|| helpers.get(registry)))
            .or(self.config.creds_store.as_ref())
            .filter(|name| !name.is_empty());
        let (found, origin) = match helper {
            Some(name) => {
                let found = credential_helper::get(name, key, self.search.as_deref()).await?;
                (found, format!("docker-credential-{name}"))
            }
            None => (self.config.stored(registry, key)?, self.path.display().to_string()),
        };
        Ok(found.map(|found| (found, origin)))
    }

    /// The value of an `X-Registry-Config` header: what builds may log in with.
    pub(crate) async fn build_header(&self) -> Result<Option<HeaderValue>, AuthError> {
        let helpers = self.config.cred_helpers.iter().flat_map(BTreeMap::keys);
        let stored = [&self.given, &self.config].into_iter().flat_map(|config| &config.auths);
        let keys = stored.flat_map(BTreeMap::keys).chain(helpers).chain(self.logins.hosts());
        let mut all = serde_json::Map::new();
        for key in keys {
            let registry = registry_of(key);
            if let Some(credentials) = self.credentials(registry).await? {
                all.insert(key.clone(), credentials.document(registry));
            }
        }
        Ok((!all.is_empty()).then(|| sensitive(&serde_json::Value::Object(all))))
    }
}

fn parse(bytes: &[u8], path: PathBuf) -> Result<ConfigFile, AuthError> {
    serde_json::from_slice(bytes).map_err(|source| AuthError::Json { path, source })
}

impl ConfigFile {
    fn stored(&self, registry: &str, key: &str) -> Result<Option<Credentials>, AuthError> {
        let Some(auths) = &self.auths else { return Ok(None) };
        let found = auths.get(key).or_else(|| {
            auths.iter().find(|(name, _)| registry_of(name) == registry).map(|(_, stored)| stored)
        });
        found.map_or(Ok(None), |stored| stored.credentials(registry))
    }
}

impl Stored {
    fn credentials(&self, registry: &str) -> Result<Option<Credentials>, AuthError> {
        let Self { auth, username, password, identitytoken, registrytoken } = self;
        let given = |value: &Option<String>| value.clone().filter(|text| !text.is_empty());
        if let Some(token) = given(identitytoken) {
            return Ok(Some(Credentials::IdentityToken(token)));
        }
        if let Some(token) = given(registrytoken) {
            return Ok(Some(Credentials::RegistryToken(token)));
        }
        if let Some(auth) = given(auth) {
            return decode_pair(&auth)
                .map(Some)
                .ok_or_else(|| AuthError::Encoding { registry: registry.to_owned() });
        }
        Ok(match (given(username), given(password)) {
            (Some(username), Some(password)) => Some(Credentials::Password { username, password }),
            (None, _) | (_, None) => None,
        })
    }
}

/// `user:password` in base64; the docker program pads the password with zero bytes at times.
fn decode_pair(auth: &str) -> Option<Credentials> {
    let text = String::from_utf8(STANDARD.decode(auth.trim()).ok()?).ok()?;
    let (username, password) = text.split_once(':')?;
    let password = password.trim_matches('\0');
    Some(Credentials::Password { username: username.to_owned(), password: password.to_owned() })
}

/// Whether a `config.json` itself holds credentials for a registry.
pub(super) fn holds(config: &[u8], registry: &str) -> Result<bool, AuthError> {
    let config = parse(config, PathBuf::from("config.json"))?;
    let found = config.stored(registry, address_of(registry))?;
    Ok(found.is_some_and(|found| found.header(registry).is_sensitive()))
}

/// The registry that a stored key means: keys may be whole URLs.
fn registry_of(key: &str) -> &str {
    let rest = key.split_once("://").map_or(key, |(_, rest)| rest);
    match rest.split('/').next().unwrap_or(rest) {
        "index.docker.io" | "registry-1.docker.io" => HUB,
        host => host,
    }
}

/// The registry of an image reference: its first part, if that looks like a host.
pub fn registry_of_image(reference: &str) -> &str {
    match reference.split_once('/') {
        Some((first, _))
            if first.contains(['.', ':'])
                || first == "localhost"
                || first.chars().any(char::is_uppercase) =>
        {
            registry_of(first)
        }
        Some(_) | None => HUB,
    }
}

#[cfg(test)]
mod tests;
