//! Conditions on where a bundle is applied.
//!
//! Invariant: every word that is given must hold.

use crate::{Facts, Mode};
use serde::{Deserialize, Serialize};

/// `only_if`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// `ID` of os-release, or one of `ID_LIKE`: `debian`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub os_id: Vec<String>,
    /// `VERSION_ID` of os-release, or a beginning of it up to a dot.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub os_version: Vec<String>,
    /// As in platforms: `amd64`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub arch: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mode: Vec<Mode>,
}

impl Condition {
    /// Whether it holds.
    pub fn holds(&self, facts: &Facts) -> bool {
        let any = |wanted: &[String], holds: &dyn Fn(&String) -> bool| {
            wanted.is_empty() || wanted.iter().any(holds)
        };
        let version = |wanted: &String| {
            let rest = facts.os_version.strip_prefix(wanted.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        any(&self.os_id, &|id| facts.os_id == *id || facts.os_like.contains(id))
            && any(&self.os_version, &version)
            && any(&self.arch, &|arch| facts.arch == *arch)
            && (self.mode.is_empty() || self.mode.contains(&facts.mode))
    }
}
