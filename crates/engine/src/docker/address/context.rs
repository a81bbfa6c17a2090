//! Docker contexts: the named endpoints that the docker program keeps under its folder.
//!
//! Invariant: a context that exists but cannot be used is an error, never a silent default.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{AddressError, EngineAddress, Environment, TlsMaterial, url};

#[derive(Deserialize)]
struct ConfigFile {
    #[serde(rename = "currentContext")]
    current_context: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Meta {
    name: String,
    #[serde(default)]
    endpoints: BTreeMap<String, MetaEndpoint>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct MetaEndpoint {
    host: Option<String>,
    #[serde(default, rename = "SkipTLSVerify")]
    skip_tls_verify: bool,
}

/// The context that is in force, if one is, and where that is said.
pub(super) fn current(environment: &Environment) -> Result<Option<(String, String)>, AddressError> {
    if let Some(name) = environment.var("DOCKER_CONTEXT") {
        return Ok(Some((name.to_owned(), "DOCKER_CONTEXT".to_owned())));
    }
    let Some(folder) = environment.docker_folder() else { return Ok(None) };
    let path = folder.join("config.json");
    let config: Option<ConfigFile> = read_json(&path)?;
    let name = config.and_then(|file| file.current_context).filter(|name| !name.is_empty());
    Ok(name.map(|name| (name, format!("currentContext in {}", path.display()))))
}

pub(super) fn load(name: &str, environment: &Environment) -> Result<EngineAddress, AddressError> {
    let missing = || AddressError::NoContext { name: name.to_owned() };
    let contexts = environment.docker_folder().ok_or_else(missing)?.join("contexts");
    let (id, meta) = find(name, &contexts)?.ok_or_else(missing)?;
    address(&meta, &contexts.join("tls").join(id).join("docker"))
}

/// The endpoint of a context, with its certificates in a folder.
fn address(meta: &Meta, certificates: &Path) -> Result<EngineAddress, AddressError> {
    let no_endpoint = || AddressError::NoEndpoint { name: meta.name.clone() };
    let endpoint = meta.endpoints.get("docker").ok_or_else(no_endpoint)?;
    let host = endpoint.host.as_deref().filter(|host| !host.is_empty()).ok_or_else(no_endpoint)?;
    let parsed = url::parse(host)
        .map_err(|source| AddressError::Url { url: url::without_password(host), source })?;

    let mut material = TlsMaterial::in_folder(certificates);
    material.verify = !endpoint.skip_tls_verify;
    let wants_tls = parsed.tls || endpoint.skip_tls_verify || material.ca.is_some();
    match parsed.endpoint {
        EngineAddress::Tcp { host, port: _ } if wants_tls && !parsed.plain => {
            Ok(EngineAddress::Tls { host, port: parsed.port.unwrap_or(2376), material })
        }
        EngineAddress::Tcp { host: name, port: _ } if !parsed.plain && !url::is_loopback(&name) => {
            Err(AddressError::Unprotected { url: host.to_owned() })
        }
        other @ (EngineAddress::Unix { .. }
        | EngineAddress::Tcp { .. }
        | EngineAddress::Tls { .. }
        | EngineAddress::Ssh(_)
        | EngineAddress::Npipe { .. }) => Ok(other),
    }
}

/// The endpoint of a context that has no certificates, from the bytes of its `meta.json`.
pub(in crate::docker) fn of_meta(bytes: &[u8]) -> Result<EngineAddress, AddressError> {
    let path = PathBuf::from("meta.json");
    let meta = serde_json::from_slice(bytes);
    let meta = meta.map_err(|source| AddressError::Json { path: path.clone(), source })?;
    address(&meta, &path)
}

/// Looks through all contexts, because a folder's name is only a digest of the context's.
fn find(name: &str, contexts: &Path) -> Result<Option<(PathBuf, Meta)>, AddressError> {
    let metas = contexts.join("meta");
    let entries = match fs::read_dir(&metas) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(AddressError::Read { path: metas, source }),
    };
    for entry in entries {
        let entry = entry.map_err(|source| AddressError::Read { path: metas.clone(), source })?;
        // Another context that is broken is not what was asked for.
        if let Ok(Some(meta)) = read_json::<Meta>(&entry.path().join("meta.json"))
            && meta.name == name
        {
            return Ok(Some((PathBuf::from(entry.file_name()), meta)));
        }
    }
    Ok(None)
}

/// Reads a file that may be absent.
fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, AddressError> {
    let bytes = match windlass_files::read(path, windlass_files::TEXT_MAX_BYTES) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(AddressError::Read { path: path.to_owned(), source }),
    };
    serde_json::from_slice(&bytes)
        .map(Some)
        .map_err(|source| AddressError::Json { path: path.to_owned(), source })
}
