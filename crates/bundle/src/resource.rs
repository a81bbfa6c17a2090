//! Resources: one thing that shall be so.
//!
//! Invariant: two resources of a bundle never have the same id.

use crate::{Condition, Kind};
use serde::{Deserialize, Serialize};
use std::fmt;

/// One thing that shall be so, and when.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resource {
    /// What others call it; without one `file[/etc/motd]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Ids of earlier resources: it is only applied when one of them changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub watches: Vec<String>,
    /// Ids of resources that come before it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only_if: Option<Condition>,
    /// What it holds is never shown.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sensitive: bool,
    /// In an image: a layer of its own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub own_layer: bool,
    pub kind: Kind,
}

impl Resource {
    /// The name by which others refer to it.
    pub fn id(&self) -> String {
        self.id.clone().unwrap_or_else(|| self.typed_id())
    }

    /// `file[/etc/motd]`: type and what it is about. Others may use it though there is an id.
    pub fn typed_id(&self) -> String {
        let name = self.name().or_else(|| self.id.clone()).unwrap_or_default();
        format!("{}[{name}]", self.kind.word())
    }

    /// What it is about, if that may be shown.
    pub fn name(&self) -> Option<String> {
        let is_hidden = self.sensitive && self.kind.shows_words();
        (!is_hidden).then(|| self.kind.name())
    }

    /// Whether a reference in `watches` or `after` means it.
    pub fn is_called(&self, reference: &str) -> bool {
        self.id.as_deref() == Some(reference)
            || self.typed_id() == reference
            || (self.id.is_none() && self.name().as_deref() == Some(reference))
    }

    #[must_use]
    pub fn with_id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    #[must_use]
    pub fn watching(mut self, id: impl Into<String>) -> Self {
        self.watches.push(id.into());
        self
    }

    #[must_use]
    pub fn after(mut self, id: impl Into<String>) -> Self {
        self.after.push(id.into());
        self
    }

    #[must_use]
    pub fn only_if(mut self, condition: Condition) -> Self {
        self.only_if = Some(condition);
        self
    }

    #[must_use]
    pub fn sensitive(mut self) -> Self {
        self.sensitive = true;
        self
    }
}

impl fmt::Debug for Resource {
    /// Of a sensitive one what it is called.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, watches, after, only_if, sensitive, own_layer, kind } = self;
        let mut all = f.debug_struct("Resource");
        all.field("id", id).field("watches", watches).field("after", after);
        all.field("only_if", only_if).field("own_layer", own_layer);
        all.field("sensitive", sensitive);
        if *sensitive {
            return all.field("kind", &format_args!("{}", self.typed_id())).finish();
        }
        all.field("kind", kind).finish()
    }
}

impl<T: Into<Kind>> From<T> for Resource {
    fn from(kind: T) -> Self {
        Self {
            id: None,
            watches: Vec::new(),
            after: Vec::new(),
            only_if: None,
            sensitive: false,
            own_layer: false,
            kind: kind.into(),
        }
    }
}
