//! Layers that are assembled here, without a container: what a bundle changes, as a tar, and images that have it.
//!
//! Invariant: the same base and the same changes give the same bytes on any machine, and so the same image id.

mod archive;
mod assembly;
mod image_view;
mod layer_tar;

pub use archive::{LayerSource, load_archive};
pub use assembly::{Assembly, BaseImage, ProcessConfig};
pub use image_view::ImageView;
pub use layer_tar::{AssembledLayer, assemble};

/// Seconds since the epoch of everything that is made here. Not 0: some tools take that for «unknown».
const MOMENT_S: u64 = 1;
