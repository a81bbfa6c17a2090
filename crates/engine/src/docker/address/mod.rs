//! Which engine is meant: a URL, a Docker context or the environment's default.
//!
//! Invariant: everything comes from the [`Environment`] value that is handed in and from files
//! it points at; the process's own environment is never read.

pub(super) mod context;
mod url;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use windlass_model::engine::{EngineSpec, TlsSpec};
use windlass_model::engine_url::UrlFault;

const DEFAULT_SOCKET: &str = "/var/run/docker.sock";

/// What of the caller's surroundings decides which engine is asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment {
    pub vars: BTreeMap<String, String>,
    pub home: Option<PathBuf>,
}

impl Environment {
    /// A variable that is set and not empty.
    pub(crate) fn var(&self, name: &str) -> Option<&str> {
        self.vars.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The folder of the docker program's own configuration.
    pub(crate) fn docker_folder(&self) -> Option<PathBuf> {
        match self.var("DOCKER_CONFIG") {
            Some(folder) => Some(PathBuf::from(folder)),
            None => self.home.as_ref().map(|home| home.join(".docker")),
        }
    }
}

/// Where an engine listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EngineAddress {
    Unix { path: PathBuf },
    Tcp { host: String, port: u16 },
    Tls { host: String, port: u16, material: TlsMaterial },
    Ssh(SshTarget),
    Npipe { path: String },
}

/// The PEM files of a TLS connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsMaterial {
    /// Authorities; the system's own when absent.
    pub ca: Option<PathBuf>,
    pub cert: Option<PathBuf>,
    pub key: Option<PathBuf>,
    /// False only when a context asks for it with `SkipTLSVerify`.
    pub verify: bool,
}

/// A host that ssh reaches, checked so that no part can be taken for an option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SshTarget {
    /// The ssh program; looked up on the search path when it is a bare name.
    pub program: PathBuf,
    pub user: Option<String>,
    pub host: String,
    pub port: Option<u16>,
    /// The engine's socket on that host, when it is not that host's default.
    pub socket: Option<String>,
    /// An existing folder with a short path, in which a private one is made for the control socket.
    pub control_parent: PathBuf,
}

/// A host as URLs have it: an IPv6 address stands in brackets.
struct Bracketed<'a>(&'a str);

impl fmt::Display for Bracketed<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(host) = self;
        if host.contains(':') { write!(out, "[{host}]") } else { out.write_str(host) }
    }
}

impl fmt::Display for SshTarget {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { program: _, user, host, port, socket, control_parent: _ } = self;
        out.write_str("ssh://")?;
        if let Some(user) = user {
            write!(out, "{user}@")?;
        }
        write!(out, "{}", Bracketed(host))?;
        if let Some(port) = port {
            write!(out, ":{port}")?;
        }
        out.write_str(socket.as_deref().unwrap_or_default())
    }
}

impl fmt::Display for EngineAddress {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix { path } => write!(out, "unix://{}", path.display()),
            Self::Tcp { host, port } | Self::Tls { host, port, material: _ } => {
                write!(out, "tcp://{}:{port}", Bracketed(host))
            }
            Self::Ssh(target) => target.fmt(out),
            Self::Npipe { path } => write!(out, "npipe://{path}"),
        }
    }
}

/// Why it is not known which engine is meant.
#[derive(Debug, thiserror::Error)]
pub enum AddressError {
    #[error("`{url}` is no engine address")]
    Url { url: String, source: UrlFault },
    #[error("there is no docker context `{name}`")]
    NoContext { name: String },
    #[error("docker context `{name}` names no docker endpoint")]
    NoEndpoint { name: String },
    /// Where it is said.
    #[error("{place}")]
    At { place: String, source: Box<AddressError> },
    #[error("cannot read {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{}:{}:{} is no valid JSON", path.display(), source.line(), source.column())]
    Json { path: PathBuf, source: serde_json::Error },
    #[error("{url} would be an unprotected connection over the network")]
    Unprotected { url: String },
    #[error("{url} needs certificates, and there is no folder to find them in")]
    NoCertificates { url: String },
}

/// Says where what is wrong was said.
fn at(place: impl Into<String>) -> impl FnOnce(AddressError) -> AddressError {
    let place = place.into();
    move |source| AddressError::At { place, source: Box::new(source) }
}

impl EngineAddress {
    /// Finds the engine that `wanted` names: a URL, a context's name, or nothing.
    ///
    /// With nothing the order is the docker program's: `DOCKER_HOST`, `DOCKER_CONTEXT`, the
    /// current context, then the first default socket that exists.
    pub fn resolve(wanted: Option<&str>, environment: &Environment) -> Result<Self, AddressError> {
        match wanted {
            Some(url) if url.contains("://") => Self::from_url(url, environment),
            Some(name) => Self::from_context(name, environment),
            None => {
                if let Some(url) = environment.var("DOCKER_HOST") {
                    return Self::from_url(url, environment).map_err(at("DOCKER_HOST"));
                }
                match context::current(environment)? {
                    Some((name, place)) => {
                        Self::from_context(&name, environment).map_err(at(place))
                    }
                    None => Self::from_context("default", environment),
                }
            }
        }
    }

