//! `execute`: a command that is run.
//!
//! Invariant: it runs whenever it is applied, unless something that it names says that it has been.

use super::Type;
use super::file::check_mode;
use super::group::yes;
use crate::{
    Change, Command, CommandLine, Content, Credentials, Facts, FileKind, Input, Op, Owner,
    OwnerName, ResourceError, View, path,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::path::PathBuf;

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
    /// Files and directories of the machine that plans: a variable has the path of each while it runs. Nothing of them stays.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub inputs: BTreeMap<String, Input>,
    /// Names of secrets: a variable has the path of a file in memory with the value while it runs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<String, String>,
    /// It reaches others over a network.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub network: bool,
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
    /// A file that is made when it ended well: it does not run if that is there. With `inputs` their digest is in it, and it runs
    /// if that is another one.
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

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_yes(value: &bool) -> bool {
    *value
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
            inputs: BTreeMap::new(),
            secrets: BTreeMap::new(),
            network: true,
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

    /// A file or directory of the machine that gathers, by a variable that has its path while it runs.
    #[must_use]
    pub fn input(mut self, variable: impl Into<String>, source: impl Into<PathBuf>) -> Self {
        self.inputs.insert(variable.into(), Input::new(source));
        self
    }

    /// A secret by its name, and by a variable that has the path of its file while it runs.
    #[must_use]
    pub fn secret(mut self, variable: impl Into<String>, name: impl Into<String>) -> Self {
        self.secrets.insert(variable.into(), name.into());
        self
    }

    #[must_use]
    pub fn without_network(mut self) -> Self {
        self.network = false;
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
        command.network = self.network;
        command.secrets.clone_from(&self.secrets);
        for (variable, input) in &self.inputs {
            command.inputs.insert(variable.clone(), input.gathered()?.to_vec());
        }
        Ok(command)
    }

    /// What `touch` has in it: the digest of all inputs, nothing without any.
    fn said(&self) -> Result<String, ResourceError> {
        if self.inputs.is_empty() {
            return Ok(String::new());
        }
        let mut text = String::new();
        for (variable, input) in &self.inputs {
            let _ = writeln!(text, "{variable} sha256:{}", input.digest()?);
        }
        Ok(text)
    }

    /// Variables of inputs and secrets: each has a name, and one meaning.
    fn check_variables(&self) -> Vec<ResourceError> {
        let inputs = self.inputs.keys().map(|name| (name, "inputs"));
        let all = inputs.chain(self.secrets.keys().map(|name| (name, "secrets")));
        let mut errors = Vec::new();
        for (name, field) in all {
            if !is_variable(name) {
                let message = format!("`{name}` can't be the name of a variable");
                let help = "the command finds the path in a variable: write `SOURCE: …`";
                errors.push(ResourceError::new(message).field(field).help(help));
            } else if self.env.contains_key(name)
                || (field == "secrets" && self.inputs.contains_key(name))
            {
                let message = format!("the variable `{name}` has another value already");
                errors.push(ResourceError::new(message).field(field));
            }
        }
        errors.extend(self.inputs.values().flat_map(Input::check));
        errors
    }

    /// Whether something says that it need not run.
    fn is_done(&self, view: &dyn View) -> Result<bool, ResourceError> {
        if let Some(created) = &self.creates
            && view.metadata(&path::glance(view, created)?)?.is_some()
        {
            return Ok(true);
        }
        if let Some(touch) = &self.touch
            && let path = path::follow(view, touch)?
            && let Some(found) = view.metadata(&path)?
        {
            let is_file = found.kind == FileKind::File;
            let says = Content::Text(self.said()?);
            let unreadable =
                |error: io::Error| ResourceError::unreadable(&path, &error.to_string());
            if self.inputs.is_empty()
                || (is_file && says.is(&mut *view.open(&path)?).map_err(unreadable)?)
            {
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

/// What programs take for the name of a variable.
fn is_variable(name: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.chars().all(is_part) && name.starts_with(|c: char| !c.is_ascii_digit())
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
        errors.extend(self.check_variables());
        if self.returncodes.is_empty() {
            errors.push(ResourceError::new("it could never end well").field("returncodes"));
        }
        errors
    }

    fn contents(&mut self) -> Vec<&mut Content> {
        self.inputs.values_mut().flat_map(Input::contents).collect()
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
            let content = Content::Text(self.said()?);
            let op = Op::Write { path, content, owner: Owner::default(), mode: 0o644 };
            changes.push(Change::new(op, "say that it ran"));
        }
        Ok(changes)
    }
}
