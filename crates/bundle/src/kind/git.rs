//! `git`: what is in a commit of a repository.
//!
//! Invariant: the same commit gives the same files on any machine; the target needs no git.

use super::Type;
use super::directory::needed;
use super::fetch::check_url;
use super::tree::Tree;
use crate::{Change, Content, Facts, Gathered, OwnerName, ResourceError, View, path};
use serde::{Deserialize, Serialize};

/// A checkout, without the repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Git {
    pub path: String,
    /// A URL, `user@host:path`, or a directory of the machine that gathers.
    pub repository: String,
    /// A commit, a tag or a branch.
    pub rev: String,
    /// What they have is wanted, too.
    #[serde(default)]
    pub submodules: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<OwnerName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<OwnerName>,
    /// What is in the directory and not in the commit goes.
    #[serde(default)]
    pub prune: bool,
    /// The commit that `rev` was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// What is in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gathered: Option<Gathered>,
}

impl Git {
    pub fn new(
        path: impl Into<String>,
        repository: impl Into<String>,
        rev: impl Into<String>,
    ) -> Self {
        Self {
            path: path.into(),
            repository: repository.into(),
            rev: rev.into(),
            submodules: false,
            owner: None,
            group: None,
            prune: false,
            commit: None,
            gathered: None,
        }
    }

    #[must_use]
    pub fn submodules(mut self) -> Self {
        self.submodules = true;
        self
    }

    #[must_use]
    pub fn prune(mut self) -> Self {
        self.prune = true;
        self
    }
}

impl Type for Git {
    const WORD: &'static str = "git";

    fn path(&self) -> Option<&str> {
        Some(&self.path)
    }

    fn check(&self) -> Vec<ResourceError> {
        let mut errors: Vec<_> = path::check(&self.path, "path").err().into_iter().collect();
        let repository = &self.repository;
        if repository.contains("://") {
            let schemes = ["https", "http", "ssh", "git", "file"];
            errors.extend(check_url(repository, "repository", &schemes));
        } else if repository.is_empty()
            || repository.starts_with('-')
            || repository.contains("::")
            || repository.contains(char::is_control)
        {
            let error = ResourceError::new("it is no repository").field("repository");
            errors.push(error.help("a URL, `user@host:path`, or a directory"));
        }
        let is_plain = |c: char| !c.is_control() && !" ~^:?*[\\".contains(c);
        let rev = &self.rev;
        if rev.is_empty()
            || rev.starts_with('-')
            || !rev.chars().all(is_plain)
            || rev.contains("..")
        {
            let error = ResourceError::new(format!("`{rev}` is no commit, tag or branch"));
            errors.push(error.field("rev"));
        }
        errors.extend(needed(&self.path, "prune").filter(|_| self.prune));
        errors.extend(self.gathered.iter().flat_map(Gathered::check));
        errors
    }

    fn contents(&mut self) -> Vec<&mut Content> {
        self.gathered.iter_mut().flat_map(Gathered::contents).collect()
    }

    fn writes(&self) -> Vec<String> {
        vec![self.path.clone()]
    }

    fn plan(&self, view: &dyn View, facts: &Facts) -> Result<Vec<Change>, ResourceError> {
        let Some(Gathered::Tree(entries)) = &self.gathered else {
            return Err(ResourceError::new("it was not checked out").field("repository"));
        };
        let (owner, group) = (self.owner.clone(), self.group.clone());
        let (entries, prune) = (Some(entries.clone()), self.prune);
        let tree = Tree { entries, owner, group, prune, ..Tree::new(&self.path, "") };
        tree.plan(view, facts)
    }
}
