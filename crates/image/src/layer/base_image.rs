//! What a base gives to an image that is put together on it.
//!
//! Invariant: only what the image on it shall have too is taken over; what an engine notes of how the base was made is not.

use std::io;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::layer_tar::hex;
use super::{LayerBlob, ProcessConfig};

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BaseImage {
    /// `sha256:…` of its configuration: what an engine calls it by that keeps no manifests. Empty for `scratch`.
    pub id: String,
    /// `sha256:…` of each layer, the lowest first. Empty for `scratch`.
    pub diff_ids: Vec<String>,
    /// The same as the engine keeps them; empty if it did not say, which engines do that keep images as registries do.
    pub blobs: Vec<LayerBlob>,
    pub config: ProcessConfig,
    /// What made each of the layers, as the base says it.
    pub history: Vec<Value>,
    /// `amd64`.
    pub architecture: String,
    /// `linux`.
    pub os: String,
    pub variant: Option<String>,
    /// Who made it.
    pub author: Option<String>,
}

/// The parts of an image's configuration that count.
#[derive(Deserialize)]
struct Document {
    #[serde(default)]
    config: Option<ProcessConfig>,
    #[serde(default)]
    architecture: String,
    #[serde(default)]
    os: String,
    #[serde(default)]
    variant: Option<String>,
    #[serde(default)]
    author: Option<String>,
    #[serde(default)]
    history: Vec<Value>,
    rootfs: RootFs,
}

#[derive(Deserialize)]
struct RootFs {
    #[serde(default)]
    diff_ids: Option<Vec<String>>,
}

impl BaseImage {
    /// `FROM scratch` for a platform: `linux/amd64`, `linux/arm/v7`.
    pub fn scratch(platform: &str) -> Self {
        let mut parts = platform.splitn(3, '/').map(str::to_owned);
        Self {
            os: parts.next().unwrap_or_default(),
            architecture: parts.next().unwrap_or_default(),
            variant: parts.next(),
            ..Self::default()
        }
    }

    /// Reads an image's configuration.
    ///
    /// # Errors
    ///
    /// If it is none.
    pub fn read(document: &[u8]) -> io::Result<Self> {
        let found: Document = serde_json::from_slice(document)?;
        let Document { config, architecture, os, variant, author, history, rootfs } = found;
        let said = |text: Option<String>| text.filter(|text| !text.is_empty());
        let diff_ids = rootfs.diff_ids.unwrap_or_default();
        let is_layer = |one: &&Value| one["empty_layer"] != Value::Bool(true);
        let unknown = || diff_ids.iter().map(|_| super::history("of the base image")).collect();
        let fits = history.iter().filter(is_layer).count() == diff_ids.len();
        Ok(Self {
            id: format!("sha256:{}", hex(&Sha256::digest(document))),
            history: if fits { history } else { unknown() },
            diff_ids,
            blobs: Vec::new(),
            config: config.unwrap_or_default(),
            architecture,
            os,
            variant: said(variant),
            author: said(author),
        })
    }
}
