//! From a URL to an endpoint.
//!
//! Invariant: what may stand in a URL is decided by `EngineUrl` alone.

use std::net::IpAddr;
use std::path::PathBuf;

use windlass_model::engine_url::{Authority, EngineUrl, UrlFault};

use super::{EngineAddress, SshTarget};

/// A URL as written, before the environment decides about TLS.
pub(super) struct Parsed {
    pub(super) endpoint: EngineAddress,
    /// `https://`: TLS whatever the environment says.
    pub(super) tls: bool,
    /// `http://`: no TLS whatever the environment says.
    pub(super) plain: bool,
    /// The port, if one is written.
    pub(super) port: Option<u16>,
}

pub(super) fn parse(url: &str) -> Result<Parsed, UrlFault> {
    let whole = |endpoint| Parsed { endpoint, tls: false, plain: false, port: None };
    Ok(match EngineUrl::parse(url)? {
        EngineUrl::Unix(path) => whole(EngineAddress::Unix { path: PathBuf::from(path) }),
        EngineUrl::Npipe(path) => whole(EngineAddress::Npipe { path: path.to_owned() }),
        EngineUrl::Ssh(authority) => whole(EngineAddress::Ssh(ssh(authority))),
        EngineUrl::Tcp(authority) => tcp(authority, 2375),
        EngineUrl::Http(authority) => Parsed { plain: true, ..tcp(authority, 2375) },
        EngineUrl::Https(authority) => Parsed { tls: true, ..tcp(authority, 2376) },
    })
}

fn tcp(authority: Authority<'_>, usual: u16) -> Parsed {
    let Authority { user: _, host, port, path: _ } = authority;
    let endpoint = EngineAddress::Tcp { host, port: port.unwrap_or(usual) };
    Parsed { endpoint, tls: false, plain: false, port }
}

fn ssh(authority: Authority<'_>) -> SshTarget {
    let Authority { user, host, port, path } = authority;
    let socket = Some(path).filter(|path| !matches!(*path, "" | "/"));
    SshTarget {
        program: PathBuf::from("ssh"),
        user,
        host,
        port,
        socket: socket.map(str::to_owned),
        control_parent: PathBuf::from("/tmp"),
    }
}

/// Whether the host can be nothing but this machine.
pub(super) fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The URL as it may be shown: what could be a password is left out.
pub(super) fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    match rest.rsplit_once('@') {
        Some((user, place)) => match user.split_once(':') {
            Some((name, _)) => format!("{scheme}://{name}:…@{place}"),
            None => url.to_owned(),
        },
        None => url.to_owned(),
    }
}
