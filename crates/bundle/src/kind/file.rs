//! `file`: a file with these contents, or none.
//!
//! Invariant: what is at the path and is no file is never replaced, and links are only followed where that is said.

use super::Type;
use crate::{
    Change, Content, Facts, FileKind, Metadata, Op, Owner, OwnerName, ResourceError, View, diff,
    path,
};
use serde::{Deserialize, Serialize};

/// Longest name in a directory.
const NAME_MAX_BYTES: usize = 255;

/// What shall become of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FilePolicy {
    #[default]
    Apply,
    Remove,
}

/// A file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    pub path: String,
    #[serde(default)]
    pub policy: FilePolicy,
    /// `None`: it is there, whatever is in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
    /// Root without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<OwnerName>,
    /// The owner's own group without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<OwnerName>,
    #[serde(default = "default_mode")]
    pub mode: u32,
    /// What was there stays beside it with this ending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup: Option<String>,
    /// A link at the path stays, and the file is where it leads.
    #[serde(default)]
    pub follow: bool,
}

fn default_mode() -> u32 {
    0o644
}

impl File {
    pub fn new(path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            policy: FilePolicy::Apply,
            content: None,
            owner: None,
            group: None,
            mode: default_mode(),
            backup: None,
            follow: false,
        }
    }

    /// One that shall not be there.
    pub fn removed(path: impl Into<String>) -> Self {
        Self { policy: FilePolicy::Remove, ..Self::new(path) }
    }

    #[must_use]
    pub fn contents(mut self, text: impl Into<String>) -> Self {
        self.content = Some(Content::Text(text.into()));
        self
    }

    /// The contents of a file of this machine.
    #[must_use]
    pub fn source(mut self, path: impl Into<std::path::PathBuf>) -> Self {
        self.content = Some(Content::File(path.into()));
        self
    }
}

impl Type for File {
    const WORD: &'static str = "file";

    fn path(&self) -> Option<&str> {
        Some(&self.path)
    }

    fn check(&self) -> Vec<ResourceError> {
        let mut errors: Vec<_> = path::check(&self.path, "path").err().into_iter().collect();
        errors.extend(check_mode(self.mode));
        errors.extend(self.backup.as_deref().and_then(check_ending));
        if self.policy == FilePolicy::Remove && (self.content.is_some() || self.owner.is_some()) {
            let message = "a file that is removed has neither contents nor owner";
            errors.push(ResourceError::new(message).field("policy"));
        }
        errors
    }

    fn contents(&mut self) -> Vec<&mut Content> {
        self.content.iter_mut().collect()
    }

    fn writes(&self) -> Vec<String> {
        vec![self.path.clone()]
    }

    fn plan(&self, view: &dyn View, _: &Facts) -> Result<Vec<Change>, ResourceError> {
        let at = if self.follow { path::follow } else { path::resolve };
        let path = at(view, &self.path)?;
        let found = view.metadata(&path)?;
        match self.policy {
            FilePolicy::Remove => remove(path, found),
            FilePolicy::Apply => self.apply(view, path, found),
        }
    }
}

impl File {
    fn apply(
        &self,
        view: &dyn View,
        path: String,
        found: Option<Metadata>,
    ) -> Result<Vec<Change>, ResourceError> {
        check_parent(view, &path)?;
        let (owner, mode) = (owner(view, self.owner.as_ref(), self.group.as_ref())?, self.mode);
        if self.content.is_some() && is_closed(view, owner, mode) {
            let message = format!("with the mode {mode:04o} nobody but root can see what is in it");
            let help = "let its owner read it, or do it as root (on a host: `--sudo`)";
            return Err(ResourceError::new(message).field("mode").help(help));
        }
        let Some(found) = found else {
            let content = self.content.clone().unwrap_or_else(|| Content::Text(String::new()));
            let diff = diff::unified(&self.path, None, &content)?;
            let op = Op::Write { path, content, owner, mode };
            return Ok(vec![Change { diff, ..Change::new(op, "create") }]);
        };
        if found.kind != FileKind::File {
            return Err(in_the_way(&path, found.kind));
        }
        let mut changes = Vec::new();
        let is_closed = is_closed(view, found.owner, found.mode);
        let is_same = |one| Ok((one, !is_closed && is_same(view, &path, found, one)?));
        if let Some((content, false)) = self.content.as_ref().map(is_same).transpose()? {
            let before = (!is_closed).then_some((view, &*path));
            let diff = diff::unified(&self.path, before, content)?;
            if let Some(ending) = &self.backup {
                changes.push(keep(view, &path, found, ending)?);
            }
            let op = Op::Write { path, content: content.clone(), owner, mode };
            let reason =
                if is_closed { "replace what can't be read" } else { "change the contents" };
            let reason = with_attributes(reason, found, (owner, mode));
            changes.push(Change { diff, ..Change::new(op, reason) });
        } else if let Some(reason) = attributes(found, owner, mode) {
            changes.push(Change::new(Op::SetAttributes { path, owner, mode }, reason));
        }
        Ok(changes)
    }
}

