//! An image as an engine saves it: what is in it, and how it runs.
//!
//! Invariant: it is read once, from its beginning to its end, whatever comes first in it; layers may be compressed.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::path::Path;

use flate2::read::GzDecoder;
use ruzstd::decoding::StreamingDecoder;
use serde::{Deserialize, Serialize, Serializer};
use tar::{Archive, EntryType};

use windlass_model::label;

use super::image_view::Kept;
use super::layer_index::LayerIndex;
use super::{BaseImage, ImageView, LayerBlob};

/// Largest document of an archive that is read.
const DOCUMENT_MAX_BYTES: u64 = 8 << 20;

/// See the module.
#[derive(Debug, Default, Deserialize)]
pub struct SavedImage {
    pub base: BaseImage,
    pub view: ImageView,
}

/// As it is kept for the next time.
impl Serialize for SavedImage {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Saved<'a> {
            base: &'a BaseImage,
            view: Kept<'a>,
        }
        let has_secrets = self.base.config.labels.contains_key(label::SENSITIVE);
        Saved { base: &self.base, view: self.view.kept(has_secrets) }.serialize(to)
    }
}

/// What an entry of the archive turned out to be.
enum Part {
    Layer(LayerIndex),
    Document(Vec<u8>),
    /// An engine writes a layer that it has twice only once.
    Link(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Manifest {
    config: String,
    /// Names of the layers in the archive, the lowest first.
    pub(super) layers: Vec<String>,
}

/// A manifest as registries have it.
#[derive(Deserialize)]
struct OpenManifest {
    config: Config,
    layers: Vec<LayerBlob>,
}

#[derive(Deserialize)]
struct Config {
    digest: String,
}

impl SavedImage {
    /// Reads the archive of one image. `wanted`: files of the image whose contents are kept; `spool`: the folder for large ones,
    /// in memory without one.
    ///
    /// # Errors
    ///
    /// If it is no such archive, or breaks off.
    pub fn read(
        tar: impl Read,
        wanted: &BTreeSet<String>,
        spool: Option<&Path>,
    ) -> io::Result<Self> {
        let mut parts = BTreeMap::new();
        let mut archive = Archive::new(tar);
        for entry in archive.entries()? {
            let entry = entry?;
            let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let kind = entry.header().entry_type();
            let part = if matches!(kind, EntryType::Symlink | EntryType::Link) {
                let to = entry.link_name_bytes().unwrap_or_default();
                Some(Part::Link(String::from_utf8_lossy(&to).into_owned()))
            } else if kind.is_file() {
                part(entry, wanted, spool)?
            } else {
                None
            };
            parts.extend(part.map(|part| (name, part)));
        }
        Self::put_together(parts)
    }

    fn put_together(mut parts: BTreeMap<String, Part>) -> io::Result<Self> {
        let broken = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
        let Some(Part::Document(manifest)) = parts.get("manifest.json") else {
            return Err(broken("the saved image has no manifest"));
        };
        let manifests: Vec<Manifest> = serde_json::from_slice(manifest)?;
        let Some(Manifest { config, layers }) = manifests.into_iter().next() else {
            return Err(broken("the saved archive has no image"));
        };
        let blobs = blobs(&parts, &config).unwrap_or_default();
        let Some(Part::Document(config)) = parts.get(&config) else {
            return Err(broken("the saved image has no configuration"));
        };
        let mut base = BaseImage::read(config)?;
        if blobs.len() == base.diff_ids.len() {
            base.blobs = blobs;
        }
        let mut view = ImageView::empty();
        let names: Vec<String> = layers.iter().map(|name| target(&parts, name)).collect();
        for (at, name) in names.iter().enumerate() {
            let is_last = !names[at + 1..].contains(name);
            let found = if is_last { parts.remove(name) } else { None };
            match found {
                Some(Part::Layer(layer)) => view.put_on(layer),
                // What a layer does that is there once more, it does again later.
                None if !is_last => {}
                Some(Part::Document(_) | Part::Link(_)) | None => {
                    return Err(broken("a layer of the saved image is missing"));
                }
            }
        }
        Ok(Self { base, view })
    }
}

/// The layers of the manifest that has this configuration, if the archive is one of those that have manifests.
fn blobs(parts: &BTreeMap<String, Part>, config: &str) -> Option<Vec<LayerBlob>> {
    let digits = config.strip_prefix("blobs/sha256/")?;
    let of_it = |part: &Part| {
        let Part::Document(bytes) = part else { return None };
        let manifest: OpenManifest = serde_json::from_slice(bytes).ok()?;
        let is_it = manifest.config.digest.strip_prefix("sha256:") == Some(digits);
        is_it.then_some(manifest.layers)
    };
    let found = parts.values().find_map(of_it)?;
    Some(found.into_iter().map(LayerBlob::in_open_words).collect())
}

/// The name under which a layer really is.
fn target(parts: &BTreeMap<String, Part>, name: &str) -> String {
    match parts.get(name) {
        Some(Part::Link(to)) => {
            let here = name.rsplit_once('/').map_or("", |(here, _)| here);
            let up = here.rsplit_once('/').map_or("", |(up, _)| up);
            let to = match to.strip_prefix("../") {
                Some(rest) if up.is_empty() => rest.to_owned(),
                Some(rest) => format!("{up}/{rest}"),
                None => to.clone(),
            };
            if parts.contains_key(&to) { to } else { name.to_owned() }
        }
        _ => name.to_owned(),
    }
}

fn part(
    mut entry: tar::Entry<'_, impl Read>,
    wanted: &BTreeSet<String>,
    spool: Option<&Path>,
) -> io::Result<Option<Part>> {
    let size = entry.size();
    let mut head = [0; 512];
    let length = fill(&mut entry, &mut head)?;
    let head = &head[..length];
    let whole = head.chain(entry);
    let is_tar =
        head.get(257..262) == Some(b"ustar") || (length == 512 && head.iter().all(|&b| b == 0));
    Ok(match head {
        [0x1f, 0x8b, ..] => {
            Some(Part::Layer(LayerIndex::read(GzDecoder::new(whole), wanted, spool)?))
        }
        [0x28, 0xb5, 0x2f, 0xfd, ..] => {
            let decoder = StreamingDecoder::new(whole).map_err(io::Error::other)?;
            Some(Part::Layer(LayerIndex::read(decoder, wanted, spool)?))
        }
        _ if is_tar => Some(Part::Layer(LayerIndex::read(whole, wanted, spool)?)),
        [b'{' | b'[', ..] if size <= DOCUMENT_MAX_BYTES => {
            let mut bytes = Vec::new();
            whole.take(DOCUMENT_MAX_BYTES).read_to_end(&mut bytes)?;
            Some(Part::Document(bytes))
        }
        _ => None,
    })
}

fn fill(from: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < buffer.len() {
        match from.read(&mut buffer[length..])? {
            0 => break,
            more => length += more,
        }
    }
    Ok(length)
}
