//! `link`: a symbolic link, or none.
//!
//! Invariant: what is no link is replaced only by `force`, and a directory never.

use super::Type;
use super::file::{check_parent, in_the_way, owner};
use crate::{Change, Facts, FileKind, Op, OwnerName, ResourceError, View, path};
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkPolicy {
    #[default]
    Apply,
    Remove,
}

/// A symbolic link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    pub path: String,
    #[serde(default)]
    pub policy: LinkPolicy,
    /// As it is written into the link: absolute, or relative to where the link is.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub to: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<OwnerName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<OwnerName>,
    /// It takes the place of a file.
    #[serde(default)]
    pub force: bool,
    /// What it leads to need not be there.
    #[serde(default)]
    pub allow_dangling: bool,
}

impl Link {
    pub fn new(path: impl Into<String>, to: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            policy: LinkPolicy::Apply,
            to: to.into(),
            owner: None,
            group: None,
            force: false,
            allow_dangling: false,
        }
    }

    /// One that shall not be there.
    pub fn removed(path: impl Into<String>) -> Self {
        Self { policy: LinkPolicy::Remove, ..Self::new(path, "") }
    }

    #[must_use]
    pub fn force(mut self) -> Self {
        self.force = true;
        self
    }

    #[must_use]
    pub fn allow_dangling(mut self) -> Self {
        self.allow_dangling = true;
        self
    }
}

impl Type for Link {
    const WORD: &'static str = "link";

    fn path(&self) -> Option<&str> {
        Some(&self.path)
    }

    fn check(&self) -> Vec<ResourceError> {
        let mut errors: Vec<_> = path::check(&self.path, "path").err().into_iter().collect();
        match self.policy {
            LinkPolicy::Apply if self.to.is_empty() || self.to.contains('\0') => {
                let message = "a link leads somewhere";
                errors.push(ResourceError::new(message).field("to").help("add `to: /where/to`"));
            }
            LinkPolicy::Remove if !self.to.is_empty() => {
                let message = "a link that is removed leads nowhere";
                errors.push(ResourceError::new(message).field("to"));
            }
            LinkPolicy::Apply | LinkPolicy::Remove => {}
        }
        errors
    }

    fn plan(&self, view: &dyn View, _: &Facts) -> Result<Vec<Change>, ResourceError> {
        let path = path::resolve(view, &self.path)?;
        let found = view.metadata(&path)?;
        if self.policy == LinkPolicy::Remove {
            return match found.map(|found| found.kind) {
                None => Ok(Vec::new()),
                Some(FileKind::Link) => {
                    Ok(vec![Change::new(Op::Remove { path, recursive: false }, "remove")])
                }
                Some(kind) => Err(in_the_way(&path, kind)),
            };
        }
        check_parent(view, &path)?;
        self.check_target(view, &path)?;
        let owner = owner(view, self.owner.as_ref(), self.group.as_ref())?;
        let make = |path: String, why: String| {
            vec![Change::new(Op::MakeLink { path, to: self.to.clone(), owner }, why)]
        };
        let Some(found) = found else { return Ok(make(path, "create".to_owned())) };
        match found.kind {
            FileKind::Link => {
                let now = view.read_link(&path)?;
                if now != self.to {
                    return Ok(make(path, format!("lead to {} and not to {now}", self.to)));
                }
                let op = Op::SetLinkOwner { path, owner };
                let changes = (found.owner != owner).then(|| Change::new(op, "change the owner"));
                Ok(changes.into_iter().collect())
            }
            FileKind::File if self.force => Ok(make(path, "take the place of a file".to_owned())),
            kind @ (FileKind::File | FileKind::Directory | FileKind::Other) => {
                let error = ResourceError::new(format!("{path} is {}", kind.words())).field("path");
                let help = if kind == FileKind::File {
                    "`force: true` lets the link take its place"
                } else {
                    "remove it first with a resource of its own type"
                };
                Err(error.help(help))
            }
        }
    }
}

impl Link {
    fn check_target(&self, view: &dyn View, path: &str) -> Result<(), ResourceError> {
        if self.allow_dangling {
            return Ok(());
        }
        let to = if self.to.starts_with('/') {
            self.to.clone()
        } else {
            format!("{}/{}", path::parent(path), self.to)
        };
        let end = path::glance(view, &to)?;
        if end != "/" && view.metadata(&end)?.is_none() {
            let message = format!("it leads to {end}, which is not there");
            let help = "declare it before, or set `allow_dangling: true`";
            return Err(ResourceError::new(message).field("to").help(help));
        }
        Ok(())
    }
}
