//! Options of `clean`.
//!
//! Invariant: what goes beyond the project needs `--all`.

use clap::Args;

use super::Consent;

#[derive(Clone, Debug, Args)]
pub(crate) struct Clean {
    /// Also what no project of windlass made: containers that ended, images without a name. It asks, or
    /// wants `--yes`
    #[arg(long)]
    pub all: bool,
    /// With `--all`: also containers that were never started
    #[arg(long, requires = "all")]
    pub include_initial: bool,
    /// Leave this container or image alone; may be given several times
    #[arg(long, value_name = "NAME")]
    pub exclude: Vec<String>,
    /// With `--all`: also images that have a name, if nothing uses them and no tag of theirs is `latest` or kept
    #[arg(long, requires = "all")]
    pub remove_old: bool,
    /// With `--remove-old`: keep images with this tag; may be given several times
    #[arg(long, value_name = "TAG", requires = "remove_old")]
    pub keep_tag: Vec<String>,
    #[command(flatten)]
    pub consent: Consent,
}
