//! Which version of the API an engine speaks, and whether it is podman.
//!
//! Invariant: every versioned call waits for one successful ping; a ping that fails fails the call
//! and is tried again by the next one.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use http::HeaderMap;
use tokio::sync::OnceCell;

use super::call::Call;
use super::deadline::PING_PAUSE;
use super::error;
use super::http::Http;
use super::reply::Reply;
use super::transport::Connection;
use crate::error::EngineError;
use windlass_model::fault::Fault;

/// A version of the Docker Engine API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ApiVersion {
    pub major: u16,
    pub minor: u16,
}

impl ApiVersion {
    /// The oldest that this client knows how to speak with.
    pub const LEAST: Self = Self { major: 1, minor: 40 };
    /// The newest that this client has been tried with.
    pub const MOST: Self = Self { major: 1, minor: 51 };
}

impl fmt::Display for ApiVersion {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}.{}", self.major, self.minor)
    }
}

impl FromStr for ApiVersion {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (major, minor) = text.trim().split_once('.').unwrap_or((text, "0"));
        Ok(Self { major: major.parse()?, minor: minor.parse()? })
    }
}

/// What a ping told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Peer {
    /// The version that calls are made with.
    pub(crate) api: ApiVersion,
    /// Podman's own version, when it is podman.
    pub(crate) podman: Option<String>,
    /// The engine's own version, such as `20.10.24`; empty if it does not tell.
    pub(crate) version: String,
    prefix: String,
}

impl Peer {
    pub(super) fn read(headers: &HeaderMap, label: &str) -> Result<Self, EngineError> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let found: ApiVersion = text("api-version")
            .and_then(|version| version.parse().ok())
            .ok_or_else(|| error::malformed(label, "what answered names no API version"))?;
        if found < ApiVersion::LEAST {
            let least = ApiVersion::LEAST;
            let message = format!("the engine's API is {found}, and at least {least} is needed");
            return Err(EngineError::new(Fault::TooOldApi, message));
        }
        let api = found.min(ApiVersion::MOST);
        let podman = text("libpod-api-version").map(str::to_owned);
        let version = podman.clone().or_else(|| server_version(text("server")?));
        let (version, prefix) = (version.unwrap_or_default(), format!("/v{api}"));
        Ok(Self { api, podman, version, prefix })
    }

    pub(crate) fn is_podman(&self) -> bool {
        self.podman.is_some()
    }
}

/// `20.10.24` of `Docker/20.10.24+dfsg1 (linux)`.
fn server_version(server: &str) -> Option<String> {
    let version = server.strip_prefix("Docker/")?;
    let end = version.find(['+', ' ']).unwrap_or(version.len());
    Some(version[..end].to_owned())
}

/// How often a ping is tried, where the failure may pass: an engine that is just starting, or ending.
const TRIES: usize = 3;

fn may_pass(fault: &Fault) -> bool {
    matches!(fault, Fault::ReplyLost | Fault::Other)
}

/// An engine's connections together with the version that was agreed on.
pub(crate) struct Wire {
    http: Arc<Http>,
    peer: OnceCell<Peer>,
}

impl Wire {
    pub(crate) fn new(http: Arc<Http>) -> Self {
        Self { http, peer: OnceCell::new() }
    }

    pub(crate) fn address(&self) -> String {
        self.http.address()
    }

    pub(crate) fn is_local(&self) -> bool {
        self.http.is_local()
    }

    /// Asks once; whoever else needs the answer waits for the same ping.
    pub(crate) async fn peer(&self) -> Result<&Peer, EngineError> {
        self.peer.get_or_try_init(|| self.greet()).await
    }

    /// Pings until there is an answer. Whatever comes instead of one: there is no engine there.
    async fn greet(&self) -> Result<Peer, EngineError> {
        let after = self.http.ping_deadline();
        let answer = tokio::time::timeout(after, async {
            for _ in 1..TRIES {
                match self.ping().await {
                    Err(error) if may_pass(&error.fault) => tokio::time::sleep(PING_PAUSE).await,
                    answer => return answer,
                }
            }
            self.ping().await
        });
        match answer.await {
            Ok(answer) => answer.map_err(|source| error::no_engine(&self.address(), source)),
            Err(_) => Err(error::silent(&self.address(), after)),
        }
    }

    async fn ping(&self) -> Result<Peer, EngineError> {
        let call = Call::get("/_ping").unversioned();
        let label = call.label();
        let reply = self.http.send(call, "").await?;
        let peer = Peer::read(&reply.headers, &label)?;
        reply.finish().await?;
        Ok(peer)
    }

    pub(crate) async fn send(&self, call: Call) -> Result<Reply, EngineError> {
        let prefix = if call.versioned { self.peer().await?.prefix.as_str() } else { "" };
        self.http.send(call, prefix).await
    }

    /// Turns a connection raw, for attach, exec and `BuildKit`'s `/session` and `/grpc`.
    pub(crate) async fn upgrade(
        &self,
        call: Call,
        protocol: &'static str,
    ) -> Result<Connection, EngineError> {
        let prefix = self.peer().await?.prefix.as_str();
        self.http.upgrade(call, prefix, protocol).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_a_ping() {
        let table: [(&[(&str, &str)], &str); 8] = [
            (&[("api-version", "1.41")], "1.41 docker"),
            (
                &[("api-version", "1.51"), ("server", "Docker/20.10.24+dfsg1 (linux)")],
                "1.51 docker",
            ),
            (&[("api-version", "1.99")], "1.51 docker"),
            (&[("api-version", "2.0")], "1.51 docker"),
            (&[("api-version", "1.41"), ("libpod-api-version", "4.3.1")], "1.41 podman 4.3.1"),
            (&[("api-version", "1.24")], "the engine's API is 1.24, and at least 1.40 is needed"),
            (&[("api-version", "new")], "what answered names no API version (GET /_ping)"),
            (&[], "what answered names no API version (GET /_ping)"),
        ];
        for (headers, wanted) in table {
            let mut map = HeaderMap::new();
            for (name, value) in headers {
                map.insert(*name, value.parse().unwrap());
            }
            let found = match Peer::read(&map, "GET /_ping") {
                Ok(Peer { api, podman: None, version, prefix }) => {
                    assert_eq!(version, if headers.len() > 1 { "20.10.24" } else { "" });
                    assert_eq!(prefix, format!("/v{api}"));
                    format!("{api} docker")
                }
                Ok(Peer { api, podman: Some(version), version: _, prefix: _ }) => {
                    format!("{api} podman {version}")
                }
                Err(error) => error.to_string(),
            };
            assert_eq!(found, wanted);
        }
    }
}
