//! `tree`: a directory of the build host with all that is in it.
//!
//! Invariant: it is gathered before anything is planned; umask and times of the build host make no difference.

use super::Type;
use super::directory::{Directory, needed, removal};
use super::file::{File, check_mode};
use super::link::Link;
use crate::glob::Glob;
use crate::{
    Change, Content, Facts, FileKind, Op, Overlay, OwnerName, ResourceError, TreeEntry, TreeNode,
    View, gathered, path,
};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// A directory with all that is in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tree {
    pub path: String,
    /// A directory of the machine that gathers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<PathBuf>,
    /// What was gathered, sorted by path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entries: Option<Vec<TreeEntry>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<OwnerName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<OwnerName>,
    /// Of every file; without one 0755 of programs and 0644 of others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<u32>,
    #[serde(default = "default_mode")]
    pub directory_mode: u32,
    /// Patterns: one without a slash of names at any depth, one with a slash of paths from the top.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<String>,
    /// What is there and was not gathered goes, but for what is excluded.
    #[serde(default)]
    pub prune: bool,
}

/// Why something goes.
const SUPERFLUOUS: &str = "remove what is not in the source";

fn default_mode() -> u32 {
    0o755
}

impl Tree {
    pub fn new(path: impl Into<String>, source: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            source: Some(source.into()),
            entries: None,
            owner: None,
            group: None,
            mode: None,
            directory_mode: default_mode(),
            exclude: Vec::new(),
            prune: false,
        }
    }

    #[must_use]
    pub fn exclude(mut self, pattern: impl Into<String>) -> Self {
        self.exclude.push(pattern.into());
        self
    }

    #[must_use]
    pub fn prune(mut self) -> Self {
        self.prune = true;
        self
    }

    /// Looks at the source, which is relative to a directory, and keeps what is in it.
    ///
    /// # Errors
    ///
    /// If it can't be read, a name in it is no text, or it has a device, FIFO or socket.
    pub fn gather(&mut self, directory: &Path) -> io::Result<()> {
        let Some(source) = &self.source else { return Ok(()) };
        let globs = self.globs().map_err(|error| io::Error::other(error.to_string()))?;
        let mut entries = Vec::new();
        let source = directory.join(source);
        gather(&source, "", &globs, &mut entries).map_err(|error| {
            io::Error::new(error.kind(), format!("{}: {error}", source.display()))
        })?;
        entries.sort_by(|one, other| one.path.cmp(&other.path));
        (self.entries, self.source) = (Some(entries), None);
        Ok(())
    }

    fn globs(&self) -> Result<Vec<Glob>, ResourceError> {
        self.exclude.iter().map(|pattern| Glob::new(pattern)).collect()
    }
}

/// Adds what is below `at` of `top`, with paths from `top`.
pub(crate) fn gather(
    top: &Path,
    at: &str,
    excluded: &[Glob],
    entries: &mut Vec<TreeEntry>,
) -> io::Result<()> {
    for entry in std::fs::read_dir(top.join(at))? {
        let name = entry?.file_name();
        let no_text = || io::Error::other(format!("{} has a name that is no text", top.display()));
        let name = name.to_str().ok_or_else(no_text)?;
        let path = if at.is_empty() { name.to_owned() } else { format!("{at}/{name}") };
        if excluded.iter().any(|glob| glob.is_match(&path)) {
            continue;
        }
        let from = top.join(&path);
        let found = std::fs::symlink_metadata(&from)?;
        let node = if found.is_dir() {
            gather(top, &path, excluded, entries)?;
            TreeNode::Directory
        } else if found.is_symlink() {
            let to = std::fs::read_link(&from)?;
            TreeNode::Link { to: to.to_str().ok_or_else(no_text)?.to_owned() }
        } else if found.is_file() {
            let executable = found.permissions().mode() & 0o100 != 0;
            TreeNode::File { content: Content::File(from), executable }
        } else {
            let message = format!("{} is a device, FIFO or socket", from.display());
            return Err(io::Error::other(message));
        };
        entries.push(TreeEntry { path, node });
    }
    Ok(())
}

impl Type for Tree {
    const WORD: &'static str = "tree";

    fn path(&self) -> Option<&str> {
        Some(&self.path)
    }

    fn check(&self) -> Vec<ResourceError> {
        let mut errors: Vec<_> = path::check(&self.path, "path").err().into_iter().collect();
        errors.extend(self.mode.and_then(check_mode));
        errors.extend(check_mode(self.directory_mode));
        errors.extend(self.globs().err());
        errors.extend(needed(&self.path, "prune").filter(|_| self.prune));
        match &self.entries {
            None if self.source.is_some() => {}
            None => errors.push(ResourceError::new("it has no source").field("source")),
            Some(entries) => errors.extend(gathered::check(entries)),
        }
        errors
    }

