//! `line`: a line of a file, or none like it.
//!
//! Invariant: a file that has the line is left alone, so that applying twice is applying once.

use super::Type;
use super::file::{check_mode, owner};
use crate::edit::Edit;
use crate::text::{Text, expression};
use crate::{Change, Facts, OwnerName, ResourceError, View, path};
use regex_lite::Regex;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinePolicy {
    #[default]
    Apply,
    /// Every line that matches, or is this one.
    Remove,
}

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    pub path: String,
    #[serde(default)]
    pub policy: LinePolicy,
    /// Without its line end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<String>,
    /// A regular expression: the first line that matches becomes the line.
    #[serde(default, rename = "match", skip_serializing_if = "Option::is_none")]
    pub matches: Option<String>,
    /// Not only the first.
    #[serde(default)]
    pub all: bool,
    /// A regular expression: a new line goes behind the last that matches; at the end of the file if none does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// A regular expression: a new line goes before the first that matches.
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

impl Line {
    pub fn new(path: impl Into<String>, line: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            policy: LinePolicy::Apply,
            line: Some(line.into()),
            matches: None,
            all: false,
            after: None,
            before: None,
            create: false,
            owner: None,
            group: None,
            mode: default_mode(),
            follow: false,
        }
    }

    /// Lines that shall not be there, by a regular expression.
    pub fn removed(path: impl Into<String>, matches: impl Into<String>) -> Self {
        let policy = LinePolicy::Remove;
        Self { policy, line: None, matches: Some(matches.into()), ..Self::new(path, "") }
    }

    #[must_use]
    pub fn matching(mut self, expression: impl Into<String>) -> Self {
        self.matches = Some(expression.into());
        self
    }

    #[must_use]
    pub fn all(mut self) -> Self {
        self.all = true;
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
}

impl Type for Line {
    const WORD: &'static str = "line";
    const SHOWS_WORDS: bool = true;

    fn name(&self) -> String {
        let what = self.matches.as_ref().or(self.line.as_ref());
        format!("{}:{}", self.path, what.map_or("", String::as_str))
    }

    fn path(&self) -> Option<&str> {
        Some(&self.path)
    }

    fn check(&self) -> Vec<ResourceError> {
        let mut errors: Vec<_> = path::check(&self.path, "path").err().into_iter().collect();
        errors.extend(check_mode(self.mode));
        errors.extend(expression(self.matches.as_ref(), "match").err());
        errors.extend(check_new(self.create, self.owner.as_ref(), self.group.as_ref(), self.mode));
        errors.extend(check_place(self.after.as_ref(), self.before.as_ref()));
        if self.line.as_ref().is_some_and(|line| line.contains(['\n', '\r', '\0'])) {
            let error = ResourceError::new("a line is one line").field("line");
            errors.push(error.help("use a `block` for several"));
        }
        match self.policy {
            LinePolicy::Apply if self.line.is_none() => {
                errors.push(ResourceError::new("it has no line").field("line"));
            }
            LinePolicy::Remove if self.line.is_some() == self.matches.is_some() => {
                let message = "lines are removed either by `line` or by `match`";
                errors.push(ResourceError::new(message).field("policy"));
            }
            LinePolicy::Apply | LinePolicy::Remove => {}
        }
        errors
    }

    fn writes(&self) -> Vec<String> {
        vec![self.path.clone()]
    }

    fn plan(&self, view: &dyn View, _: &Facts) -> Result<Vec<Change>, ResourceError> {
        let edit = Edit::open(view, &self.path, self.follow)?;
        let matches = expression(self.matches.as_ref(), "match")?;
        let new = (owner(view, self.owner.as_ref(), self.group.as_ref())?, self.mode);
        let line = self.line.as_deref();
        let change = if self.policy == LinePolicy::Apply {
            let mut edit = edit.or_create(view, self.create)?;
            let said = self.owner.as_ref().or(self.group.as_ref()).map(|_| new.0);
            let reason = format!("change the line{}", edit.kept(said, said_mode(self.mode)));
            self.apply(&mut edit.text, matches.as_ref(), line.unwrap_or_default())?;
            edit.change(view, &reason, new)?
        } else if edit.is_there() {
            let mut edit = edit;
            let goes =
                |text: &str| matches.as_ref().map_or(line == Some(text), |m| m.is_match(text));
            edit.text.retain(|text| !goes(text));
            edit.change(view, "remove the line", new)?
        } else {
            None
        };
        Ok(change.into_iter().collect())
    }
}

impl Line {
    fn apply(
        &self,
        text: &mut Text,
        matches: Option<&Regex>,
        line: &str,
    ) -> Result<(), ResourceError> {
        // A line that matches is found again by its expression; another one only by itself.
        let is_found_again = matches.is_some_and(|matches| matches.is_match(line));
        let is_there = text.lines.iter().any(|one| one.text == line);
        if is_there && !is_found_again && !self.all {
            return Ok(());
        }
        let found =
            text.lines.iter_mut().filter(|one| matches.is_some_and(|m| m.is_match(&one.text)));
        let mut changed = is_there;
        for one in found.take(if self.all { usize::MAX } else { 1 }) {
            line.clone_into(&mut one.text);
            changed = true;
        }
        if !changed {
            let after = expression(self.after.as_ref(), "after")?;
            let before = expression(self.before.as_ref(), "before")?;
            let place = text.place(after.as_ref(), before.as_ref());
            text.insert(place, line);
        }
        Ok(())
    }
}

/// A mode that is not the usual one.
pub(crate) fn said_mode(mode: u32) -> Option<u32> {
    (mode != default_mode()).then_some(mode)
}

/// A file that is there keeps its own owner and mode: those of an edit mean nothing where none is made.
pub(crate) fn check_new(
    creates: bool,
    owner: Option<&OwnerName>,
    group: Option<&OwnerName>,
    mode: u32,
) -> Option<ResourceError> {
    let said = [owner.map(|_| "owner"), group.map(|_| "group"), said_mode(mode).map(|_| "mode")];
    let field = said.into_iter().flatten().next().filter(|_| !creates)?;
    let error = ResourceError::new(format!("`{field}` is that of a file that is made"));
    let help = "add `create: true`; for a file that is there declare a `file` without contents";
    Some(error.field(field).help(help))
}

/// What can be wrong with the place of something new.
pub(crate) fn check_place(after: Option<&String>, before: Option<&String>) -> Vec<ResourceError> {
    let mut errors: Vec<_> = expression(after, "after").err().into_iter().collect();
    errors.extend(expression(before, "before").err());
    if after.is_some() && before.is_some() {
        let message = "it goes either `after` a line or `before` one";
        errors.push(ResourceError::new(message).field("before"));
    }
    errors
}
