//! `mount`: a line of /etc/fstab, and on a host what it says.
//!
//! Invariant: other lines stay as they are; in a directory only the line is looked at.

use super::Type;
use super::host_only;
use crate::edit::Edit;
use crate::{Change, Command, Facts, FileKind, Mode, Op, Owner, ResourceError, View, path};
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MountPolicy {
    #[default]
    Apply,
    /// Unmounted, too.
    Remove,
}

/// A file system that is mounted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mount {
    /// Where: a directory that is there.
    pub path: String,
    #[serde(default)]
    pub policy: MountPolicy,
    /// `/dev/sdb1`, `UUID=…`, `tmpfs`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub device: String,
    /// `ext4`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub fs_type: String,
    #[serde(default = "defaults")]
    pub options: String,
}

fn defaults() -> String {
    "defaults".to_owned()
}

const FSTAB: &str = "/etc/fstab";

impl Mount {
    pub fn new(
        path: impl Into<String>,
        device: impl Into<String>,
        fs_type: impl Into<String>,
    ) -> Self {
        Self {
            path: path.into(),
            policy: MountPolicy::Apply,
            device: device.into(),
            fs_type: fs_type.into(),
            options: defaults(),
        }
    }

    /// One that shall not be there.
    pub fn removed(path: impl Into<String>) -> Self {
        Self { policy: MountPolicy::Remove, ..Self::new(path, "", "") }
    }

    #[must_use]
    pub fn options(mut self, options: impl Into<String>) -> Self {
        self.options = options.into();
        self
    }

    /// Whether a line of fstab or of /proc/mounts is about it.
    fn is_line(&self, line: &str) -> bool {
        let mut fields = line.split_whitespace();
        let is_comment = fields.next().is_none_or(|first| first.starts_with('#'));
        !is_comment && fields.next() == Some(&escaped(&self.path))
    }
}

/// As fstab has spaces and the like.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\134").replace(' ', "\\040").replace('\t', "\\011")
}

impl Type for Mount {
    const WORD: &'static str = "mount";
    const IS_HOST_ONLY: bool = true;

    fn name(&self) -> String {
        self.path.clone()
    }

    fn check(&self) -> Vec<ResourceError> {
        let mut errors: Vec<_> = path::check(&self.path, "path").err().into_iter().collect();
        let fields = [("device", &self.device), ("fs_type", &self.fs_type)];
        for (field, text) in fields {
            if self.policy == MountPolicy::Apply && text.trim().is_empty() {
                errors.push(
                    ResourceError::new(format!("it has no `{field}`"))
                        .field(field)
                        .help("add `device: /dev/sdb1` and `fs_type: ext4`, as in fstab"),
                );
            }
        }
        if self.device.trim_start().starts_with('#') {
            let error = ResourceError::new("fstab takes what begins with `#` for a comment");
            errors.push(error.field("device"));
        }
        let all = [("path", &self.path), ("options", &self.options)];
        for (field, text) in fields.into_iter().chain(all) {
            if text.contains(|c: char| c.is_control() && c != '\t') {
                let error = ResourceError::new("it has a line end or another control character");
                errors.push(error.field(field));
            }
        }
        if self.options.trim().is_empty() {
            errors
                .push(ResourceError::new("it has no options").field("options").help("`defaults`"));
        }
        errors
    }

    fn writes(&self) -> Vec<String> {
        vec![FSTAB.to_owned()]
    }

    fn plan(&self, view: &dyn View, facts: &Facts) -> Result<Vec<Change>, ResourceError> {
        host_only(Self::WORD, facts)?;
        let is_wanted = self.policy == MountPolicy::Apply;
        let place = path::follow(view, &self.path)?;
        let found = view.metadata(&place)?.map(|found| found.kind);
        if is_wanted && found != Some(FileKind::Directory) {
            let error = ResourceError::new(format!("there is no directory {place}"));
            return Err(error.field("path").help("declare it before with a `directory` resource"));
        }
        let mut edit = Edit::open(view, FSTAB, true)?;
        let fields = [&self.device, &self.path, &self.fs_type, &self.options];
        let line = format!("{} 0 0", fields.map(|field| escaped(field)).join(" "));
        let is_same = |one: &str| one.split_whitespace().take(4).eq(line.split(' ').take(4));
        let has_line = edit.text.lines.iter().any(|one| is_same(&one.text));
        let at = edit.text.lines.iter().position(|one| self.is_line(&one.text));
        if !(is_wanted && has_line) {
            edit.text.retain(|one| !self.is_line(one));
        }
        if is_wanted && !has_line {
            edit.text.insert(at.unwrap_or(edit.text.lines.len()), &line);
        }
        let mut changes = Vec::new();
        if is_wanted || at.is_some() {
            let new = (Owner::default(), 0o644);
            changes.extend(edit.change(view, "change the line of the mount", new)?);
        }
        if facts.mode == Mode::Host {
            let mounts = path::read_file(view, "/proc/mounts")?.unwrap_or_default();
            let mounts = String::from_utf8_lossy(&mounts).into_owned();
            if mounts.lines().any(|one| self.is_line(one)) != is_wanted {
                let word = if is_wanted { "mount" } else { "umount" };
                let commands = vec![Command::new([word, "--", &self.path])];
                changes.push(Change::new(Op::Run { commands }, format!("{word} {}", self.path)));
            }
        }
        Ok(changes)
    }
}
