//! Options of commands that run a program in a container.
//!
//! Invariant: a terminal is given only where there is one here.

use clap::Args;
use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use windlass::config::env_file_text;

use super::variable::Variable;
use crate::environment::Environment;
use crate::origin::Found;
use crate::trouble::{Result, Trouble};
use crate::words;

/// Who the program is.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Process {
    /// User, or user:group
    #[arg(short, long, value_name = "USER")]
    pub user: Option<String>,
    /// Working directory in the container
    #[arg(short, long, value_name = "PATH")]
    pub workdir: Option<String>,
    /// Variable: `NAME` is this environment's own, `NAME=value`, or `NAME:default` where this environment has none; may be given
    /// several times
    #[arg(short, long, value_name = "NAME[=VALUE|:DEFAULT]", value_parser = Variable::parse)]
    pub env: Vec<Variable>,
    /// File of lines `NAME=value`, or `NAME` for this environment's own, below what `--env` says; may be given several times
    #[arg(long, value_name = "FILE")]
    pub env_file: Vec<PathBuf>,
}

impl Process {
    /// Its variables; on a terminal it is told which one this is.
    pub(crate) fn env_on(&self, here: &Environment, tty: bool) -> Result<BTreeMap<String, String>> {
        let missing: Vec<_> = self.missing(here).collect();
        if !missing.is_empty() {
            return Err(no_value(&missing));
        }
        let mut env = BTreeMap::new();
        for path in &self.env_file {
            env.extend(of_file(here, path)?);
        }
        for variable in &self.env {
            let value = variable.value(here).unwrap_or_default();
            env.insert(variable.name.clone(), value.to_owned());
        }
        if let (true, Some(term)) = (tty, here.variables.get("TERM")) {
            env.entry("TERM".to_owned()).or_insert_with(|| term.clone());
        }
        Ok(env)
    }

    /// Those that are to be this environment's own, and that it has not.
    pub(crate) fn missing<'a>(&'a self, here: &'a Environment) -> impl Iterator<Item = &'a str> {
        let missing = self.env.iter().filter(|variable| variable.value(here).is_none());
        missing.map(|variable| variable.name.as_str())
    }
}

/// More than this is no file that people write.
const ENV_FILE_BYTES: u64 = 16 << 20;

/// What to say of variables without a value.
pub(crate) fn no_value(names: &[&str]) -> Trouble {
    let names = words::and_list(names);
    let message = format!("{names}: no value, neither here nor in the environment");
    Trouble::usage(message, "set them, or say `-e NAME=value`; `NAME:default` has one of its own")
}

fn of_file(here: &Environment, path: &Path) -> Result<BTreeMap<String, String>> {
    let path = here.directory.join(path);
    let unread = |error: std::io::Error| {
        let message = format!("could not read {}: {error}", path.display());
        Trouble::files(message, "name a file of lines `NAME=value`")
    };
    let text = read_text(&path).map_err(unread)?;
    let directory = path.parent().unwrap_or(Path::new("/")).to_path_buf();
    let read = env_file_text(&path.display().to_string(), directory, &text, &here.variables);
    read.map_err(|(diagnostics, sources)| Trouble::Found(Found { diagnostics, sources }))
}

/// A device has no end, and a pipe is welcome.
fn read_text(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    let most = std::fs::File::open(path)?.take(ENV_FILE_BYTES + 1).read_to_string(&mut text)?;
    if most as u64 > ENV_FILE_BYTES {
        return Err(std::io::Error::other("it has more than 16 MiB"));
    }
    Ok(text)
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
