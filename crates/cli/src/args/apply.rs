//! Options of `apply`.
//!
//! Invariant: nothing is changed with `--plan`.

use std::path::PathBuf;

use clap::Args;

#[derive(Clone, Debug, Args)]
pub(crate) struct Apply {
    /// Bundle file: `resources`, and `vars` for their templates; `-` is standard input
    #[arg(value_name = "BUNDLE")]
    pub bundle: PathBuf,
    /// Directory that is the root of the file system
    #[arg(long, value_name = "DIRECTORY", conflicts_with = "host")]
    pub root: Option<PathBuf>,
    /// Machine to make so, over ssh: ssh://[USER@]HOST[:PORT]; `local` is this one
    #[arg(long, value_name = "HOST")]
    pub host: Option<String>,
    /// Become root there, with sudo that asks for no password
    #[arg(long, requires = "host", conflicts_with = "root")]
    pub sudo: bool,
    /// Only show the plan
    #[arg(long)]
    pub plan: bool,
    /// With `--plan`: end with exit code 2 if there is something to do
    #[arg(long)]
    pub exit_code: bool,
    /// Ask nothing
    #[arg(short, long)]
    pub yes: bool,
}

pub(super) const EXAMPLES: &str = "\
Examples:
  windlass apply host.yaml --root /srv/rootfs --plan   what would be done, with differences
  windlass apply host.yaml --root /srv/rootfs          the same, and do it: asks
  windlass apply host.yaml --host ssh://me@box --sudo     the same on a machine
  windlass apply host.yaml --root . --yes --set port=81   for scripts
  windlass apply host.yaml --root . --plan --exit-code -q   2 if there is something to do

docs/reference/resources.md has what a bundle file can say, docs/hosts.md how a machine is reached.

Exit codes: 0 done or nothing to do, 1 something could not be done, 2 `--exit-code` found something
to do, 3 another run is at work there, 64 command line, 65 the bundle file, 69 the host cannot be
reached.";
