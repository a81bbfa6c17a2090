//! Byte streams to an engine: Unix socket, TCP, TLS and ssh.
//!
//! Invariant: a transport that fails to dial has sent no request byte, so the caller may try again.

mod ssh;
mod tls;

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use rustix::net::sockopt;
use tokio::net::{TcpStream, UnixStream};

use super::address::EngineAddress;
use super::deadline::{self, keepalive};
use crate::stream::RawStream;
pub(crate) use ssh::SshFailed;

/// A connection that bytes go both ways on.
pub(crate) type Connection = Box<dyn RawStream>;

/// Why no connection to the engine could be made.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    #[error("cannot connect to {address}")]
    Connect { address: String, source: io::Error },
    #[error("no connection to {address} within {} s", deadline::CONNECT.as_secs())]
    TimedOut { address: String },
    #[error("the TLS handshake with {address} failed")]
    Handshake { address: String, source: io::Error },
    #[error("cannot read {}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{} holds no usable {what}", path.display())]
    Pem { path: PathBuf, what: &'static str, source: Option<rustls::pki_types::pem::Error> },
    #[error("{} may be read by every user of this machine (mode {mode:o})", path.display())]
    KeyExposed { path: PathBuf, mode: u32 },
    #[error("no certificate authority is given and the system has no bundle of them")]
    NoAuthority,
    #[error("the TLS settings for {address} do not fit together")]
    Tls { address: String, source: rustls::Error },
    #[error("{host} is not a name that a certificate can hold")]
    ServerName { host: String },
    #[error("cannot start {program}")]
    Spawn { program: String, source: io::Error },
    #[error("cannot make a private folder for the ssh control socket")]
    ControlFolder { source: io::Error },
    #[error("named pipes such as {address} exist on Windows only")]
    NamedPipe { address: String },
}

impl DialError {
    /// Whether the system refused us, so that waiting would not help.
    pub(crate) fn is_permission(&self) -> bool {
        match self {
            Self::Connect { source, .. } => source.kind() == io::ErrorKind::PermissionDenied,
            Self::KeyExposed { .. } => true,
            Self::TimedOut { .. }
            | Self::Handshake { .. }
            | Self::Read { .. }
            | Self::Pem { .. }
            | Self::NoAuthority
            | Self::Tls { .. }
            | Self::ServerName { .. }
            | Self::Spawn { .. }
            | Self::ControlFolder { .. }
            | Self::NamedPipe { .. } => false,
        }
    }
}

/// A way to reach one engine. Dialling again gives another, independent connection.
#[derive(Debug)]
pub(crate) enum Transport {
    Unix { path: PathBuf },
    Tcp { host: String, port: u16 },
    Tls(tls::TlsDialer),
    Ssh(ssh::SshDialer),
}

impl Transport {
    /// Reads what the endpoint needs (certificates, a control folder); connects to nothing yet.
    pub(crate) fn open(endpoint: &EngineAddress) -> Result<Self, DialError> {
        match endpoint {
            EngineAddress::Unix { path } => Ok(Self::Unix { path: path.clone() }),
            EngineAddress::Tcp { host, port } => Ok(Self::Tcp { host: host.clone(), port: *port }),
            EngineAddress::Tls { host, port, material } => {
                Ok(Self::Tls(tls::TlsDialer::open(host, *port, material)?))
            }
            EngineAddress::Ssh(target) => Ok(Self::Ssh(ssh::SshDialer::open(target.clone())?)),
            EngineAddress::Npipe { path } => {
                Err(DialError::NamedPipe { address: format!("npipe://{path}") })
            }
        }
    }

    pub(crate) async fn dial(&self) -> Result<Connection, DialError> {
        match tokio::time::timeout(deadline::CONNECT, self.connect()).await {
            Ok(result) => result,
            Err(_) => Err(DialError::TimedOut { address: self.address() }),
        }
    }

    async fn connect(&self) -> Result<Connection, DialError> {
        match self {
            Self::Unix { path } => {
                let stream = UnixStream::connect(path)
                    .await
                    .map_err(|source| DialError::Connect { address: self.address(), source })?;
                Ok(Box::new(stream))
            }
            Self::Tcp { host, port } => Ok(Box::new(tcp(host, *port).await?)),
            Self::Tls(dialer) => Ok(Box::new(dialer.dial().await?)),
            Self::Ssh(dialer) => Ok(Box::new(dialer.dial()?)),
        }
    }

    /// How long a ping may take, the connection included.
    pub(crate) fn ping_deadline(&self) -> Duration {
        match self {
            Self::Unix { .. } | Self::Tcp { .. } | Self::Tls(_) => deadline::PING,
            Self::Ssh(_) => deadline::PING_SSH,
        }
    }

    /// How many calls may be under way at once. An ssh server allows ten channels in one
    /// connection unless told otherwise; past some 32 an engine does not get faster.
    pub(crate) fn width(&self) -> usize {
        match self {
            Self::Unix { .. } | Self::Tcp { .. } | Self::Tls(_) => 32,
            Self::Ssh(_) => 8,
        }
    }

    /// For messages.
    pub(crate) fn address(&self) -> String {
        match self {
            Self::Unix { path } => format!("unix://{}", path.display()),
            Self::Tcp { host, port } => format!("tcp://{host}:{port}"),
            Self::Tls(dialer) => dialer.address(),
            Self::Ssh(dialer) => dialer.address(),
        }
    }
}

async fn tcp(host: &str, port: u16) -> Result<TcpStream, DialError> {
    let fault = |source| DialError::Connect { address: format!("tcp://{host}:{port}"), source };
    let stream = TcpStream::connect((host, port)).await.map_err(fault)?;
    stream.set_nodelay(true).map_err(fault)?;
    keep_alive(&stream).map_err(|errno| fault(errno.into()))?;
    Ok(stream)
}

/// Lets the system find out that the other side is gone while a stream has nothing to say.
fn keep_alive(stream: &TcpStream) -> rustix::io::Result<()> {
    sockopt::set_socket_keepalive(stream, true)?;
    sockopt::set_tcp_keepidle(stream, keepalive::IDLE)?;
    sockopt::set_tcp_keepintvl(stream, keepalive::INTERVAL)?;
    sockopt::set_tcp_keepcnt(stream, keepalive::PROBES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_connection_over_a_network_is_kept_alive() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let stream = tcp("127.0.0.1", port).await.unwrap();
        assert!(sockopt::socket_keepalive(&stream).unwrap());
        assert_eq!(sockopt::tcp_keepidle(&stream).unwrap(), keepalive::IDLE);
        assert_eq!(sockopt::tcp_keepintvl(&stream).unwrap(), keepalive::INTERVAL);
        assert_eq!(sockopt::tcp_keepcnt(&stream).unwrap(), keepalive::PROBES);
    }
}
