//! `cron`: a command that cron runs, as a file in /etc/cron.d.
//!
//! Invariant: the file is as cron wants it: a name that it takes, fields that stay fields, no `%` that it would take for a line end.

use super::Type;
use super::file::File;
use super::host_only;
use super::schedule;
use crate::accounts::check_name;
use crate::{Change, Facts, ResourceError, View};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CronPolicy {
    #[default]
    Apply,
    Remove,
}

/// A command that is run again and again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cron {
    /// Of the file.
    pub name: String,
    #[serde(default)]
    pub policy: CronPolicy,
    /// Five fields, or `@daily`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub schedule: String,
    /// A line for the shell.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub command: String,
    #[serde(default = "root")]
    pub user: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
}

fn root() -> String {
    "root".to_owned()
}

impl Cron {
    pub fn new(
        name: impl Into<String>,
        schedule: impl Into<String>,
        command: impl Into<String>,
    ) -> Self {
        Self {
            name: name.into(),
            policy: CronPolicy::Apply,
            schedule: schedule.into(),
            command: command.into(),
            user: root(),
            env: BTreeMap::new(),
        }
    }

    /// One that shall not be there.
    pub fn removed(name: impl Into<String>) -> Self {
        Self { policy: CronPolicy::Remove, ..Self::new(name, "", "") }
    }

    #[must_use]
    pub fn user(mut self, user: impl Into<String>) -> Self {
        self.user = user.into();
        self
    }

    fn path(&self) -> String {
        format!("/etc/cron.d/{}", self.name)
    }

    fn contents(&self) -> String {
        let env = self.env.iter().map(|(name, value)| format!("{name}={value}\n"));
        let command = self.command.replace('%', "\\%");
        env.collect::<String>() + &format!("{} {} {command}\n", self.schedule, self.user)
    }
}

fn has_line_end(text: &str) -> bool {
    text.contains(['\n', '\r', '\0'])
}

fn is_variable(name: &str) -> bool {
    let part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.chars().all(part) && !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit())
}

impl Type for Cron {
    const WORD: &'static str = "cron";
    const IS_HOST_ONLY: bool = true;

    fn name(&self) -> String {
        self.name.clone()
    }

    fn check(&self) -> Vec<ResourceError> {
        let mut errors = Vec::new();
        let mut wrong = |field, message: &str| {
            errors.push(ResourceError::new(message).field(field));
        };
        let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        if self.name.is_empty() || !self.name.chars().all(part) {
            wrong("name", "cron only reads files of letters, digits, `_` and `-`");
        }
        if has_line_end(&self.command) {
            wrong("command", "it is more than one line");
        }
        if self.env.iter().any(|(name, value)| !is_variable(name) || has_line_end(value)) {
            wrong("env", "cron takes `NAME=VALUE` on one line, names of letters, digits and `_`");
        }
        if self.policy == CronPolicy::Apply {
            if let Err(why) = schedule::check(&self.schedule) {
                wrong("schedule", &why);
            }
            if self.command.trim().is_empty() {
                wrong("command", "there is nothing that could be run");
            }
        }
        errors.extend(check_name(&self.user).map(|error| error.field("user")));
        errors
    }

    fn writes(&self) -> Vec<String> {
        vec![self.path()]
    }

    fn plan(&self, view: &dyn View, facts: &Facts) -> Result<Vec<Change>, ResourceError> {
        host_only(Self::WORD, facts)?;
        let path = self.path();
        match self.policy {
            CronPolicy::Apply => File::new(path).contents(self.contents()).plan(view, facts),
            CronPolicy::Remove => File::removed(path).plan(view, facts),
        }
    }
}
