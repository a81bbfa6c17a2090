//! Images: listing and inspection.
//!
//! Invariant: `<none>` is kept as the engine writes it; whoever converts leaves it out.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::container::Config;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Summary {
    pub(crate) id: String,
    pub(crate) repo_tags: Option<Vec<String>>,
    pub(crate) repo_digests: Option<Vec<String>>,
    pub(crate) labels: Option<BTreeMap<String, String>>,
    pub(crate) size: Option<i64>,
    pub(crate) created: Option<i64>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Inspect {
    pub(crate) id: String,
    pub(crate) repo_tags: Option<Vec<String>>,
    pub(crate) repo_digests: Option<Vec<String>>,
    /// RFC 3339; absent or empty where nobody knows.
    pub(crate) created: Option<String>,
    pub(crate) size: Option<i64>,
    pub(crate) config: Option<Config>,
    pub(crate) os: Option<String>,
    pub(crate) architecture: Option<String>,
    pub(crate) variant: Option<String>,
    #[serde(rename = "RootFS")]
    pub(crate) root_fs: RootFs,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct RootFs {
    pub(crate) layers: Option<Vec<String>>,
}

/// What a registry has under a reference.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Distribution {
    pub(crate) descriptor: Option<Descriptor>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Descriptor {
    pub(crate) digest: Option<String>,
}
