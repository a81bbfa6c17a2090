//! An image put together here: the base's layers, new ones, and a configuration.
//!
//! Invariant: its id is the digest of its configuration, which says nothing of when and where it was made.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::layer_tar::{AssembledLayer, hex};
use super::{BaseImage, LayerBlob, ProcessConfig};

/// When everything here was made.
const CREATED: &str = "1970-01-01T00:00:01Z";

/// What an image says of how one of its layers was made.
pub fn history(made_by: &str) -> Value {
    json!({"created": CREATED, "created_by": made_by})
}

/// See the module.
#[derive(Clone, Debug)]
pub struct Assembly {
    /// `sha256:…` of the configuration: the image's id on an engine that keeps no manifests.
    pub id: String,
    /// The configuration, as it is in the archive.
    pub config: String,
    /// Every layer, the lowest first; those of the base are not in the archive.
    pub diff_ids: Vec<String>,
    /// The same as the engine keeps them, where all of them are known.
    pub blobs: Option<Vec<LayerBlob>>,
    pub references: BTreeSet<String>,
}

impl Assembly {
    /// `comments`: what made each of the layers.
    pub fn new(
        base: &BaseImage,
        layers: &[(AssembledLayer, String)],
        config: &ProcessConfig,
        references: BTreeSet<String>,
    ) -> Self {
        let own = layers.iter().map(|(layer, _)| layer.diff_id.clone());
        let diff_ids: Vec<String> = base.diff_ids.iter().cloned().chain(own).collect();
        let own = layers.iter().map(|(layer, _)| LayerBlob::plain(&layer.diff_id, layer.size));
        let is_known = base.blobs.len() == base.diff_ids.len();
        let blobs = is_known.then(|| base.blobs.iter().cloned().chain(own).collect());
        let own = layers.iter().map(|(_, made_by)| history(made_by));
        let history: Vec<Value> = base.history.iter().cloned().chain(own).collect();
        let mut document = json!({
            "architecture": base.architecture,
            "os": base.os,
            "created": CREATED,
            "config": config,
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
            "history": history,
        });
        for (key, value) in [("variant", &base.variant), ("author", &base.author)] {
            if let Some(value) = value {
                document[key] = json!(value);
            }
        }
        let config = document.to_string();
        let id = format!("sha256:{}", hex(&Sha256::digest(config.as_bytes())));
        Self { id, config, diff_ids, blobs, references }
    }
}
