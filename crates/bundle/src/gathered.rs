//! What was brought to the machine that plans: a download, what was in an archive, a checkout.
//!
//! Invariant: nothing in it leads out of its place: every entry is in a directory, never behind a link.

use crate::{Content, ResourceError, TreeEntry, TreeNode, path};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gathered {
    File(Content),
    /// Sorted by path.
    Tree(Vec<TreeEntry>),
}

impl Gathered {
    pub(crate) fn contents(&mut self) -> Vec<&mut Content> {
        match self {
            Self::File(content) => vec![content],
            Self::Tree(entries) => contents(entries),
        }
    }

    pub(crate) fn check(&self) -> Vec<ResourceError> {
        match self {
            Self::File(_) => Vec::new(),
            Self::Tree(entries) => check(entries),
        }
    }
}

pub(crate) fn contents(entries: &mut [TreeEntry]) -> Vec<&mut Content> {
    let contents = entries.iter_mut().filter_map(|entry| match &mut entry.node {
        TreeNode::File { content, .. } => Some(content),
        TreeNode::Directory | TreeNode::Link { .. } => None,
    });
    contents.collect()
}

/// Entries that are not plain, or in none of the directories before them.
pub(crate) fn check(entries: &[TreeEntry]) -> Vec<ResourceError> {
    let mut errors = Vec::new();
    let mut directories = HashSet::from([""]);
    for entry in entries {
        errors.extend(path::check(&format!("/{}", entry.path), "entries").err());
        let parent = entry.path.rsplit_once('/').map_or("", |(parent, _)| parent);
        if !directories.contains(parent) {
            let message = format!("`{}` is in no directory of the tree", entry.path);
            errors.push(ResourceError::new(message).field("entries"));
        }
        if entry.node == TreeNode::Directory {
            directories.insert(&entry.path);
        }
    }
    errors
}
