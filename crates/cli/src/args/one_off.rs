//! Options of commands that make a one-off container.
//!
//! Invariant: those of the container are the same whatever runs in it.

use clap::Args;
use std::path::PathBuf;

use super::options::Consent;
use super::process::{Process, Terminal};
use crate::detach_keys::DetachKeys;
use crate::log::moment::span_s;

/// `script`.
#[derive(Clone, Debug, Args)]
pub(crate) struct Script {
    /// Container, or `container.instance`, that the script's container is like
    #[arg(value_name = "REF")]
    pub reference: String,
    /// Script, or directory with some, of this machine; `-` is standard input
    #[arg(value_name = "PATH")]
    pub path: PathBuf,
    /// Arguments of the script. If one has `{script_path}`, where the script is, they are the whole command
    #[arg(last = true, value_name = "ARGUMENT")]
    pub arguments: Vec<String>,
    /// Program that runs the script (default: what its first line says, else sh)
    #[arg(long, value_name = "PROGRAM")]
    pub entrypoint: Option<String>,
    #[command(flatten)]
    pub one_off: OneOff,
}

/// `run`.
#[derive(Clone, Debug, Args)]
pub(crate) struct RunTask {
    /// Task, container or image; `task:`, `container:` or `image:` before it says which where several are called so
    #[arg(value_name = "TASK|CONTAINER|IMAGE")]
    pub reference: String,
    /// Arguments: each stays one word
    #[arg(last = true, value_name = "ARGUMENT")]
    pub arguments: Vec<String>,
    /// Program to run instead of the container's or the image's own
    #[arg(long, value_name = "PROGRAM")]
    pub entrypoint: Option<String>,
    #[command(flatten)]
    pub one_off: OneOff,
}

/// Seconds.
fn deadline(text: &str) -> Result<u32, String> {
    let seconds =
        text.parse().ok().or_else(|| span_s(text)).and_then(|span| u32::try_from(span).ok());
    let wrong = || "must be a time, such as 90 (seconds), 10m or 2h30m".to_owned();
    seconds.filter(|seconds| *seconds > 0).ok_or_else(wrong)
}

/// How a one-off container is made and run.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct OneOff {
    #[command(flatten)]
    pub talk: Terminal,
    #[command(flatten)]
    pub process: Process,
    /// How long it may take, such as 90 (seconds) or 10m; then it is stopped, and the exit code is 124
    #[arg(long, value_name = "TIME", value_parser = deadline)]
    pub deadline: Option<u32>,
    /// Keys that leave it to itself (default: `detachKeys` of docker's configuration, else ctrl-p,ctrl-q)
    #[arg(long, value_name = "KEYS", value_parser = DetachKeys::parse)]
    pub detach_keys: Option<DetachKeys>,
    /// Publish the ports of the container that it is like
    #[arg(long)]
    pub publish: bool,
    /// Leave the container there when it has ended
    #[arg(long)]
    pub keep: bool,
    /// Leave the dependencies alone
    #[arg(long)]
    pub no_deps: bool,
    /// Seconds that each wait for a dependency may take
    #[arg(long, value_name = "SECONDS")]
    pub timeout: Option<u32>,
    #[command(flatten)]
    pub consent: Consent,
    /// Whether what runs in it is a shell, whatever the image has.
    #[arg(skip)]
    pub is_shell: bool,
}
