//! Options of `lock`.
//!
//! Invariant: without one of them the file is written.

use clap::Args;

#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct Lock {
    /// Write nothing; end with exit code 2 if something would be
    #[arg(long)]
    pub check: bool,
}
