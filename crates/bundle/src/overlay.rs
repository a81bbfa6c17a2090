//! An overlay: a file system as it will be after operations that were not carried out.
//!
//! Invariant: what lies below is only looked at, and stays as it is meanwhile; what was done is kept in the order of paths.

use crate::accounts::Memory;
use crate::extended::{CAPABILITIES, OF_CONTENTS};
use crate::view::count_entries;
use crate::{Command, Content, FileKind, Metadata, Op, Owner, Records, ResourceError, View, path};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Read;
use std::rc::Rc;

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
pub struct Overlay<V> {
    below: V,
    layer: BTreeMap<String, Layered>,
    has_run: bool,
    /// Directories that lie below: every path leads through them.
    directories: RefCell<HashMap<String, Metadata>>,
    accounts: Memory<()>,
}

impl<V: View> Overlay<V> {
    pub fn new(below: V) -> Self {
        let (layer, directories) = (BTreeMap::new(), RefCell::default());
        Self { below, layer, has_run: false, directories, accounts: Memory::default() }
    }

    /// What lies below it.
    pub fn below(&self) -> &V {
        &self.below
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
        // Whatever lies on the way to them may be something else now.
        self.accounts.forget();
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
                // `0` comes right after the slash: what is between is inside.
                let inside = self.layer.range(format!("{path}/")..format!("{path}0"));
                let inside: Vec<String> = inside.map(|(path, _)| path.clone()).collect();
                for path in inside {
                    self.layer.remove(&path);
                }
                self.layer.insert(path, Layered::Gone);
            }
            Op::Run { .. } => self.has_run = true,
            Op::Joined => {}
        }
    }

    /// What lies below at a path.
    fn look_below(&self, path: &str) -> Result<Option<Metadata>, ResourceError> {
        if let Some(known) = self.directories.borrow().get(path) {
            return Ok(Some(*known));
        }
        let found = self.below.metadata(path)?;
        if let Some(found) = found.filter(|found| found.kind == FileKind::Directory) {
            self.directories.borrow_mut().insert(path.to_owned(), found);
        }
        Ok(found)
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

impl<V: View> View for Overlay<V> {
    fn metadata(&self, path: &str) -> Result<Option<Metadata>, ResourceError> {
        let here = |kind, owner, mode, size| Ok(Some(Metadata { kind, owner, mode, size }));
        match self.layer.get(path) {
            Some(Layered::File { content, owner, mode }) => {
                let size = content
                    .size()
                    .map_err(|e| ResourceError::io("look at", &content.name(path), &e))?;
                here(FileKind::File, *owner, *mode, size)
            }
            Some(Layered::Directory { owner, mode }) => here(FileKind::Directory, *owner, *mode, 0),
            Some(Layered::Link { owner, .. }) => here(FileKind::Link, *owner, 0o777, 0),
            Some(Layered::Attributes { owner, mode }) => {
                let below = self.look_below(path)?;
                Ok(below.map(|below| Metadata { owner: *owner, mode: *mode, ..below }))
            }
            Some(Layered::Gone) => Ok(None),
            None if self.is_hidden(path) => Ok(None),
            None => self.look_below(path),
        }
    }

    fn open(&self, path: &str) -> Result<Box<dyn Read + '_>, ResourceError> {
        match self.layer.get(path) {
            Some(Layered::File { content, .. }) => content
                .open()
                .map_err(|error| ResourceError::io("read", &content.name(path), &error)),
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

    fn only_owner(&self) -> Option<Owner> {
        self.below.only_owner()
    }

    fn records(
        &self,
        path: &str,
        read: &dyn Fn() -> Result<Records, ResourceError>,
    ) -> Result<Rc<Records>, ResourceError> {
        self.accounts.get_or_read(path, (), read)
    }

    fn follows(&self, owner: Owner) -> bool {
        self.below.follows(owner)
    }

    fn extended(&self, path: &str) -> Result<BTreeMap<String, Vec<u8>>, ResourceError> {
        match self.layer.get(path) {
            None if self.is_hidden(path) => Ok(BTreeMap::new()),
            None => self.below.extended(path),
            Some(Layered::Attributes { owner, .. }) => {
                let mut all = self.below.extended(path)?;
                let found = self.look_below(path)?;
                if found.is_some_and(|one| one.kind == FileKind::File && one.owner != *owner) {
                    // A file that is given to somebody else loses it.
                    all.remove(CAPABILITIES);
                }
                Ok(all)
            }
            Some(Layered::File { .. }) if !self.is_hidden(path) => {
                let found = self.look_below(path)?;
                if found.is_none_or(|one| one.kind != FileKind::File) {
                    return Ok(BTreeMap::new());
                }
                let mut all = self.below.extended(path)?;
                all.retain(|name, _| !OF_CONTENTS.contains(&&**name));
                Ok(all)
            }
            Some(_) => Ok(BTreeMap::new()),
        }
    }

    fn probe(&self, command: &Command) -> Result<Option<i32>, ResourceError> {
        self.below.probe(command)
    }

    fn count_below(&self, path: &str) -> Result<usize, ResourceError> {
        let mut inside = self.layer.range(format!("{path}/")..format!("{path}0"));
        let is_as_below = !self.layer.contains_key(path) && !self.is_hidden(path);
        if is_as_below && inside.next().is_none() {
            return self.below.count_below(path);
        }
        count_entries(self, path)
    }

    fn list(&self, path: &str) -> Result<Vec<String>, ResourceError> {
        let is_below = match self.layer.get(path) {
            Some(Layered::Directory { .. }) => {
                // One that was made anew hides nothing: below it nothing was, or what is there still is.
                self.look_below(path)?.is_some_and(|one| one.kind == FileKind::Directory)
            }
            None | Some(Layered::Attributes { .. }) => !self.is_hidden(path),
            Some(_) => return Err(ResourceError::new(format!("{path} is no directory"))),
        };
        let mut names: BTreeSet<String> =
            if is_below { self.below.list(path)?.into_iter().collect() } else { BTreeSet::new() };
        let inside = if path == "/" { "/".to_owned() } else { format!("{path}/") };
        let mut rest = self.layer.range(inside.clone()..);
        while let Some((one, layered)) = rest.next() {
            let Some(name) = one.strip_prefix(&inside) else { break };
            if let Some((name, _)) = name.split_once('/') {
                // Nothing that is deeper counts: on behind all of it.
                rest = self.layer.range(format!("{inside}{name}0")..);
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
