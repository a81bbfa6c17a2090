//! `block`: lines of a file between two marker lines, or none.
//!
//! Invariant: what is outside the markers is never touched, and a block that begins but does not end is an error.

use super::Type;
use super::file::{check_mode, owner};
use super::line::{check_new, check_place, said_mode};
use crate::edit::Edit;
use crate::text::{Text, expression};
use crate::{Change, Facts, OwnerName, ResourceError, View, path};
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockPolicy {
    #[default]
    Apply,
    /// With its markers.
    Remove,
}

/// Lines between markers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Block {
    pub path: String,
    #[serde(default)]
    pub policy: BlockPolicy,
    /// With line ends of any kind: it gets those of the file.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub contents: String,
    /// The marker lines: `{mark}` is `BEGIN` in the first and `END` in the last.
    #[serde(default = "default_marker")]
    pub marker: String,
    /// A regular expression: a new block goes behind the last line that matches; at the end of the file if none does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// A regular expression: a new block goes before the first line that matches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// A file that is not there is made.
    #[serde(default)]
    pub create: bool,
    /// Of a file that is made, as are `group` and `mode`; one that is there keeps its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<OwnerName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<OwnerName>,
    #[serde(default = "default_mode")]
    pub mode: u32,
    /// A link at the path stays, and the file is where it leads.
    #[serde(default)]
    pub follow: bool,
}

fn default_mode() -> u32 {
    0o644
}

fn default_marker() -> String {
    "# {mark} windlass".to_owned()
}

const MARK: &str = "{mark}";

impl Block {
    pub fn new(path: impl Into<String>, contents: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            policy: BlockPolicy::Apply,
            contents: contents.into(),
            marker: default_marker(),
            after: None,
            before: None,
            create: false,
            owner: None,
            group: None,
            mode: default_mode(),
            follow: false,
        }
    }

    /// One that shall not be there.
    pub fn removed(path: impl Into<String>) -> Self {
        Self { policy: BlockPolicy::Remove, ..Self::new(path, "") }
    }

    /// The marker lines, with `{mark}` in them.
    #[must_use]
    pub fn marker(mut self, marker: impl Into<String>) -> Self {
        self.marker = marker.into();
        self
    }

    #[must_use]
    pub fn after(mut self, expression: impl Into<String>) -> Self {
        self.after = Some(expression.into());
        self
    }

    #[must_use]
    pub fn before(mut self, expression: impl Into<String>) -> Self {
        self.before = Some(expression.into());
        self
    }

    #[must_use]
    pub fn create(mut self) -> Self {
        self.create = true;
        self
    }

    fn markers(&self) -> (String, String) {
        (self.marker.replace(MARK, "BEGIN"), self.marker.replace(MARK, "END"))
    }

    /// Where it is, markers and all.
    fn find(&self, text: &Text) -> Result<Option<RangeInclusive<usize>>, ResourceError> {
        let (begin, end) = self.markers();
        let wrong = |what: &str| Err(ResourceError::new(what).field("marker"));
        let places = |marker: &str| {
            let lines = text.lines.iter().enumerate();
            lines.filter(|(_, line)| line.text == marker).map(|(at, _)| at).collect::<Vec<_>>()
        };
        match (&*places(&begin), &*places(&end)) {
            ([], []) => Ok(None),
            ([first], [last]) if first < last => Ok(Some(*first..=*last)),
            ([_], [_]) => wrong("the block of these markers ends before it begins"),
            ([_, _, ..], _) => wrong("more than one block has these markers"),
            ([_], []) => wrong("a block with these markers begins, but does not end"),
            (_, _) => wrong("a block with these markers ends that does not begin"),
        }
    }
}

impl Type for Block {
    const WORD: &'static str = "block";

    fn name(&self) -> String {
        if self.marker == default_marker() {
            return self.path.clone();
        }
        format!("{}:{}", self.path, self.marker)
    }

    fn path(&self) -> Option<&str> {
        Some(&self.path)
    }

    fn check(&self) -> Vec<ResourceError> {
        let mut errors: Vec<_> = path::check(&self.path, "path").err().into_iter().collect();
        errors.extend(check_mode(self.mode));
        errors.extend(check_new(self.create, self.owner.as_ref(), self.group.as_ref(), self.mode));
        errors.extend(check_place(self.after.as_ref(), self.before.as_ref()));
        let (begin, end) = self.markers();
        if begin == end || self.marker.contains(['\n', '\r']) {
            let error = ResourceError::new("a marker is one line with `{mark}` in it");
            errors.push(error.field("marker"));
        }
        if self.contents.lines().any(|line| line == begin || line == end) {
            let error = ResourceError::new("the contents have a marker of their own block");
            errors.push(error.field("contents"));
        }
        if self.policy == BlockPolicy::Remove && !self.contents.is_empty() {
            let error = ResourceError::new("a block that is removed has no contents");
            errors.push(error.field("contents"));
        }
        errors
    }

    fn writes(&self) -> Vec<String> {
        vec![self.path.clone()]
    }

    fn plan(&self, view: &dyn View, _: &Facts) -> Result<Vec<Change>, ResourceError> {
        let mut edit = Edit::open(view, &self.path, self.follow)?;
        let new = (owner(view, self.owner.as_ref(), self.group.as_ref())?, self.mode);
        let found = self.find(&edit.text)?;
        if self.policy == BlockPolicy::Remove {
            if let Some(found) = found {
                edit.text.remove(found);
                return Ok(edit.change(view, "remove the block", new)?.into_iter().collect());
            }
            return Ok(Vec::new());
        }
        let mut edit = edit.or_create(view, self.create)?;
        let said = self.owner.as_ref().or(self.group.as_ref()).map(|_| new.0);
        let reason = format!("change the block{}", edit.kept(said, said_mode(self.mode)));
        let place = if let Some(found) = found {
            let now = &edit.text.lines[found.start() + 1..*found.end()];
            if now.iter().map(|line| &*line.text).eq(self.contents.lines()) {
                return Ok(Vec::new());
            }
            let place = *found.start();
            edit.text.remove(found);
            place
        } else {
            let after = expression(self.after.as_ref(), "after")?;
            let before = expression(self.before.as_ref(), "before")?;
            edit.text.place(after.as_ref(), before.as_ref())
        };
        let (begin, end) = self.markers();
        let lines = [&*begin].into_iter().chain(self.contents.lines()).chain([&*end]);
        for (place, line) in (place..).zip(lines) {
            edit.text.insert(place, line);
        }
        Ok(edit.change(view, &reason, new)?.into_iter().collect())
    }
}
