//! Options of commands about what an image is built from.
//!
//! Invariant: they name an image of the file, by its key.

use clap::Args;
use std::path::PathBuf;

/// `dockerfile`.
#[derive(Clone, Debug, Args)]
pub(crate) struct OfImage {
    /// Key of `images`
    pub image: String,
}

/// `context`.
#[derive(Clone, Debug, Args)]
pub(crate) struct Context {
    #[command(flatten)]
    pub of: OfImage,
    /// File to write, compressed if it ends in .gz or .tgz; without it, or as `-`, standard output
    #[arg(short, long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Compress it
    #[arg(short = 'z', long)]
    pub gzip: bool,
}
