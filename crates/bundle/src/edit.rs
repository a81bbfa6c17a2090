//! A file of a target that is edited.
//!
//! Invariant: a file that stays keeps its owner and its mode, and one that comes out the same is not written.

use super::text::Text;
use crate::kind::file::{check_parent, in_the_way};
use crate::{Change, Content, FileKind, Metadata, Op, Owner, ResourceError, View, diff, path};
use std::fmt::Write as _;

/// See the module.
#[derive(Clone)]
pub(crate) struct Edit {
    path: String,
    found: Option<Metadata>,
    before: Vec<u8>,
    pub(crate) text: Text,
}

impl Edit {
    pub(crate) fn open(view: &dyn View, path: &str, follows: bool) -> Result<Self, ResourceError> {
        let at = if follows { path::follow } else { path::resolve };
        let path = at(view, path)?;
        let found = view.metadata(&path)?;
        let before = match found {
            None => Vec::new(),
            Some(found) if found.kind == FileKind::File => {
                path::read_file(view, &path)?.unwrap_or_default()
            }
            Some(found) => return Err(in_the_way(&path, found.kind)),
        };
        let text = Text::new(&before);
        Ok(Self { path, found, before, text })
    }

    /// Where it is, whatever links led there.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    pub(crate) fn is_there(&self) -> bool {
        self.found.is_some()
    }

    /// That it is there, or may be made.
    pub(crate) fn or_create(self, view: &dyn View, creates: bool) -> Result<Self, ResourceError> {
        if self.is_there() {
            return Ok(self);
        }
        if !creates {
            let error = ResourceError::new(format!("there is no file {}", self.path));
            return Err(error.field("path").help("`create: true` makes one"));
        }
        check_parent(view, &self.path)?;
        Ok(self)
    }

    /// That a file that is there keeps its owner and its mode, if others are said.
    pub(crate) fn kept(&self, owner: Option<Owner>, mode: Option<u32>) -> String {
        let Some(found) = self.found else { return String::new() };
        let mut kept = String::new();
        if owner.is_some_and(|owner| owner != found.owner) {
            let Owner { uid, gid } = found.owner;
            let _ = write!(kept, ", the owner stays {uid}:{gid}");
        }
        if mode.is_some_and(|mode| mode != found.mode) {
            let _ = write!(kept, ", the mode stays {:04o}", found.mode);
        }
        kept
    }

    /// What is to be written, if anything; `new`: owner and mode of a file that is made.
    pub(crate) fn change(
        self,
        view: &dyn View,
        reason: &str,
        new: (Owner, u32),
    ) -> Result<Option<Change>, ResourceError> {
        let bytes = self.text.bytes()?;
        if self.is_there() && bytes == self.before {
            return Ok(None);
        }
        let content = match String::from_utf8(bytes) {
            Ok(text) => Content::Text(text),
            Err(error) => Content::Bytes(error.into_bytes()),
        };
        let before = self.is_there().then_some((view, &*self.path));
        let diff = diff::unified(&self.path, before, &content)?;
        let (owner, mode) = self.found.map_or(new, |found| (found.owner, found.mode));
        let op = Op::Write { path: self.path, content, owner, mode };
        Ok(Some(Change { diff, ..Change::new(op, reason) }))
    }
}
