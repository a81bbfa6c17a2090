//! Options of `config`.
//!
//! Invariant: at most one list is shown.

use clap::Args;

#[derive(Clone, Debug, Args)]
#[group(multiple = false)]
pub(crate) struct Config {
    /// Only the containers
    #[arg(long, visible_alias = "containers")]
    pub services: bool,
    /// Only the references of the images
    #[arg(long)]
    pub images: bool,
    /// Only the keys of the images that are declared
    #[arg(long)]
    pub image_keys: bool,
    /// Only the names of the tasks
    #[arg(long)]
    pub tasks: bool,
    /// Only the containers, each after what it depends on
    #[arg(long)]
    pub order: bool,
    /// A digest of each container's configuration
    #[arg(long)]
    pub hash: bool,
    /// Nothing: only check
    #[arg(long)]
    pub check: bool,
}

impl Config {
    pub(crate) fn shows_a_list(&self) -> bool {
        self.services || self.images || self.image_keys || self.tasks || self.order || self.hash
    }
}
