//! Looking for an engine where a user would expect it.
//!
//! Invariant: what the user named (`DOCKER_HOST`, the docker context) is used or is an error; the usual
//! sockets are tried only when the user named nothing.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Engine, start};
use crate::Result;
use crate::http::Address;

pub(super) const DEFAULT: &str = "the default socket";

/// Whether it was found by itself; one that the user named has no replacement.
pub(super) fn is_usual(engine: &Engine) -> bool {
    sockets().iter().any(|(_, how)| *how == engine.how)
}

/// The first engine that answers, and why the others were not taken.
pub(super) fn find() -> Result<(Option<Engine>, Vec<String>)> {
    if let Some(host) = variable("DOCKER_HOST") {
        return Ok((Some(Engine::ask(&host, "DOCKER_HOST")?), Vec::new()));
    }
    if let Some((name, url)) = context()? {
        let engine = Engine::ask(&url, &format!("docker context {name:?}"))?;
        return Ok((Some(engine), Vec::new()));
    }
    let mut reasons = Vec::new();
    for (socket, how) in sockets() {
        if !socket.exists() {
            reasons.push(format!("{} ({how}) is not there", socket.display()));
            continue;
        }
        match Engine::ask(&format!("unix://{}", socket.display()), how) {
            Ok(engine) => return Ok((Some(engine), reasons)),
            Err(error) => reasons.push(error.to_string()),
        }
    }
    Ok((None, reasons))
}

fn sockets() -> Vec<(PathBuf, &'static str)> {
    let mut sockets = vec![(PathBuf::from("/var/run/docker.sock"), DEFAULT)];
    if let Some(directory) = variable("XDG_RUNTIME_DIR").map(PathBuf::from) {
        sockets.push((directory.join("docker.sock"), "the rootless engine's socket"));
        sockets.push((directory.join("podman/podman.sock"), "the user's podman socket"));
    }
    if let Some(home) = variable("HOME").map(PathBuf::from) {
        sockets.push((home.join(".docker/run/docker.sock"), "Docker Desktop's socket"));
    }
    sockets.push(("/run/podman/podman.sock".into(), "podman's socket"));
    sockets.push((start::socket(), "the engine that an earlier run started"));
    sockets
}

/// The name and the url of the current docker context, unless it is the default one.
fn context() -> Result<Option<(String, String)>> {
    let Some(home) = variable("HOME") else { return Ok(None) };
    let directory =
        variable("DOCKER_CONFIG").map_or_else(|| Path::new(&home).join(".docker"), PathBuf::from);
    let current = || -> Option<String> {
        let text = std::fs::read_to_string(directory.join("config.json")).ok()?;
        let config: Value = serde_json::from_str(&text).ok()?;
        Some(config["currentContext"].as_str()?.to_owned())
    };
    match variable("DOCKER_CONTEXT").or_else(current) {
        None => Ok(None),
        Some(name) if name == "default" => Ok(None),
        Some(name) => {
            let url = context_url(&directory, &name)
                .ok_or_else(|| format!("there is no docker context called {name:?}"))?;
            Ok(Some((name, url)))
        }
    }
}

/// The directory of a context is named by a digest of its name, so all are read.
fn context_url(directory: &Path, name: &str) -> Option<String> {
    for entry in std::fs::read_dir(directory.join("contexts/meta")).ok()?.flatten() {
        let text = std::fs::read_to_string(entry.path().join("meta.json")).unwrap_or_default();
        let meta: Value = serde_json::from_str(&text).unwrap_or_default();
        if meta["Name"] == name {
            return meta["Endpoints"]["docker"]["Host"].as_str().map(String::from);
        }
    }
    None
}

/// What xtask itself can speak to; windlass can do more.
pub(super) fn address(url: &str) -> Result<Address> {
    match url.split_once("://") {
        Some(("unix", path)) => Ok(Address::Unix(path.into())),
        Some(("tcp" | "http", authority)) => Ok(Address::Tcp(authority.into())),
        _ => Err(format!("the chores need an engine at unix:// or tcp://, not {url:?}").into()),
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_and_contexts_lead_to_addresses() {
        assert_eq!(address("unix:///run/x.sock").unwrap(), Address::Unix("/run/x.sock".into()));
        assert_eq!(address("tcp://h:2375").unwrap(), Address::Tcp("h:2375".into()));
        assert!(address("ssh://h").is_err() && address("h:2375").is_err());
        let directory = std::env::temp_dir().join(format!("xtask-context-{}", std::process::id()));
        let meta = directory.join("contexts/meta/0123");
        std::fs::create_dir_all(&meta).unwrap();
        let text = r#"{"Name": "far", "Endpoints": {"docker": {"Host": "tcp://far:2375"}}}"#;
        std::fs::write(meta.join("meta.json"), text).unwrap();
        assert_eq!(context_url(&directory, "far").unwrap(), "tcp://far:2375");
        assert_eq!(context_url(&directory, "near"), None);
        std::fs::remove_dir_all(directory).unwrap();
    }
}
