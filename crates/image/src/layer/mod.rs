//! Layers that are assembled here, without a container: what a bundle changes, as a tar, and images that have it.
//!
//! Invariant: the same base and the same changes give the same bytes on any machine, and so the same image id.

mod archive;
mod assembly;
mod base_image;
mod blob;
mod config_change;
mod extended;
mod image_view;
mod image_views;
mod layer_index;
mod layer_tar;
mod process_config;
mod saved_image;
mod spooled;
mod whole;

pub use archive::{LayerSource, load_archive};
pub use assembly::{Assembly, history};
pub use base_image::BaseImage;
pub use blob::LayerBlob;
pub use config_change::ConfigChange;
pub use image_view::ImageView;
pub use image_views::ImageViews;
pub use layer_tar::{AssembledLayer, assemble};
pub use process_config::ProcessConfig;
pub use saved_image::SavedImage;
pub use whole::whole_archive;

/// Seconds since the epoch of everything that is made here. Not 0: some tools take that for «unknown».
const MOMENT_S: u64 = 1;
