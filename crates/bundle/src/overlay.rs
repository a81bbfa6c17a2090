//! An overlay: a file system as it will be after operations that were not carried out.
//!
//! Invariant: what lies below is only looked at; what was done is kept in the order of paths.

use crate::{Command, Content, FileKind, Metadata, Op, Owner, ResourceError, View, path};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

/// What is at a path that was changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Layered {
    File {
        content: Content,
        owner: Owner,
        mode: u32,
    },
    Directory {
        owner: Owner,
        mode: u32,
    },
    Link {
        to: String,
        owner: Owner,
    },
    /// What lies below with other attributes.
    Attributes {
        owner: Owner,
        mode: u32,
    },
    Gone,
}

/// See the module.
pub struct Overlay<'v> {
    below: &'v dyn View,
    layer: BTreeMap<String, Layered>,
    has_run: bool,
}

impl<'v> Overlay<'v> {
    pub fn new(below: &'v dyn View) -> Self {
        Self { below, layer: BTreeMap::new(), has_run: false }
    }

    /// All that differs from what lies below, by path.
    pub fn changes(&self) -> &BTreeMap<String, Layered> {
        &self.layer
    }

    /// Whether there was a command, of which nobody knows what it would have changed.
    pub fn has_run(&self) -> bool {
        self.has_run
    }

    /// Does an operation in here.
    pub fn apply(&mut self, op: &Op) {
        match op.clone() {
            Op::Write { path, content, owner, mode } => {
                self.layer.insert(path, Layered::File { content, owner, mode });
            }
            Op::MakeDirectory { path, owner, mode } => {
                self.layer.insert(path, Layered::Directory { owner, mode });
            }
            Op::MakeLink { path, to, owner } => {
                self.layer.insert(path, Layered::Link { to, owner });
            }
            Op::SetAttributes { path, owner, mode } => {
                let now = match self.layer.remove(&path) {
                    Some(Layered::File { content, .. }) => Layered::File { content, owner, mode },
                    Some(Layered::Directory { .. }) => Layered::Directory { owner, mode },
                    _ => Layered::Attributes { owner, mode },
                };
                self.layer.insert(path, now);
            }
            Op::SetLinkOwner { path, owner } => {
                if let Ok(to) = self.read_link(&path) {
                    self.layer.insert(path, Layered::Link { to, owner });
                }
            }
            Op::Remove { path, .. } => {
                let inside = format!("{path}/");
                self.layer.retain(|one, _| !one.starts_with(&inside));
                self.layer.insert(path, Layered::Gone);
            }
            Op::Run { .. } => self.has_run = true,
            Op::Joined => {}
        }
    }

    /// Whether what lies below at a path is hidden by something above it that is gone or no directory.
    fn is_hidden(&self, path: &str) -> bool {
        let mut above = path::parent(path);
        while above != "/" {
            match self.layer.get(above) {
                None | Some(Layered::Attributes { .. } | Layered::Directory { .. }) => {}
                Some(_) => return true,
            }
            above = path::parent(above);
        }
        false
    }
}

impl View for Overlay<'_> {
    fn metadata(&self, path: &str) -> Result<Option<Metadata>, ResourceError> {
        let here = |kind, owner, mode, size| Ok(Some(Metadata { kind, owner, mode, size }));
        match self.layer.get(path) {
            Some(Layered::File { content, owner, mode }) => {
                let size = content.size().map_err(|e| ResourceError::io("look at", path, &e))?;
                here(FileKind::File, *owner, *mode, size)
            }
            Some(Layered::Directory { owner, mode }) => here(FileKind::Directory, *owner, *mode, 0),
            Some(Layered::Link { owner, .. }) => here(FileKind::Link, *owner, 0o777, 0),
            Some(Layered::Attributes { owner, mode }) => {
                let below = self.below.metadata(path)?;
                Ok(below.map(|below| Metadata { owner: *owner, mode: *mode, ..below }))
            }
            Some(Layered::Gone) => Ok(None),
            None if self.is_hidden(path) => Ok(None),
            None => self.below.metadata(path),
        }
    }

    fn open(&self, path: &str) -> Result<Box<dyn Read + '_>, ResourceError> {
        match self.layer.get(path) {
            Some(Layered::File { content, .. }) => {
                content.open().map_err(|error| ResourceError::io("read", path, &error))
            }
            None | Some(Layered::Attributes { .. }) => self.below.open(path),
            Some(_) => Err(ResourceError::new(format!("{path} is no file"))),
        }
    }

    fn read_link(&self, path: &str) -> Result<String, ResourceError> {
        match self.layer.get(path) {
            Some(Layered::Link { to, .. }) => Ok(to.clone()),
            None => self.below.read_link(path),
            Some(_) => Err(ResourceError::new(format!("{path} is no link"))),
        }
    }

    fn probe(&self, command: &Command) -> Result<Option<i32>, ResourceError> {
        self.below.probe(command)
    }

    fn list(&self, path: &str) -> Result<Vec<String>, ResourceError> {
        let is_below = match self.layer.get(path) {
            Some(Layered::Directory { .. }) => {
                // One that was made anew hides nothing: below it nothing was, or what is there still is.
                self.below.metadata(path)?.is_some_and(|one| one.kind == FileKind::Directory)
            }
            None | Some(Layered::Attributes { .. }) => !self.is_hidden(path),
            Some(_) => return Err(ResourceError::new(format!("{path} is no directory"))),
        };
        let mut names: BTreeSet<String> =
            if is_below { self.below.list(path)?.into_iter().collect() } else { BTreeSet::new() };
        let inside = if path == "/" { "/".to_owned() } else { format!("{path}/") };
        for (one, layered) in self.layer.range(inside.clone()..) {
            let Some(name) = one.strip_prefix(&inside) else { break };
            if name.contains('/') {
                continue;
            }
            if *layered == Layered::Gone {
                names.remove(name);
            } else {
                names.insert(name.to_owned());
            }
        }
        Ok(names.into_iter().collect())
    }
}
