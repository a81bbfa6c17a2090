//! The archive for an engine that does not take one without the layers that it has.
//!
//! Invariant: the layers of the base pass through as they come; nothing of them is kept in memory.

use std::io::{self, Read, Write};

use tar::{Archive, Builder};

use super::archive::{add, names};
use super::saved_image::Manifest;
use super::{Assembly, LayerSource};

/// What says which image is in an archive: it is said anew.
const OF_THE_IMAGE: [&str; 4] = ["manifest.json", "index.json", "oci-layout", "repositories"];
/// Longest manifest that is read.
const MANIFEST_MAX_BYTES: u64 = 8 << 20;

/// Writes the archive of an image on one of which `below` is the archive that the engine saved.
///
/// # Errors
///
/// As of [`super::load_archive`], and if `below` is no such archive.
pub fn whole_archive(
    assembly: &Assembly,
    layers: &[LayerSource<'_>],
    below: &mut dyn Read,
    sink: &mut dyn Write,
) -> io::Result<()> {
    let mut tar = Builder::new(sink);
    let mut manifest = Vec::new();
    for entry in Archive::new(below).entries()? {
        let mut entry = entry?;
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if path == "manifest.json" {
            (&mut entry).take(MANIFEST_MAX_BYTES).read_to_end(&mut manifest)?;
        }
        let kind = entry.header().entry_type();
        if OF_THE_IMAGE.contains(&path.as_str()) || kind.is_dir() {
            continue;
        }
        let mut header = entry.header().clone();
        // What is larger than the field holds is said before the header.
        header.set_size(entry.size());
        header.set_cksum();
        tar.append(&header, &mut entry)?;
    }
    let below: Vec<Manifest> = serde_json::from_slice(&manifest)?;
    let none = || io::Error::new(io::ErrorKind::InvalidData, "the saved archive has no image");
    let below = below.into_iter().next().ok_or_else(none)?;
    if below.layers.len() + layers.len() != assembly.diff_ids.len() {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "it is another image by now"));
    }
    add(&mut tar, assembly, layers, &names(below.layers, layers))?;
    tar.finish()
}
