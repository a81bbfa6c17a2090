//! The archive that an engine loads an image from.
//!
//! Invariant: it has only the layers that are new: an engine that keeps layers by their digests never opens those
//! of the base, whose names stand in the manifest all the same.

use std::io::{self, Read, Write};

use serde_json::json;
use tar::{Builder, EntryType, Header};

use super::{Assembly, MOMENT_S};

/// A layer in the archive: its `diff_id`, the bytes of its tar, and these.
pub type LayerSource<'a> = (&'a str, u64, &'a mut dyn Read);

/// Writes the archive.
///
/// # Errors
///
/// If a layer can't be read, or nobody takes what is written.
pub fn load_archive(
    assembly: &Assembly,
    layers: Vec<LayerSource<'_>>,
    sink: &mut dyn Write,
) -> io::Result<()> {
    let mut tar = Builder::new(sink);
    let digits = |digest: &str| digest.trim_start_matches("sha256:").to_owned();
    let config_name = format!("{}.json", digits(&assembly.id));
    let layer_name = |diff_id: &str| format!("{}/layer.tar", digits(diff_id));
    let names: Vec<_> = assembly.diff_ids.iter().map(|diff_id| layer_name(diff_id)).collect();
    let manifest = json!([{
        "Config": config_name,
        "RepoTags": assembly.references,
        "Layers": names,
    }]);
    let mut append = |name: &str, size: u64, content: &mut dyn Read| {
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Regular);
        header.set_mode(0o644);
        header.set_mtime(MOMENT_S);
        header.set_size(size);
        tar.append_data(&mut header, name, content.take(size))
    };
    let config = assembly.config.as_bytes();
    append(&config_name, config.len() as u64, &mut &*config)?;
    for (diff_id, size, content) in layers {
        append(&layer_name(diff_id), size, content)?;
    }
    let manifest = manifest.to_string();
    append("manifest.json", manifest.len() as u64, &mut manifest.as_bytes())?;
    tar.finish()
}
