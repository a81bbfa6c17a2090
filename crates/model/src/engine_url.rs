//! Engine addresses as they are written: `unix:// tcp:// http:// https:// ssh:// npipe://`.
//!
//! Invariant: a host or user that gets through holds no blank, no control character and no
//! leading dash, so it can be handed to another program.

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

/// A URL that names an engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EngineUrl<'a> {
    /// The path of a socket.
    Unix(&'a str),
    /// The path of a named pipe.
    Npipe(&'a str),
    Ssh(Authority<'a>),
    /// With or without TLS, as the surroundings say.
    Tcp(Authority<'a>),
    /// Never with TLS.
    Http(Authority<'a>),
    /// Always with TLS.
    Https(Authority<'a>),
}

impl<'a> EngineUrl<'a> {
    /// Reads a URL; nothing is looked up.
    pub fn parse(url: &'a str) -> Result<Self, UrlFault> {
        let (scheme, rest) = url.split_once("://").ok_or(UrlFault::NoScheme)?;
        match scheme {
            "unix" | "npipe" if rest.is_empty() => Err(UrlFault::NoPath),
            "unix" => Ok(Self::Unix(rest)),
            "npipe" => Ok(Self::Npipe(rest)),
            "ssh" => {
                let authority = Authority::parse(rest)?;
                if authority.path.chars().any(char::is_control) {
                    return Err(UrlFault::Character);
                }
                Ok(Self::Ssh(authority))
            }
            "tcp" => Authority::without_user(rest).map(Self::Tcp),
            "http" => Authority::without_user(rest).map(Self::Http),
            "https" => Authority::without_user(rest).map(Self::Https),
            _ => Err(UrlFault::Scheme),
        }
    }
}

/// The part of a URL after `://`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority<'a> {
    pub user: Option<String>,
    pub host: String,
    pub port: Option<u16>,
    /// With its first slash; empty if there is none.
    pub path: &'a str,
}

impl<'a> Authority<'a> {
    fn without_user(rest: &'a str) -> Result<Self, UrlFault> {
        let authority = Self::parse(rest)?;
        if authority.user.is_some() {
            return Err(UrlFault::User);
        }
        if !matches!(authority.path, "" | "/") {
            return Err(UrlFault::Path);
        }
        Ok(authority)
    }

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
                match after.strip_prefix(':') {
                    None if !after.is_empty() => return Err(UrlFault::Character),
                    port => (host, port),
                }
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
