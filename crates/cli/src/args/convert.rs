//! Options of `convert`.
//!
//! Invariant: a file that is there is replaced only if that is said.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

#[derive(Clone, Debug, Args)]
pub(crate) struct Convert {
    /// What to turn the files into
    #[arg(long, value_enum, value_name = "native")]
    pub to: Format,
    /// File to write, instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Replace the file if it is there
    #[arg(long, requires = "out")]
    pub force: bool,
}

/// What files can be turned into.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Format {
    Native,
}
