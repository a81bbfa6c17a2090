//! Networks: creation, listing and inspection.
//!
//! Invariant: what is `None` is not sent, so the engine decides about it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Inspect {
    pub(crate) id: String,
    pub(crate) name: Option<String>,
    pub(crate) created: Option<String>,
    pub(crate) driver: Option<String>,
    #[serde(rename = "EnableIPv6")]
    pub(crate) ipv6: Option<bool>,
    #[serde(rename = "IPAM")]
    pub(crate) ipam: Option<Ipam>,
    pub(crate) internal: Option<bool>,
    pub(crate) attachable: Option<bool>,
    pub(crate) options: Option<BTreeMap<String, String>>,
    pub(crate) labels: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Ipam {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) driver: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) options: Option<BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) config: Option<Vec<Pool>>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Pool {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) subnet: Option<String>,
    #[serde(rename = "IPRange", skip_serializing_if = "Option::is_none")]
    pub(crate) ip_range: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) gateway: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) auxiliary_addresses: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreateBody<'a> {
    pub(crate) name: &'a str,
    /// Without it engines before API 1.44 make another network of the same name.
    pub(crate) check_duplicate: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) driver: Option<&'a str>,
    pub(crate) internal: bool,
    pub(crate) attachable: bool,
    #[serde(rename = "EnableIPv6")]
    pub(crate) ipv6: bool,
    #[serde(rename = "IPAM", skip_serializing_if = "Option::is_none")]
    pub(crate) ipam: Option<Ipam>,
    pub(crate) options: &'a BTreeMap<String, String>,
    pub(crate) labels: &'a BTreeMap<String, String>,
}