    fn contents(&mut self) -> Vec<&mut Content> {
        self.entries.as_deref_mut().map(gathered::contents).unwrap_or_default()
    }

    fn writes(&self) -> Vec<String> {
        vec![self.path.clone()]
    }

    fn plan(&self, view: &dyn View, facts: &Facts) -> Result<Vec<Change>, ResourceError> {
        if self.entries.is_none() {
            let source = self.source.clone().unwrap_or_default();
            let message = format!("its source {} was not gathered", source.display());
            let help = "call `gather` of the bundle first, with the directory of its sources";
            return Err(ResourceError::new(message).field("source").help(help));
        }
        let mut overlay = Overlay::new(view);
        let mut changes = Vec::new();
        let mut add = |overlay: &mut Overlay<&dyn View>, more: Vec<Change>| {
            for change in &more {
                overlay.apply(&change.op);
            }
            changes.extend(more);
        };
        let top = self.directory(self.path.clone()).plan(&overlay, facts)?;
        add(&mut overlay, top);
        if self.prune {
            // Links on the way may lead to one.
            let here = path::resolve(&overlay, &self.path)?;
            if let Some(error) = needed(&here, "prune") {
                return Err(error);
            }
            let mut more = Vec::new();
            let wanted = self.entries.iter().flatten();
            let wanted = wanted.map(|entry| (&*entry.path, &entry.node)).collect();
            self.superfluous(&overlay, "", (&wanted, &self.globs()?), &mut more)?;
            add(&mut overlay, more);
        }
        for entry in self.entries.iter().flatten() {
            let path = format!("{}/{}", self.path, entry.path);
            let more = match &entry.node {
                TreeNode::Directory => self.directory(path).plan(&overlay, facts)?,
                TreeNode::File { content, executable } => {
                    let usual = if *executable { 0o755 } else { 0o644 };
                    let mode = self.mode.unwrap_or(usual);
                    let (owner, group) = (self.owner.clone(), self.group.clone());
                    let content = Some(content.clone());
                    let file = File { content, owner, group, mode, ..File::new(path) };
                    file.plan(&overlay, facts)?
                }
                TreeNode::Link { to } => {
                    let (owner, group) = (self.owner.clone(), self.group.clone());
                    let link = Link::new(path, to).allow_dangling();
                    Link { owner, group, ..link }.plan(&overlay, facts)?
                }
            };
            add(&mut overlay, more);
        }
        Ok(changes)
    }
}

impl Tree {
    fn directory(&self, path: String) -> Directory {
        let (owner, group) = (self.owner.clone(), self.group.clone());
        Directory { owner, group, mode: self.directory_mode, ..Directory::new(path) }
    }

    /// What goes.
    fn superfluous(
        &self,
        view: &dyn View,
        at: &str,
        (wanted, excluded): (&HashMap<&str, &TreeNode>, &[Glob]),
        changes: &mut Vec<Change>,
    ) -> Result<(), ResourceError> {
        let here = path::resolve(view, &format!("{}{at}", self.path))?;
        for name in view.list(&here)? {
            let inside = format!("{at}/{name}");
            let relative = &inside[1..];
            if excluded.iter().any(|glob| glob.is_match(relative)) {
                continue;
            }
            let path = format!("{here}/{name}");
            let is_directory =
                view.metadata(&path)?.is_some_and(|found| found.kind == FileKind::Directory);
            match wanted.get(relative) {
                Some(TreeNode::Directory) if is_directory => {
                    self.superfluous(view, &inside, (wanted, excluded), changes)?;
                }
                Some(_) => {}
                None if is_directory && keeps(view, &path, relative, excluded)? => {
                    self.superfluous(view, &inside, (wanted, excluded), changes)?;
                }
                None if is_directory => changes.push(removal(view, path, SUPERFLUOUS)?),
                None => {
                    let op = Op::Remove { path, recursive: false };
                    changes.push(Change::new(op, SUPERFLUOUS));
                }
            }
        }
        Ok(())
    }
}

/// Whether something excluded is in a directory.
fn keeps(
    view: &dyn View,
    path: &str,
    relative: &str,
    excluded: &[Glob],
) -> Result<bool, ResourceError> {
    for name in view.list(path)? {
        let (path, relative) = (format!("{path}/{name}"), format!("{relative}/{name}"));
        let is_directory =
            view.metadata(&path)?.is_some_and(|found| found.kind == FileKind::Directory);
        if excluded.iter().any(|glob| glob.is_match(&relative))
            || (is_directory && keeps(view, &path, &relative, excluded)?)
        {
            return Ok(true);
        }
    }
    Ok(false)
}
