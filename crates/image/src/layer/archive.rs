//! The archive that an engine loads an image from.
//!
//! Invariant: it has only the layers that are new: an engine that keeps layers by their digests never opens those
//! of the base, whose names stand in the manifest all the same. One that keeps images as registries do wants a manifest of that
//! kind, and finds the blobs of the base in its own store.

use std::collections::BTreeMap;
use std::io::{self, Read as _, Write};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tar::{Builder, EntryType, Header};
use windlass_model::image::{familiar_reference, names_registry};

use super::layer_tar::hex;
use super::{AssembledLayer, Assembly, LayerBlob, MOMENT_S};

/// A layer in the archive, and what writes its tar once more.
pub type LayerSource<'a> = (&'a AssembledLayer, &'a dyn Fn(&mut dyn Write) -> io::Result<()>);

/// Writes the archive.
///
/// # Errors
///
/// If a layer is not what it was when it was assembled, or nobody takes what is written.
pub fn load_archive(
    assembly: &Assembly,
    layers: &[LayerSource<'_>],
    sink: &mut dyn Write,
) -> io::Result<()> {
    let mut tar = Builder::new(sink);
    if let Some(blobs) = &assembly.blobs {
        layout(&mut tar, assembly, blobs)?;
    }
    let names: Vec<_> = assembly.diff_ids.iter().map(|diff_id| name(diff_id)).collect();
    add(&mut tar, assembly, layers, &names)?;
    tar.finish()
}

/// The name of a blob in the archive.
fn name(digest: &str) -> String {
    format!("blobs/sha256/{}", digest.trim_start_matches("sha256:"))
}

/// Configuration, layers, and the manifest; `names`: those of all layers, the lowest first.
pub(super) fn add<W: Write>(
    tar: &mut Builder<W>,
    assembly: &Assembly,
    layers: &[LayerSource<'_>],
    names: &[String],
) -> io::Result<()> {
    let config_name = name(&assembly.id);
    document(tar, &config_name, &assembly.config)?;
    for (layer, write) in layers {
        let mut header = header(layer.size);
        header.set_path(name(&layer.diff_id))?;
        header.set_cksum();
        let out = tar.get_mut();
        out.write_all(header.as_bytes())?;
        let mut counted = Counted { out, left: layer.size };
        write(&mut counted)?;
        if counted.left > 0 {
            return Err(changed());
        }
        let padding = layer.size.next_multiple_of(BLOCK) - layer.size;
        io::copy(&mut io::repeat(0).take(padding), out)?;
    }
    let manifest = json!([{
        "Config": config_name,
        "RepoTags": assembly.references,
        "Layers": names,
    }]);
    document(tar, "manifest.json", &manifest.to_string())
}

/// The names of layers that are written after those of a base, which are `below`.
pub(super) fn names(below: Vec<String>, layers: &[LayerSource<'_>]) -> Vec<String> {
    let own = layers.iter().map(|(layer, _)| name(&layer.diff_id));
    below.into_iter().chain(own).collect()
}

fn document<W: Write>(tar: &mut Builder<W>, name: &str, text: &str) -> io::Result<()> {
    tar.append_data(&mut header(text.len() as u64), name, text.as_bytes())
}

/// What makes the archive one of the open format too.
fn layout<W: Write>(
    tar: &mut Builder<W>,
    assembly: &Assembly,
    blobs: &[LayerBlob],
) -> io::Result<()> {
    const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": assembly.id,
            "size": assembly.config.len(),
        },
        "layers": blobs,
    });
    let manifest = manifest.to_string();
    let digest = format!("sha256:{}", hex(&Sha256::digest(manifest.as_bytes())));
    let of = |annotations: BTreeMap<&str, String>| {
        json!({
            "mediaType": MANIFEST,
            "digest": digest,
            "size": manifest.len(),
            "annotations": annotations,
        })
    };
    let named = |reference: &String| {
        let whole = whole_reference(reference);
        let tag = whole.rsplit_once(':').map_or("latest", |(_, tag)| tag).to_owned();
        of([("io.containerd.image.name", whole), ("org.opencontainers.image.ref.name", tag)].into())
    };
    let mut manifests: Vec<Value> = assembly.references.iter().map(named).collect();
    if manifests.is_empty() {
        manifests.push(of(BTreeMap::new()));
    }
    let index = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": manifests,
    });
    document(tar, "oci-layout", r#"{"imageLayoutVersion":"1.0.0"}"#)?;
    document(tar, &name(&digest), &manifest)?;
    document(tar, "index.json", &index.to_string())
}

/// With its registry and tag.
fn whole_reference(reference: &str) -> String {
    let familiar = familiar_reference(reference);
    if names_registry(&familiar) {
        familiar
    } else if familiar.contains('/') {
        format!("docker.io/{familiar}")
    } else {
        format!("docker.io/library/{familiar}")
    }
}

/// The unit of a tar.
const BLOCK: u64 = 512;

fn header(size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::Regular);
    header.set_mode(0o644);
    header.set_mtime(MOMENT_S);
    header.set_size(size);
    header
}

/// Takes as many bytes as the header says, and not one more.
struct Counted<'w, W> {
    out: &'w mut W,
    left: u64,
}

impl<W: Write> Write for Counted<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.left = self.left.checked_sub(bytes.len() as u64).ok_or_else(changed)?;
        self.out.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn changed() -> io::Error {
    io::Error::other("a file changed while the image was put together")
}
