//! What is in a tree.
//!
//! Invariant: nothing of the machine it comes from but contents and whether a file is a program.

use crate::Content;
use serde::{Deserialize, Serialize};

/// One thing in a tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TreeEntry {
    /// From the top of the tree, without a slash at its beginning.
    pub path: String,
    pub node: TreeNode,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum TreeNode {
    Directory,
    File { content: Content, executable: bool },
    Link { to: String },
}
