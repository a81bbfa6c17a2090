//! Options of commands that run a program in a container.
//!
//! Invariant: a terminal is given only where there is one here.

use clap::Args;
use std::collections::BTreeMap;

use crate::environment::Environment;
use crate::trouble::{Result, Trouble};

/// Who the program is.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Process {
    /// User, or user:group
    #[arg(short, long, value_name = "USER")]
    pub user: Option<String>,
    /// Working directory in the container
    #[arg(short, long, value_name = "PATH")]
    pub workdir: Option<String>,
    /// Variable of the command's environment; may be given several times
    #[arg(short, long, value_name = "KEY=VALUE", value_parser = super::key_value)]
    pub env: Vec<(String, String)>,
}

impl Process {
    /// Its variables; on a terminal it is told which one this is.
    pub(crate) fn env_on(&self, here: &Environment, tty: bool) -> BTreeMap<String, String> {
        let mut env: BTreeMap<String, String> = self.env.iter().cloned().collect();
        if let (true, Some(term)) = (tty, here.variables.get("TERM")) {
            env.entry("TERM".to_owned()).or_insert_with(|| term.clone());
        }
        env
    }
}

/// How it is talked with.
#[derive(Clone, Copy, Debug, Default, Args)]
pub(crate) struct Terminal {
    /// Keep standard input open (default where something is piped in)
    #[arg(short, long)]
    pub interactive: bool,
    /// Give the command a terminal (default on a terminal)
    #[arg(short, long)]
    pub tty: bool,
    /// Give the command no terminal
    #[arg(short = 'T', long, conflicts_with = "tty")]
    pub no_tty: bool,
}

/// The same, decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Talk {
    pub tty: bool,
    pub stdin: bool,
}

impl Terminal {
    /// `by_default`: whether it has a terminal where nothing is said.
    pub(crate) fn on(self, here: &Environment, by_default: bool) -> Result<Talk> {
        if self.tty && !here.stdin_is_terminal {
            return Err(Trouble::usage(
                "there is no terminal here to give to the command",
                "leave `--tty` out",
            ));
        }
        let tty = self.tty || (by_default && !self.no_tty);
        Ok(Talk { tty, stdin: self.interactive || tty || !here.stdin_is_terminal })
    }
}