    /// Finds the engine that a file declares. TLS files of the file go before those of the
    /// environment.
    pub(crate) fn of_spec(
        spec: &EngineSpec,
        environment: &Environment,
    ) -> Result<Self, AddressError> {
        let wanted = spec.url.as_deref().or(spec.context.as_deref());
        let Some(TlsSpec { ca, cert, key, verify }) = &spec.tls else {
            return Self::resolve(wanted, environment);
        };
        let file = |path: &Option<String>| path.as_ref().map(PathBuf::from);
        let material =
            TlsMaterial { ca: file(ca), cert: file(cert), key: file(key), verify: *verify };
        let url = wanted.filter(|url| url.contains("://"));
        let parsed = url.map(|url| {
            url::parse(url)
                .map_err(|source| AddressError::Url { url: url::without_password(url), source })
        });
        match parsed.transpose()? {
            Some(url::Parsed {
                endpoint: Self::Tcp { host, port: _ }, plain: false, port, ..
            }) => Ok(Self::Tls { host, port: port.unwrap_or(2376), material }),
            Some(_) | None => match Self::resolve(wanted, environment)? {
                Self::Tls { host, port, material: _ } => Ok(Self::Tls { host, port, material }),
                other @ (Self::Unix { .. }
                | Self::Tcp { .. }
                | Self::Ssh(_)
                | Self::Npipe { .. }) => Ok(other),
            },
        }
    }

    fn from_url(url: &str, environment: &Environment) -> Result<Self, AddressError> {
        let parsed = url::parse(url)
            .map_err(|source| AddressError::Url { url: url::without_password(url), source })?;
        let wants_tls = parsed.tls || environment.var("DOCKER_TLS_VERIFY").is_some();
        let endpoint = match parsed.endpoint {
            Self::Tcp { host, port: _ } if wants_tls && !parsed.plain => {
                let folder = environment.var("DOCKER_CERT_PATH").map(PathBuf::from);
                let material = match folder.or_else(|| environment.docker_folder()) {
                    Some(folder) => TlsMaterial::in_folder(&folder),
                    None => return Err(AddressError::NoCertificates { url: url.to_owned() }),
                };
                Self::Tls { host, port: parsed.port.unwrap_or(2376), material }
            }
            Self::Tcp { host, port } => {
                if !parsed.plain && !url::is_loopback(&host) {
                    return Err(AddressError::Unprotected { url: url.to_owned() });
                }
                Self::Tcp { host, port }
            }
            other @ (Self::Unix { .. } | Self::Tls { .. } | Self::Ssh(_) | Self::Npipe { .. }) => {
                other
            }
        };
        Ok(endpoint.with_runtime_folder(environment))
    }

    fn from_context(name: &str, environment: &Environment) -> Result<Self, AddressError> {
        if name == "default" {
            return match environment.var("DOCKER_HOST") {
                Some(url) => Self::from_url(url, environment).map_err(at("DOCKER_HOST")),
                None => Ok(Self::default_socket(environment)),
            };
        }
        let endpoint = context::load(name, environment)?;
        Ok(endpoint.with_runtime_folder(environment))
    }

    /// The first socket that exists: Docker's, a rootless Docker's, then podman's.
    fn default_socket(environment: &Environment) -> Self {
        let runtime = environment.var("XDG_RUNTIME_DIR").map(PathBuf::from);
        let mut candidates = vec![PathBuf::from(DEFAULT_SOCKET)];
        candidates.extend(runtime.as_ref().map(|folder| folder.join("docker.sock")));
        candidates
            .extend(environment.home.as_ref().map(|home| home.join(".docker/run/docker.sock")));
        candidates.extend(runtime.as_ref().map(|folder| folder.join("podman/podman.sock")));
        candidates.push(PathBuf::from("/run/podman/podman.sock"));
        let path = candidates
            .into_iter()
            .find(|path| path.exists())
            .unwrap_or_else(|| PathBuf::from(DEFAULT_SOCKET));
        Self::Unix { path }
    }

    /// Puts ssh's control socket into the user's own runtime folder, where its path stays short.
    fn with_runtime_folder(self, environment: &Environment) -> Self {
        let folder = environment.var("XDG_RUNTIME_DIR").map(Path::new);
        match (self, folder) {
            (Self::Ssh(target), Some(folder))
                if folder.is_dir() && folder.as_os_str().len() <= 32 =>
            {
                Self::Ssh(SshTarget { control_parent: folder.to_owned(), ..target })
            }
            (endpoint, _) => endpoint,
        }
    }
}

/// Reads a URL alone, with no environment; `tcp://` gives a connection without TLS.
impl std::str::FromStr for EngineAddress {
    type Err = UrlFault;

    fn from_str(url: &str) -> Result<Self, UrlFault> {
        url::parse(url).map(|parsed| parsed.endpoint)
    }
}

impl TlsMaterial {
    /// The file names that the docker program expects; a file that is absent is not used.
    fn in_folder(folder: &Path) -> Self {
        let file = |name: &str| Some(folder.join(name)).filter(|path| path.exists());
        Self { ca: file("ca.pem"), cert: file("cert.pem"), key: file("key.pem"), verify: true }
    }
}

#[cfg(test)]
mod tests;
