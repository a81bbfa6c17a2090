//! What pulls, pushes, imports, builds and events send line by line.
//!
//! Invariant: any line may hold an error, whatever else it holds.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A line of a pull, push, import or classic build.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Line {
    /// The output of a classic build.
    pub(crate) stream: Option<String>,
    pub(crate) status: Option<String>,
    /// Which layer the status is about.
    pub(crate) id: Option<String>,
    pub(crate) progress_detail: Option<Detail>,
    pub(crate) error: Option<String>,
    pub(crate) error_detail: Option<ErrorDetail>,
    pub(crate) aux: Option<Aux>,
}

impl Line {
    /// The error that the line tells of.
    pub(crate) fn take_error(&mut self) -> Option<String> {
        let detail = self.error_detail.take().and_then(|detail| detail.message);
        let error = self.error.take();
        detail.filter(|text| !text.is_empty()).or(error)
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Detail {
    pub(crate) current: Option<i64>,
    pub(crate) total: Option<i64>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ErrorDetail {
    pub(crate) message: Option<String>,
}

/// The result of a build (`ID`) or a push (`Digest`); `BuildKit`'s traces are text and are not read.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Aux {
    #[serde(rename = "ID")]
    pub(crate) id: Option<String>,
    pub(crate) digest: Option<String>,
}

/// A change on an engine.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Event {
    #[serde(rename = "Type")]
    pub(crate) kind: Option<String>,
    pub(crate) action: Option<String>,
    pub(crate) actor: Option<Actor>,
    #[serde(rename = "time")]
    pub(crate) time_s: Option<i64>,
    #[serde(rename = "timeNano")]
    pub(crate) time_ns: Option<i64>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Actor {
    #[serde(rename = "ID")]
    pub(crate) id: Option<String>,
    #[serde(rename = "Attributes")]
    pub(crate) attributes: Option<BTreeMap<String, String>>,
}
