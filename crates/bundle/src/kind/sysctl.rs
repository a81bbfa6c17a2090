//! `sysctl`: a variable of the kernel, now and after the next boot, or a value that is no longer set.
//!
//! Invariant: the file has what the kernel is given; in a directory only the file is looked at.

use super::Type;
use super::file::File;
use super::host_only;
use crate::{Change, Command, Facts, Mode, Op, ResourceError, View, path};
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SysctlPolicy {
    #[default]
    Apply,
    /// It is not set at the next boot; what it is now stays.
    Remove,
}

/// A variable of the kernel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sysctl {
    /// `net.ipv4.ip_forward`.
    pub key: String,
    #[serde(default)]
    pub policy: SysctlPolicy,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub value: String,
}

impl Sysctl {
    pub fn new(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self { key: key.into(), policy: SysctlPolicy::Apply, value: value.into() }
    }

    /// One that is no longer set.
    pub fn removed(key: impl Into<String>) -> Self {
        Self { policy: SysctlPolicy::Remove, ..Self::new(key, "") }
    }
}

impl Sysctl {
    fn path(&self) -> String {
        format!("/etc/sysctl.d/90-{}.conf", self.key)
    }
}

impl Type for Sysctl {
    const WORD: &'static str = "sysctl";
    const IS_HOST_ONLY: bool = true;

    fn name(&self) -> String {
        self.key.clone()
    }

    fn check(&self) -> Vec<ResourceError> {
        let mut errors = Vec::new();
        let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        let parts = self.key.split('.');
        if !self.key.chars().all(part) || parts.clone().any(str::is_empty) || parts.count() < 2 {
            let message = format!("`{}` is no name of a variable of the kernel", self.key);
            errors.push(ResourceError::new(message).field("key"));
        }
        let is_empty = self.value.trim().is_empty();
        if self.policy == SysctlPolicy::Remove && !is_empty {
            let message = "a variable that is no longer set has no value";
            errors.push(ResourceError::new(message).field("value"));
        }
        if self.policy == SysctlPolicy::Apply && is_empty || self.value.contains(['\n', '\0']) {
            errors.push(ResourceError::new("its value is one line, and not empty").field("value"));
        }
        errors
    }

    fn writes(&self) -> Vec<String> {
        vec![self.path()]
    }

    fn plan(&self, view: &dyn View, facts: &Facts) -> Result<Vec<Change>, ResourceError> {
        host_only(Self::WORD, facts)?;
        let path = self.path();
        if self.policy == SysctlPolicy::Remove {
            return File::removed(path).plan(view, facts);
        }
        let file = File::new(path).contents(format!("{} = {}\n", self.key, self.value));
        let mut changes = file.plan(view, facts)?;
        if facts.mode == Mode::Host {
            let place = format!("/proc/sys/{}", self.key.replace('.', "/"));
            let now = path::read_file(view, &place)?.unwrap_or_default();
            let now = String::from_utf8_lossy(&now).into_owned();
            if !now.split_whitespace().eq(self.value.split_whitespace()) {
                let pair = format!("{}={}", self.key, self.value);
                let commands = vec![Command::new(["sysctl", "-q", "-w", &pair])];
                let reason = format!("change {} from {} to {}", self.key, now.trim(), self.value);
                changes.push(Change::new(Op::Run { commands }, reason));
            }
        }
        Ok(changes)
    }
}
