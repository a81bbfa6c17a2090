//! What comes out otherwise than it is: a target that is made anew, from what lies below it, compared with itself.
//!
//! Invariant: what is not said to change is the same, as far as no command runs; and no diff shows more than the plan did.

use crate::kind::file::{attributes, with_attributes};
use crate::{
    Change, Content, FileKind, Layered, Metadata, Op, Overlay, ResourceError, ResourcePlan, View,
    diff,
};
use std::collections::{BTreeSet, HashMap};
use std::io::Read;

type Result<T> = std::result::Result<T, ResourceError>;

/// See the module.
pub struct Difference {
    /// As they were planned; of changes those that make a difference to what is there.
    pub plans: Vec<ResourcePlan>,
    /// What is there of what is declared no more; `None` where commands run, of which nobody knows what they leave.
    pub undeclared: Option<Vec<Undeclared>>,
}

/// Something that no resource makes, and that comes out otherwise than it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undeclared {
    pub path: String,
    /// `goes: nothing declares it any more`.
    pub reason: String,
}

/// `plans` are what is done to `below`, in their order; `there` is what came of other plans before. `shows`: whether what is there
/// may be in a diff; without it a diff is that of the plan.
///
/// # Errors
///
/// If something can't be looked at.
pub fn difference(
    plans: Vec<ResourcePlan>,
    below: &dyn View,
    there: &dyn View,
    shows: bool,
) -> Result<Difference> {
    let mut wanted = Overlay::new(below);
    // Who has the last word on a path.
    let mut last = HashMap::new();
    for one in &plans {
        for change in &one.changes {
            wanted.apply(&change.op);
            last.insert(change.op.path().to_owned(), one.index);
        }
    }
    let comparison = Comparison { wanted, there, shows };
    let undeclared = (!comparison.wanted.has_run()).then(|| comparison.undeclared()).transpose()?;
    let plans = plans.into_iter().map(|one| comparison.reduced(one, &last));
    Ok(Difference { plans: plans.collect::<Result<_>>()?, undeclared })
}

struct Comparison<'v> {
    wanted: Overlay<&'v dyn View>,
    there: &'v dyn View,
    shows: bool,
}