/// Keeps what is at a path beside it.
fn keep(
    view: &dyn View,
    path: &str,
    Metadata { owner, mode, .. }: Metadata,
    ending: &str,
) -> Result<Change, ResourceError> {
    let kept = format!("{path}{ending}");
    let wrong = |message: String| {
        let error = ResourceError::new(message).field("backup");
        Err(error.help("choose another ending, or remove what is there before"))
    };
    if kept.len() - kept.rfind('/').map_or(0, |slash| slash + 1) > NAME_MAX_BYTES {
        return wrong(format!("the name of {kept} is longer than {NAME_MAX_BYTES} bytes"));
    }
    let reason = match view.metadata(&kept)?.map(|there| there.kind) {
        None => "keep what was there".to_owned(),
        Some(FileKind::Directory) => return wrong(format!("{kept} is a directory")),
        Some(kind) => format!("keep what was there, in the place of {}", kind.words()),
    };
    let content = Content::Bytes(path::read_file(view, path)?.unwrap_or_default());
    Ok(Change::new(Op::Write { path: kept, content, owner, mode }, reason))
}

fn remove(path: String, found: Option<Metadata>) -> Result<Vec<Change>, ResourceError> {
    match found.map(|found| found.kind) {
        None => Ok(Vec::new()),
        Some(FileKind::File) => {
            Ok(vec![Change::new(Op::Remove { path, recursive: false }, "remove")])
        }
        Some(kind) => Err(in_the_way(&path, kind)),
    }
}

/// Without one, what was there would be kept where it is overwritten.
fn check_ending(ending: &str) -> Option<ResourceError> {
    let is_wrong = ending.is_empty() || ending.contains(|c: char| c == '/' || c.is_control());
    is_wrong.then(|| {
        let error = ResourceError::new(format!("{ending:?} is no ending for a name"));
        error.field("backup").help("one such as `~` or `.orig`, without slashes")
    })
}

pub(crate) fn in_the_way(path: &str, kind: FileKind) -> ResourceError {
    ResourceError::new(format!("{path} is {}", kind.words()))
        .field("path")
        .help("remove it first with a resource of its own type")
}

/// Whether a file of the target holds just this.
fn is_same(
    view: &dyn View,
    path: &str,
    found: Metadata,
    wanted: &Content,
) -> Result<bool, ResourceError> {
    let failed = |error: std::io::Error| ResourceError::io("read", &wanted.name(path), &error);
    if wanted.size().map_err(failed)? != found.size {
        return Ok(false);
    }
    wanted.is(&mut *view.open(path)?).map_err(failed)
}

/// Whether its mode keeps who does this, and is not root, from reading their own file.
fn is_closed(view: &dyn View, owner: Owner, mode: u32) -> bool {
    view.only_owner().is_some() && owner == Owner::default() && mode & 0o400 == 0
}

/// What a path is in must be a directory.
pub(crate) fn check_parent(view: &dyn View, path: &str) -> Result<(), ResourceError> {
    let parent = path::parent(path);
    if parent == "/" {
        return Ok(());
    }
    match view.metadata(parent)?.map(|found| found.kind) {
        Some(FileKind::Directory) => Ok(()),
        Some(kind) => {
            Err(ResourceError::new(format!("{parent} is {}", kind.words())).field("path"))
        }
        None => Err(ResourceError::new(format!("there is no directory {parent}"))
            .field("path")
            .help("declare it before with a `directory` resource")),
    }
}

pub(crate) fn check_mode(mode: u32) -> Option<ResourceError> {
    (mode > 0o7777).then(|| {
        let message = format!("{mode:o} is no mode: at most 7777, in octal");
        ResourceError::new(message).field("mode").help("write it as 0o644 or \"0644\"")
    })
}

/// Owner and group as they are declared; root's where nothing is.
pub(crate) fn owner(
    view: &dyn View,
    owner: Option<&OwnerName>,
    group: Option<&OwnerName>,
) -> Result<Owner, ResourceError> {
    let is_said = owner.or(group).is_some();
    let uid = owner.map(|owner| owner.uid(view)).transpose()?.unwrap_or(0);
    let gid = match (group, owner) {
        (Some(group), _) => group.gid(view)?,
        (None, Some(owner)) => owner.primary_group(view)?,
        (None, None) => 0,
    };
    let wanted = Owner { uid, gid };
    match view.only_owner().filter(|_| is_said) {
        Some(only) if only == wanted => Ok(Owner::default()),
        // Their group, where only that is said.
        Some(only) if owner.is_none() && only.gid == gid => Ok(Owner::default()),
        Some(_) => Err(ResourceError::new(format!("only root can give it to {uid}:{gid}"))
            .field(if owner.is_some() { "owner" } else { "group" })
            .help("do it as root (on a host: `--sudo`), or leave it to who does it")),
        None => Ok(wanted),
    }
}

/// What of owner and mode is to be changed, in words; `None` if nothing.
pub(crate) fn attributes(found: Metadata, owner: Owner, mode: u32) -> Option<String> {
    let reasons = differing(found, owner, mode);
    (!reasons.is_empty()).then(|| format!("change the {}", reasons.join(" and the ")))
}

/// What is done to the contents, and what of owner and mode is to be changed with them.
pub(crate) fn with_attributes(what: &str, found: Metadata, (owner, mode): (Owner, u32)) -> String {
    let mut all = what.to_owned();
    for one in differing(found, owner, mode) {
        all += ", the ";
        all += &one;
    }
    all
}

fn differing(found: Metadata, owner: Owner, mode: u32) -> Vec<String> {
    let mut reasons = Vec::new();
    if found.owner != owner {
        let Owner { uid, gid } = found.owner;
        reasons.push(format!("owner from {uid}:{gid} to {}:{}", owner.uid, owner.gid));
    }
    if found.mode != mode {
        reasons.push(format!("mode from {:04o} to {mode:04o}", found.mode));
    }
    reasons
}
