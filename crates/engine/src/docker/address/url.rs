//! Engine addresses: `unix:// tcp:// http:// https:// ssh:// npipe://`.
//!
//! Invariant: a host or user that gets through holds no blank, no control character and no
//! leading dash, so it can be handed to another program.

use std::net::IpAddr;
use std::path::PathBuf;

use super::{EngineAddress, SshTarget};

/// What is wrong with an engine address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UrlFault {
    #[error("it has no scheme such as unix:// or ssh://")]
    NoScheme,
    #[error("its scheme is none of unix, tcp, http, https, ssh, npipe")]
    Scheme,
    #[error("it has no path")]
    NoPath,
    #[error("it has no host")]
    NoHost,
    #[error("its host or user holds a character that none may hold")]
    Character,
    #[error("its host or user begins with a dash")]
    Dash,
    #[error("its port is not a number from 1 to 65535")]
    Port,
    #[error("it holds a password; use a key or an agent")]
    Password,
    #[error("it holds a user, which only ssh:// can")]
    User,
    #[error("it holds a query or a fragment")]
    Query,
    #[error("it holds a path, which only unix://, npipe:// and ssh:// can")]
    Path,
}

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
    let (scheme, rest) = url.split_once("://").ok_or(UrlFault::NoScheme)?;
    let whole = |endpoint| Parsed { endpoint, tls: false, plain: false, port: None };
    match scheme {
        "unix" | "npipe" if rest.is_empty() => Err(UrlFault::NoPath),
        "unix" => Ok(whole(EngineAddress::Unix { path: PathBuf::from(rest) })),
        "npipe" => Ok(whole(EngineAddress::Npipe { path: rest.to_owned() })),
        "ssh" => Ok(whole(EngineAddress::Ssh(ssh(rest)?))),
        "tcp" | "http" | "https" => {
            let authority = Authority::parse(rest)?;
            if authority.user.is_some() {
                return Err(UrlFault::User);
            }
            if !matches!(authority.path, "" | "/") {
                return Err(UrlFault::Path);
            }
            let tls = scheme == "https";
            let port = authority.port.unwrap_or(if tls { 2376 } else { 2375 });
            Ok(Parsed {
                endpoint: EngineAddress::Tcp { host: authority.host, port },
                tls,
                plain: scheme == "http",
                port: authority.port,
            })
        }
        _ => Err(UrlFault::Scheme),
    }
}

fn ssh(rest: &str) -> Result<SshTarget, UrlFault> {
    let Authority { user, host, port, path } = Authority::parse(rest)?;
    let socket = Some(path).filter(|path| !matches!(*path, "" | "/"));
    if socket.is_some_and(|path| path.chars().any(char::is_control)) {
        return Err(UrlFault::Character);
    }
    Ok(SshTarget {
        program: PathBuf::from("ssh"),
        user,
        host,
        port,
        socket: socket.map(str::to_owned),
        control_parent: PathBuf::from("/tmp"),
    })
}

/// The part of a URL after `://`.
struct Authority<'a> {
    user: Option<String>,
    host: String,
    port: Option<u16>,
    path: &'a str,
}

impl<'a> Authority<'a> {
    fn parse(rest: &'a str) -> Result<Self, UrlFault> {
        if rest.contains(['?', '#']) {
            return Err(UrlFault::Query);
        }
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (user, place) = match authority.rsplit_once('@') {
            Some((user, _)) if user.contains(':') => return Err(UrlFault::Password),
            Some((user, place)) => (Some(user), place),
            None => (None, authority),
        };
        let (host, port) = match place.strip_prefix('[') {
            Some(bracketed) => {
                let (host, after) = bracketed.split_once(']').ok_or(UrlFault::Character)?;
                (host, after.strip_prefix(':'))
            }
            None => match place.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (place, None),
            },
        };
        let port = port.map(parse_port).transpose()?;
        let user = user.map(checked).transpose()?;
        Ok(Self { user, host: checked(host)?, port, path })
    }
}

fn parse_port(text: &str) -> Result<u16, UrlFault> {
    // `parse` alone would take a plus sign.
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(UrlFault::Port);
    }
    text.parse().ok().filter(|port| *port != 0).ok_or(UrlFault::Port)
}

fn checked(part: &str) -> Result<String, UrlFault> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-._~:+\\".contains(c);
    if part.is_empty() {
        Err(UrlFault::NoHost)
    } else if part.starts_with('-') {
        Err(UrlFault::Dash)
    } else if part.chars().any(|c| !allowed(c) || c.is_whitespace() || c.is_control()) {
        Err(UrlFault::Character)
    } else {
        Ok(part.to_owned())
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
