//! Inputs: files of the machine that plans that a command sees while it runs.
//!
//! Invariant: it is gathered before anything is planned; where it lies and whose it is there makes no difference to what it is.

use crate::content::digest;
use crate::kind::tree;
use crate::{Content, ResourceError, TreeEntry, TreeNode, gathered};
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// A file, or a directory with all that is in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Of the machine that gathers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<PathBuf>,
    /// What was gathered, sorted by path; the first is the file or the directory itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entries: Option<Vec<TreeEntry>>,
}

impl Input {
    pub fn new(source: impl Into<PathBuf>) -> Self {
        Self { source: Some(source.into()), entries: None }
    }

    /// Looks at the source, which is relative to a directory, and keeps what is there.
    ///
    /// # Errors
    ///
    /// If it can't be read, a name in it is no text, or it has a device, FIFO or socket.
    pub fn gather(&mut self, directory: &Path) -> io::Result<()> {
        let Some(source) = self.source.take() else { return Ok(()) };
        let source = directory.join(source);
        let no_name = || io::Error::other(format!("{} has no name", source.display()));
        let (Some(above), Some(name)) = (source.parent(), source.file_name()) else {
            return Err(no_name());
        };
        let name = name.to_str().ok_or_else(no_name)?;
        let found = std::fs::metadata(&source)?;
        let mut entries = Vec::new();
        let node = if found.is_dir() {
            tree::gather(above, name, &[], &mut entries)?;
            TreeNode::Directory
        } else if found.is_file() {
            let executable = found.permissions().mode() & 0o100 != 0;
            TreeNode::File { content: Content::File(source.clone()), executable }
        } else {
            let message = format!("{} is neither a file nor a directory", source.display());
            return Err(io::Error::other(message));
        };
        entries.push(TreeEntry { path: name.to_owned(), node });
        entries.sort_by(|one, other| one.path.cmp(&other.path));
        self.entries = Some(entries);
        Ok(())
    }

    pub(crate) fn gathered(&self) -> Result<&[TreeEntry], ResourceError> {
        let missing = || ResourceError::new("it was not gathered").field("inputs");
        self.entries.as_deref().ok_or_else(missing)
    }

    /// Of names, contents, and what is a program.
    pub(crate) fn digest(&self) -> Result<String, ResourceError> {
        let mut text = String::new();
        for TreeEntry { path, node } in self.gathered()? {
            let what = match node {
                TreeNode::Directory => "directory".to_owned(),
                TreeNode::Link { to } => format!("link {to:?}"),
                TreeNode::File { content, executable } => {
                    let failed = |error| ResourceError::io("read", path, &error).field("inputs");
                    format!("file {} {executable}", content.digest().map_err(failed)?)
                }
            };
            let _ = writeln!(text, "{path:?} {what}");
        }
        let failed = |error| ResourceError::io("read", "it", &error);
        digest(&mut text.as_bytes()).map_err(failed)
    }

    pub(crate) fn contents(&mut self) -> Vec<&mut Content> {
        self.entries.as_deref_mut().map(gathered::contents).unwrap_or_default()
    }

    pub(crate) fn check(&self) -> Vec<ResourceError> {
        let entries = self.entries.as_deref();
        let mut errors = entries.map(gathered::check).unwrap_or_default();
        if self.source.is_none() && entries.is_none_or(<[_]>::is_empty) {
            errors.push(ResourceError::new("an input is made of nothing"));
        }
        errors.into_iter().map(|error| error.field("inputs")).collect()
    }
}
