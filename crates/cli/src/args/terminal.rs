//! Options of commands that are there for somebody at a terminal.
//!
//! Invariant: the keys that leave a program to itself are read in one way.

use clap::Args;

use super::one_off::OneOff;
use crate::detach_keys::DetachKeys;

/// `attach`.
#[derive(Clone, Debug, Args)]
pub(crate) struct Attach {
    /// Container, `container.instance`, or the name of one that a run was detached from
    #[arg(value_name = "REF")]
    pub reference: String,
    /// Only look: what is typed stays here
    #[arg(long)]
    pub no_stdin: bool,
    /// Keys that leave it to itself (default: `detachKeys` of docker's configuration, else ctrl-p,ctrl-q)
    #[arg(long, value_name = "KEYS", value_parser = DetachKeys::parse)]
    pub detach_keys: Option<DetachKeys>,
}

/// `shell`.
#[derive(Clone, Debug, Args)]
pub(crate) struct Shell {
    /// Container that runs, or image; `container:` or `image:` before it says which where both are called so
    #[arg(value_name = "CONTAINER|IMAGE")]
    pub reference: String,
    /// A new container like it, also where it runs
    #[arg(long)]
    pub new: bool,
    /// Program instead of bash or sh
    #[arg(long = "shell", value_name = "PROGRAM")]
    pub program: Option<String>,
    #[command(flatten)]
    pub one_off: OneOff,
}
