//! An image put together here: the base's layers, new ones, and a configuration.
//!
//! Invariant: its id is the digest of its configuration, which says nothing of when and where it was made.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::layer_tar::{AssembledLayer, hex};

/// What a base gives to an image on it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BaseImage {
    /// `sha256:…` of each layer, the lowest first. Empty for `scratch`.
    pub diff_ids: Vec<String>,
    pub config: ProcessConfig,
    /// `amd64`.
    pub architecture: String,
    /// `linux`.
    pub os: String,
    pub variant: Option<String>,
}

/// How containers of an image run: the engine's own field names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ProcessConfig {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub user: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub exposed_ports: BTreeMap<String, Value>,
    /// `NAME=value`, in order.
    pub env: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entrypoint: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cmd: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub healthcheck: Option<Value>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub volumes: BTreeMap<String, Value>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub working_dir: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_signal: Option<String>,
}

/// See the module.
#[derive(Clone, Debug)]
pub struct Assembly {
    /// `sha256:…`: the image's id.
    pub id: String,
    /// The configuration, as it is in the archive.
    pub config: String,
    /// Every layer, the lowest first; those of the base are not in the archive.
    pub diff_ids: Vec<String>,
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
        let moment = "1970-01-01T00:00:01Z";
        let own = layers.iter().map(|(layer, _)| layer.diff_id.clone());
        let diff_ids: Vec<String> = base.diff_ids.iter().cloned().chain(own).collect();
        let of_base = base.diff_ids.iter().map(|_| "of the base image".to_owned());
        let own = layers.iter().map(|(_, made_by)| made_by.clone());
        let history: Vec<Value> = of_base
            .chain(own)
            .map(|made_by| json!({"created": moment, "created_by": made_by}))
            .collect();
        let mut document = json!({
            "architecture": base.architecture,
            "os": base.os,
            "created": moment,
            "config": config,
            "rootfs": {"type": "layers", "diff_ids": diff_ids},
            "history": history,
        });
        if let Some(variant) = &base.variant {
            document["variant"] = json!(variant);
        }
        let config = document.to_string();
        let id = format!("sha256:{}", hex(&Sha256::digest(config.as_bytes())));
        Self { id, config, diff_ids, references }
    }
}
