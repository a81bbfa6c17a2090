//! Entries from outside, being put together to a tree.
//!
//! Invariant: a name is plain, and what is above it is a directory, whatever the order in which entries come; links are kept as they
//! are written and never followed.

use std::collections::BTreeMap;
use std::io::{self, Read};

use serde::{Deserialize, Serialize};
use windlass_bundle::{Content, TreeEntry, TreeNode};

use crate::store::{Store, is_whole};
use crate::{MAX_BYTES, MAX_ENTRIES};

/// See the module.
pub(crate) struct Entries<'s> {
    store: &'s Store,
    /// So many leading parts of each name go.
    strip: usize,
    /// Each with the parts that its name lost.
    all: BTreeMap<String, (String, TreeNode)>,
    bytes: u64,
}

/// A list of entries as it is kept.
#[derive(Serialize, Deserialize)]
pub(crate) struct Kept {
    entries: Vec<TreeEntry>,
}

impl<'s> Entries<'s> {
    pub(crate) fn new(store: &'s Store, strip: u32) -> Self {
        let strip = strip as usize;
        Self { store, strip, all: BTreeMap::new(), bytes: 0 }
    }

    /// What was found before under a key, if all of it is still there as it was.
    pub(crate) fn known(store: &Store, key: &str) -> Option<Vec<TreeEntry>> {
        let text = store.kept_tree(key)?;
        let Kept { entries } = serde_json::from_slice(&text).ok()?;
        let is_there = |entry: &TreeEntry| match &entry.node {
            TreeNode::File { content: Content::File(path), .. } => is_whole(path),
            TreeNode::File { .. } | TreeNode::Directory | TreeNode::Link { .. } => true,
        };
        entries.iter().all(is_there).then_some(entries)
    }

    pub(crate) fn directory(&mut self, name: &[u8]) -> io::Result<()> {
        self.put(name, |_| Ok(TreeNode::Directory))
    }

    pub(crate) fn link(&mut self, name: &[u8], to: &[u8]) -> io::Result<()> {
        let to = text(to)?.to_owned();
        if to.is_empty() || to.contains('\0') {
            return Err(refused(name, "it leads nowhere"));
        }
        self.put(name, |_| Ok(TreeNode::Link { to }))
    }

    pub(crate) fn file(
        &mut self,
        name: &[u8],
        executable: bool,
        from: impl Read,
    ) -> io::Result<()> {
        self.put(name, |entries| {
            let path = entries.store.keep(from, MAX_BYTES - entries.bytes, None)?;
            entries.bytes += path.metadata()?.len();
            Ok(TreeNode::File { content: Content::File(path), executable })
        })
    }

    /// The same file once more under another name of the archive.
    pub(crate) fn same(&mut self, name: &[u8], other: &[u8]) -> io::Result<()> {
        let found = plain(other)?.and_then(|other| self.stripped(&other));
        let node = found.and_then(|(_, other)| self.all.get(&other));
        match node.map(|(_, node)| node.clone()) {
            Some(node @ TreeNode::File { .. }) => self.put(name, |_| Ok(node)),
            Some(_) | None => Err(refused(name, "it is a link to no file before it")),
        }
    }

    fn put(
        &mut self,
        name: &[u8],
        node: impl FnOnce(&mut Self) -> io::Result<TreeNode>,
    ) -> io::Result<()> {
        let found = plain(name)?.and_then(|path| self.stripped(&path));
        let Some((lost, path)) = found else { return Ok(()) };
        if self.all.len() >= MAX_ENTRIES {
            return Err(io::Error::other(format!("it has more than {MAX_ENTRIES} entries")));
        }
        let node = node(self)?;
        for (end, _) in path.match_indices('/') {
            let above = self.all.entry(path[..end].to_owned());
            let (_, above) = above.or_insert_with(|| (lost.clone(), TreeNode::Directory));
            if *above != TreeNode::Directory {
                return Err(refused(name, "what is above it is no directory"));
            }
        }
        let is_directory = node == TreeNode::Directory;
        let Some((other, before)) = self.all.insert(path.clone(), (lost.clone(), node)) else {
            return Ok(());
        };
        let was_directory = before == TreeNode::Directory;
        // The same name once more is a newer file; another one that only became the same is lost.
        if other != lost && !(is_directory && was_directory) {
            let why = format!("with {} it is the same as {other}{path}", self.said());
            return Err(refused(name, &why));
        }
        if was_directory && !is_directory {
            return Err(refused(name, "it takes the place of a directory"));
        }
        Ok(())
    }

    /// The leading parts that go, and what is left; nothing if that is nothing.
    fn stripped(&self, path: &str) -> Option<(String, String)> {
        let rest = path.splitn(self.strip + 1, '/').nth(self.strip)?;
        Some((path[..path.len() - rest.len()].to_owned(), rest.to_owned()))
    }

    fn said(&self) -> String {
        format!("`strip: {}`", self.strip)
    }

    /// All of them, sorted by path, kept under a key.
    pub(crate) fn finish(self, key: &str) -> io::Result<Vec<TreeEntry>> {
        if self.strip > 0 && self.all.is_empty() {
            return Err(io::Error::other(format!(
                "{} leaves nothing of what is in it",
                self.said()
            )));
        }
        let entries = self.all.into_iter().map(|(path, (_, node))| TreeEntry { path, node });
        let kept = Kept { entries: entries.collect() };
        self.store.keep_tree(key, &serde_json::to_vec(&kept)?)?;
        Ok(kept.entries)
    }
}

fn text(bytes: &[u8]) -> io::Result<&str> {
    str::from_utf8(bytes).map_err(|_| io::Error::other("it has a name that is no text"))
}

/// A name without `.` and empty parts; nothing if no part is left.
fn plain(name: &[u8]) -> io::Result<Option<String>> {
    let text = text(name)?;
    if text.starts_with('/') || text.contains('\0') || text.split('/').any(|part| part == "..") {
        return Err(refused(name, "its name leads elsewhere"));
    }
    let parts: Vec<&str> = text.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    Ok((!parts.is_empty()).then(|| parts.join("/")))
}

/// What an entry is refused for.
pub(crate) fn refused(name: &[u8], why: &str) -> io::Error {
    let name = String::from_utf8_lossy(name);
    io::Error::other(format!("its entry {name:?}: {why}"))
}
