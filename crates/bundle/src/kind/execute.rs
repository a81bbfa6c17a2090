//! `execute`: a command that is run.
//!
//! Invariant: it runs whenever it is applied, unless something that it names says that it has been.

use super::Type;
use super::file::check_mode;
use crate::{
    Change, Command, CommandLine, Content, Credentials, Facts, Op, Owner, OwnerName, ResourceError,
    View, path,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Execute {
    pub command: CommandLine,
    #[serde(default = "default_cwd")]
    pub cwd: String,
    /// Beside `HOME`, `LANG`, `PATH` and `USER`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    /// With all its groups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<OwnerName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<OwnerName>,
    #[serde(default = "default_umask")]
    pub umask: u32,
    /// A path: it does not run if that is there, and fails if it is not there afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creates: Option<String>,
    /// It does not run if this ends with 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unless: Option<CommandLine>,
    /// It only runs if this ends with 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only_if: Option<CommandLine>,
    /// An empty file that is made when it ended well: it does not run if that is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub touch: Option<String>,
    /// Exit codes that are no failure.
    #[serde(default = "default_returncodes")]
    pub returncodes: Vec<i32>,
    /// It is killed after so many seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_s: Option<u64>,
}

fn default_cwd() -> String {
    "/".to_owned()
}

fn default_umask() -> u32 {
    0o022
}

fn default_returncodes() -> Vec<i32> {
    vec![0]
}

impl Execute {
    pub fn new(command: impl Into<CommandLine>) -> Self {
        Self {
            command: command.into(),
            cwd: default_cwd(),
            env: BTreeMap::new(),
            user: None,
            group: None,
            umask: default_umask(),
            creates: None,
            unless: None,
            only_if: None,
            touch: None,
            returncodes: default_returncodes(),
            timeout_s: None,
        }
    }

    #[must_use]
    pub fn cwd(mut self, cwd: impl Into<String>) -> Self {
        self.cwd = cwd.into();
        self
    }

    #[must_use]
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.env.insert(name.into(), value.into());
        self
    }

    #[must_use]
    pub fn user(mut self, user: impl Into<OwnerName>) -> Self {
        self.user = Some(user.into());
        self
    }

    #[must_use]
    pub fn umask(mut self, umask: u32) -> Self {
        self.umask = umask;
        self
    }

    #[must_use]
    pub fn creates(mut self, path: impl Into<String>) -> Self {
        self.creates = Some(path.into());
        self
    }

    #[must_use]
    pub fn unless(mut self, command: impl Into<CommandLine>) -> Self {
        self.unless = Some(command.into());
        self
    }

    #[must_use]
    pub fn only_if(mut self, command: impl Into<CommandLine>) -> Self {
        self.only_if = Some(command.into());
        self
    }

    #[must_use]
    pub fn touch(mut self, path: impl Into<String>) -> Self {
        self.touch = Some(path.into());
        self
    }

    #[must_use]
    pub fn returncodes(mut self, codes: impl IntoIterator<Item = i32>) -> Self {
        self.returncodes = codes.into_iter().collect();
        self
    }

    #[must_use]
    pub fn timeout_s(mut self, seconds: u64) -> Self {
        self.timeout_s = Some(seconds);
        self
    }

    /// One of its commands, as it is run.
    fn command(&self, view: &dyn View, line: &CommandLine) -> Result<Command, ResourceError> {
        let mut command = Command::new(line.argv());
        let who = self.user.as_ref().or(self.group.as_ref().map(|_| &ROOT));
        command.user =
            who.map(|user| Credentials::of(view, user, self.group.as_ref())).transpose()?;
        if let Some(user) = command.user.clone() {
            command = command.env("HOME", &user.home).env("USER", &user.name);
            command = command.env("LOGNAME", &user.name);
        }
        command.env.extend(self.env.clone());
        command.cwd.clone_from(&self.cwd);
        command.umask = self.umask;
        command.timeout_s = self.timeout_s;
        Ok(command)
    }

    /// Whether something says that it need not run.
    fn is_done(&self, view: &dyn View) -> Result<bool, ResourceError> {
        for there in self.creates.iter().chain(&self.touch) {
            let path = path::follow(view, there)?;
            if view.metadata(&path)?.is_some() {
                return Ok(true);
            }
        }
        let ends_well = |line: &Option<CommandLine>| -> Result<Option<bool>, ResourceError> {
            let Some(line) = line else { return Ok(None) };
            Ok(view.probe(&self.command(view, line)?)?.map(|code| code == 0))
        };
        Ok(ends_well(&self.unless)? == Some(true) || ends_well(&self.only_if)? == Some(false))
    }
}

const ROOT: OwnerName = OwnerName::Number(0);

impl Type for Execute {
    const WORD: &'static str = "execute";
    const SHOWS_WORDS: bool = true;

    fn name(&self) -> String {
        self.command.words()
    }

    fn check(&self) -> Vec<ResourceError> {
        let mut errors: Vec<_> = self.command.check("command").into_iter().collect();
        errors.extend(self.unless.as_ref().and_then(|line| line.check("unless")));
        errors.extend(self.only_if.as_ref().and_then(|line| line.check("only_if")));
        errors.extend(check_mode(self.umask).map(|error| error.field("umask")));
        let paths = [("creates", &self.creates), ("touch", &self.touch)];
        for (field, path) in paths {
            errors.extend(path.as_ref().and_then(|path| path::check(path, field).err()));
        }
        if self.cwd != "/" {
            errors.extend(path::check(&self.cwd, "cwd").err());
        }
        if self.env.keys().any(|name| name.is_empty() || name.contains(['=', '\0'])) {
            errors.push(ResourceError::new("a variable has no name").field("env"));
        }
        if self.returncodes.is_empty() {
            errors.push(ResourceError::new("it could never end well").field("returncodes"));
        }
        errors
    }

    fn is_observable(&self, _: &Facts) -> bool {
        self.creates.is_some() || self.touch.is_some()
    }

    fn writes(&self) -> Vec<String> {
        vec!["/".to_owned()]
    }

    fn plan(&self, view: &dyn View, _: &Facts) -> Result<Vec<Change>, ResourceError> {
        if self.is_done(view)? {
            return Ok(Vec::new());
        }
        let command = self.command(view, &self.command)?;
        let command = Command { returncodes: self.returncodes.clone(), ..command };
        let op = Op::Run { commands: vec![command] };
        let mut changes = vec![Change::new(op, format!("run `{}`", self.command.words()))];
        if let Some(touch) = &self.touch {
            let path = path::follow(view, touch)?;
            let content = Content::Text(String::new());
            let op = Op::Write { path, content, owner: Owner::default(), mode: 0o644 };
            changes.push(Change::new(op, "say that it ran"));
        }
        Ok(changes)
    }
}
