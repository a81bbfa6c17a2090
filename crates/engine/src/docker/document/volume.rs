//! Volumes: creation, listing and inspection.
//!
//! Invariant: what is `None` is not sent, so the engine decides about it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct List {
    pub(crate) volumes: Option<Vec<Inspect>>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Inspect {
    pub(crate) name: String,
    pub(crate) driver: Option<String>,
    pub(crate) options: Option<BTreeMap<String, String>>,
    pub(crate) labels: Option<BTreeMap<String, String>>,
    pub(crate) created_at: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreateBody<'a> {
    pub(crate) name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) driver: Option<&'a str>,
    pub(crate) driver_opts: &'a BTreeMap<String, String>,
    pub(crate) labels: &'a BTreeMap<String, String>,
}
