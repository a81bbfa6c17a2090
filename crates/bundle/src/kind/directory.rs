//! `directory`: a directory, or none.
//!
//! Invariant: a populated directory goes only by `remove_recursive`, and never one of the system's own.

use super::Type;
use super::file::{attributes, check_mode, check_parent, in_the_way, owner};
use crate::{Change, Facts, FileKind, Op, OwnerName, ResourceError, View, path};
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DirectoryPolicy {
    #[default]
    Apply,
    /// If it is empty.
    Remove,
    RemoveRecursive,
}

/// A directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Directory {
    pub path: String,
    #[serde(default)]
    pub policy: DirectoryPolicy,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<OwnerName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<OwnerName>,
    #[serde(default = "default_mode")]
    pub mode: u32,
    /// Those above it are made, too, with the same owner.
    #[serde(default)]
    pub parents: bool,
    /// The mode of those above it that are made; its own without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_mode: Option<u32>,
}

fn default_mode() -> u32 {
    0o755
}

/// What a system can't do without.
const SYSTEM: [&str; 22] = [
    "/",
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/home",
    "/lib",
    "/lib64",
    "/opt",
    "/proc",
    "/root",
    "/run",
    "/sbin",
    "/srv",
    "/sys",
    "/tmp",
    "/usr",
    "/usr/bin",
    "/usr/lib",
    "/usr/sbin",
    "/var",
    "/var/lib",
];

/// Why a directory is not emptied, if it is one of the system's own.
pub(crate) fn needed(path: &str, field: &'static str) -> Option<ResourceError> {
    let message = || format!("{path} is a directory that the system needs");
    SYSTEM.contains(&path).then(|| ResourceError::new(message()).field(field))
}

impl Directory {
    pub fn new(path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            policy: DirectoryPolicy::Apply,
            owner: None,
            group: None,
            mode: default_mode(),
            parents: false,
            parent_mode: None,
        }
    }

    #[must_use]
    pub fn parents(mut self) -> Self {
        self.parents = true;
        self
    }

    #[must_use]
    pub fn policy(mut self, policy: DirectoryPolicy) -> Self {
        self.policy = policy;
        self
    }
}

impl Type for Directory {
    const WORD: &'static str = "directory";

    fn path(&self) -> Option<&str> {
        Some(&self.path)
    }

    fn check(&self) -> Vec<ResourceError> {
        let mut errors: Vec<_> = path::check(&self.path, "path").err().into_iter().collect();
        errors.extend(check_mode(self.mode));
        errors.extend(self.parent_mode.and_then(check_mode));
        if self.policy == DirectoryPolicy::RemoveRecursive {
            errors.extend(needed(&self.path, "policy"));
        }
        errors
    }

    fn plan(&self, view: &dyn View, _: &Facts) -> Result<Vec<Change>, ResourceError> {
        let path = path::resolve(view, &self.path)?;
        let found = view.metadata(&path)?;
        match (self.policy, found) {
            (DirectoryPolicy::Apply, Some(found)) if found.kind == FileKind::Directory => {
                let owner = owner(view, self.owner.as_ref(), self.group.as_ref())?;
                let mode = self.mode;
                let reason = attributes(found, owner, mode);
                let change =
                    reason.map(|why| Change::new(Op::SetAttributes { path, owner, mode }, why));
                Ok(change.into_iter().collect())
            }
            (DirectoryPolicy::Apply, None) => self.make(view, path),
            (_, Some(found)) if found.kind != FileKind::Directory => {
                Err(in_the_way(&path, found.kind))
            }
            (DirectoryPolicy::Remove | DirectoryPolicy::RemoveRecursive, None) => Ok(Vec::new()),
            (policy, Some(_)) => remove(view, path, policy == DirectoryPolicy::RemoveRecursive),
        }
    }
}

impl Directory {
    fn make(&self, view: &dyn View, path: String) -> Result<Vec<Change>, ResourceError> {
        let owner = owner(view, self.owner.as_ref(), self.group.as_ref())?;
        let mut changes = Vec::new();
        if self.parents {
            let mut missing = Vec::new();
            let mut above = path::parent(&path);
            while above != "/" && view.metadata(above)?.is_none() {
                missing.push(above.to_owned());
                above = path::parent(above);
            }
            let mode = self.parent_mode.unwrap_or(self.mode);
            let make = |path| Change::new(Op::MakeDirectory { path, owner, mode }, "create");
            changes.extend(missing.into_iter().rev().map(make));
        } else {
            check_parent(view, &path)?;
        }
        changes.push(Change::new(Op::MakeDirectory { path, owner, mode: self.mode }, "create"));
        Ok(changes)
    }
}

fn remove(view: &dyn View, path: String, recursive: bool) -> Result<Vec<Change>, ResourceError> {
    if let Some(error) = needed(&path, "policy").filter(|_| recursive) {
        return Err(error);
    }
    if recursive {
        return Ok(vec![removal(view, path, "remove")?]);
    }
    let within = view.list(&path)?.len();
    if within > 0 {
        let message = format!("{path} is not empty: it has {within} entries");
        let help = "`policy: remove_recursive` removes it with all that is in it";
        return Err(ResourceError::new(message).field("policy").help(help));
    }
    Ok(vec![Change::new(Op::Remove { path, recursive }, "remove")])
}

/// Of a directory with all that is in it, whatever the names of that are.
pub(crate) fn removal(view: &dyn View, path: String, why: &str) -> Result<Change, ResourceError> {
    let why = match view.count_below(&path)? {
        0 => why.to_owned(),
        1 => format!("{why}, with the entry in it"),
        many => format!("{why}, with {many} entries below it"),
    };
    Ok(Change::new(Op::Remove { path, recursive: true }, why))
}
