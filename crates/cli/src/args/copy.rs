//! Options of `cp`, `save` and `retrieve`.
//!
//! Invariant: `-` is standard input or output.

use clap::Args;
use std::path::PathBuf;

use super::options::Consent;

#[derive(Clone, Debug, Args)]
pub(crate) struct Cp {
    /// What to copy: `REF:PATH` of a container, a path here, or `-` for a tar from standard input
    #[arg(value_name = "FROM")]
    pub from: String,
    /// Where to: `REF:PATH`, a path here, or `-` for a tar to standard output
    #[arg(value_name = "TO")]
    pub to: String,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Save {
    /// Key of `images`, or a reference
    pub image: String,
    /// File to write, compressed if it ends in .gz or .tgz; without it, or as `-`, standard output
    #[arg(short, long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// `REF:PATH`; a path of this machine that has a colon starts with `/` or `.`.
pub(crate) fn in_container(text: &str) -> Option<(&str, &str)> {
    let (reference, path) = text.split_once(':')?;
    let is_local = reference.is_empty() || reference.starts_with(['/', '.']);
    (!is_local).then_some((reference, path))
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Retrieve {
    /// Key of `images`, a reference that a container names, or one that the engine has
    pub image: String,
    /// File or directory in the image; `DIRECTORY/.` is what is in it
    pub path: String,
    /// File to write, compressed if it ends in .gz or .tgz; with `--untar` a path as for `cp`, by default this directory. Without it,
    /// or as `-`, the tar goes to standard output
    #[arg(short, long, value_name = "OUT")]
    pub out: Option<PathBuf>,
    /// Write files and directories, not a tar
    #[arg(short = 'x', long)]
    pub untar: bool,
    /// Take the image as the engine has it: neither build nor pull it
    #[arg(long)]
    pub no_build: bool,
    #[command(flatten)]
    pub consent: Consent,
}
