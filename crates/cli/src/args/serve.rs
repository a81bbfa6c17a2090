//! Options of `serve`.
//!
//! Invariant: without a flag that says so, nobody but this machine can ask.

use clap::Args;
use std::net::{AddrParseError, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

/// `serve`.
#[derive(Clone, Debug, Args)]
pub(crate) struct Serve {
    /// Where to listen; port 0 is any that is free
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0", value_parser = place)]
    pub listen: SocketAddr,
    /// Listen also where other machines can ask: HTTP is not encrypted, and whoever has the token can start containers
    #[arg(long)]
    pub allow_remote: bool,
    /// File to write the port to once it serves; removed at the end
    #[arg(long, value_name = "FILE")]
    pub port_file: Option<PathBuf>,
    /// File to write the token to, which only its owner can read; removed at the end. Default: beside the port file, with `.token`
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
}

impl Serve {
    /// Where the token is written to, if anywhere.
    pub(crate) fn token_place(&self) -> Option<PathBuf> {
        let beside = || {
            let mut name = self.port_file.as_ref()?.as_os_str().to_owned();
            name.push(".token");
            Some(PathBuf::from(name))
        };
        self.token_file.clone().or_else(beside)
    }
}

/// `localhost` is this machine, whatever a table of names says.
fn place(text: &str) -> Result<SocketAddr, AddrParseError> {
    let port = text.strip_prefix("localhost:").and_then(|port| port.parse().ok());
    port.map_or_else(|| text.parse(), |port| Ok((Ipv4Addr::LOCALHOST, port).into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_it_listens() {
        for (text, expected) in [
            ("localhost:4545", Some("127.0.0.1:4545")),
            ("localhost:0", Some("127.0.0.1:0")),
            ("[::1]:80", Some("[::1]:80")),
            ("localhost", None),
            ("localhost:port", None),
            ("localhost.example:80", None),
            ("127.0.0.1", None),
        ] {
            let found = place(text).ok().map(|place| place.to_string());
            assert_eq!(found.as_deref(), expected, "{text}");
        }
    }
}
