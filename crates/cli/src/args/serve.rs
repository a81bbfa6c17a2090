//! Options of `serve`.
//!
//! Invariant: without a flag that says so, nobody but this machine can ask.

use clap::Args;
use std::net::SocketAddr;
use std::path::PathBuf;

/// `serve`.
#[derive(Clone, Debug, Args)]
pub(crate) struct Serve {
    /// Where to listen; port 0 is any that is free
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0")]
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