impl Comparison<'_> {
    fn reduced(&self, plan: ResourcePlan, last: &HashMap<String, usize>) -> Result<ResourcePlan> {
        let mut changes: Vec<Change> = Vec::new();
        let mut seen = BTreeSet::new();
        for change in &plan.changes {
            let path = change.op.path();
            if matches!(change.op, Op::Run { .. } | Op::Joined) {
                changes.push(change.clone());
            } else if last.get(path) == Some(&plan.index) && seen.insert(path) {
                let planned = plan.changes.iter().filter(|one| one.op.path() == path);
                changes.extend(self.change(path, &planned.collect::<Vec<_>>())?);
            }
        }
        Ok(ResourcePlan { changes, ..plan })
    }

    /// What comes out otherwise at a path; `planned`: what a resource does to it, of which the last is how it stays.
    fn change(&self, path: &str, planned: &[&Change]) -> Result<Option<Change>> {
        let Some(end) = planned.last() else { return Ok(None) };
        let (wanted, there) = (self.wanted.metadata(path)?, self.there.metadata(path)?);
        let (wanted, there) = match (wanted, there) {
            (None, None) => return Ok(None),
            (None, Some(there)) => {
                let recursive = there.kind == FileKind::Directory;
                let op = Op::Remove { path: path.to_owned(), recursive };
                return Ok(Some(Change::new(op, "remove")));
            }
            (Some(wanted), None) => {
                let is_shown = self.shows && !planned.iter().any(|one| one.is_sensitive);
                let is_file = is_shown && wanted.kind == FileKind::File;
                let diff = if is_file { self.diff(path, None)? } else { end.diff.clone() };
                let reason = "create".to_owned();
                return Ok(Some(Change { reason, diff, ..(*end).clone() }));
            }
            (Some(wanted), Some(there)) => (wanted, there),
        };
        let is_sensitive = planned.iter().any(|one| one.is_sensitive);
        let make = |reason: String, diff: Option<String>| {
            let diff = if self.shows { diff } else { end.diff.clone() };
            let diff = diff.filter(|_| !is_sensitive);
            Ok(Some(Change { op: end.op.clone(), reason, diff, is_sensitive }))
        };
        if let Some(reason) = self.other_kind(path, wanted, there)? {
            return make(reason, None);
        }
        if wanted.kind == FileKind::File && !self.is_same(path, wanted, there)? {
            let all = (wanted.owner, wanted.mode);
            return make(
                with_attributes("change the contents", there, all),
                self.diff(path, Some((self.there, path)))?,
            );
        }
        match attributes(there, wanted.owner, wanted.mode) {
            Some(reason) => Ok(Some(Change {
                op: Op::SetAttributes {
                    path: path.to_owned(),
                    owner: wanted.owner,
                    mode: wanted.mode,
                },
                is_sensitive: false,
                ..Change::new(Op::Joined, reason)
            })),
            None => Ok(None),
        }
    }

    /// What is not even of the same kind, or a link that leads elsewhere.
    fn other_kind(&self, path: &str, wanted: Metadata, there: Metadata) -> Result<Option<String>> {
        if wanted.kind != there.kind {
            let (new, old) = (wanted.kind.words(), there.kind.words());
            return Ok(Some(format!("put {new} in the place of {old}")));
        }
        if wanted.kind != FileKind::Link {
            return Ok(None);
        }
        let (to, now) = (self.wanted.read_link(path)?, self.there.read_link(path)?);
        Ok((to != now).then(|| format!("lead to {to} and not to {now}")))
    }

    fn is_same(&self, path: &str, wanted: Metadata, there: Metadata) -> Result<bool> {
        if wanted.size != there.size {
            return Ok(false);
        }
        let failed = |error: std::io::Error| ResourceError::io("read", path, &error);
        if let Some(Layered::File { content, .. }) = self.wanted.changes().get(path) {
            return content.is(&mut *self.there.open(path)?).map_err(failed);
        }
        let read = |view: &dyn View| {
            let mut bytes = Vec::new();
            view.open(path)?.read_to_end(&mut bytes).map_err(failed)?;
            Ok(bytes)
        };
        Ok(read(&self.wanted)? == read(self.there)?)
    }

    fn diff(&self, path: &str, before: Option<(&dyn View, &str)>) -> Result<Option<String>> {
        if let Some(Layered::File { content, .. }) = self.wanted.changes().get(path) {
            return diff::unified(path, before, content);
        }
        let mut bytes = Vec::new();
        let read = self.wanted.open(path)?.read_to_end(&mut bytes);
        read.map_err(|error| ResourceError::io("read", path, &error))?;
        diff::unified(path, before, &Content::Bytes(bytes))
    }

    /// Whatever differs at a path that no resource touches. Of files the size is looked at.
    fn undeclared(&self) -> Result<Vec<Undeclared>> {
        let mut found = Vec::new();
        let mut ahead = vec![String::new()];
        while let Some(directory) = ahead.pop() {
            let at = if directory.is_empty() { "/" } else { &directory };
            let names: BTreeSet<String> =
                self.there.list(at)?.into_iter().chain(self.wanted.list(at)?).collect();
            for path in names.into_iter().map(|name| format!("{directory}/{name}")) {
                let (wanted, there) = (self.wanted.metadata(&path)?, self.there.metadata(&path)?);
                let is_directory =
                    |one: Option<Metadata>| one.is_some_and(|one| one.kind == FileKind::Directory);
                if !self.wanted.changes().contains_key(&path)
                    && let Some(reason) = self.reason(&path, wanted, there)?
                {
                    found.push(Undeclared { path: path.clone(), reason });
                }
                if is_directory(wanted) && is_directory(there) {
                    ahead.push(path);
                }
            }
        }
        found.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(found)
    }

    fn reason(
        &self,
        path: &str,
        wanted: Option<Metadata>,
        there: Option<Metadata>,
    ) -> Result<Option<String>> {
        let again = |what: String| format!("{what}: nothing declares otherwise any more");
        Ok(match (wanted, there) {
            (None, None) => None,
            (None, Some(_)) => Some("goes: nothing declares it any more".to_owned()),
            (Some(_), None) => Some(again("comes back".to_owned())),
            (Some(wanted), Some(there)) => {
                let other = self.other_kind(path, wanted, there)?;
                let is_resized = wanted.kind == FileKind::File && wanted.size != there.size;
                let all = (wanted.owner, wanted.mode);
                let contents =
                    is_resized.then(|| with_attributes("change the contents", there, all));
                let attributes = || attributes(there, wanted.owner, wanted.mode);
                other.or(contents).or_else(attributes).map(again)
            }
        })
    }
}
