//! `service`: a service that is started at boot, and runs.
//!
//! Invariant: in an image or a directory nothing is started: there only what is started at boot is looked at.

use super::Type;
use crate::init_system::InitSystem;
use crate::{Change, Command, CommandLine, Facts, Mode, Op, ResourceError, View};
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServicePolicy {
    #[default]
    Apply,
    /// It is started again whenever it is applied: for one that watches something.
    Restart,
    /// It reads its configuration again whenever it is applied.
    Reload,
}

/// A service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// A unit of systemd or a script of `OpenRC`.
    pub name: String,
    #[serde(default)]
    pub policy: ServicePolicy,
    /// Whether it is started at boot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Whether it runs now: on a host only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running: Option<bool>,
    /// Ends with 0 if it runs. Without these commands, those of the init system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<CommandLine>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<CommandLine>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<CommandLine>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restart: Option<CommandLine>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reload: Option<CommandLine>,
}

impl Service {
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            policy: ServicePolicy::Apply,
            enabled: None,
            running: None,
            status: None,
            start: None,
            stop: None,
            restart: None,
            reload: None,
        }
    }

    #[must_use]
    pub fn policy(mut self, policy: ServicePolicy) -> Self {
        self.policy = policy;
        self
    }

    #[must_use]
    pub fn enabled(mut self, enabled: bool) -> Self {
        self.enabled = Some(enabled);
        self
    }

    #[must_use]
    pub fn running(mut self, running: bool) -> Self {
        self.running = Some(running);
        self
    }

    fn command(
        &self,
        init: Option<InitSystem>,
        verb: &'static str,
        own: Option<&CommandLine>,
    ) -> Result<Command, ResourceError> {
        match (own, init) {
            (Some(own), _) => Ok(Command::new(own.argv())),
            (None, Some(init)) => Ok(init.command(&self.name, verb)),
            (None, None) => {
                let message = "neither systemd nor OpenRC is there";
                let help = format!("declare the command `{verb}`");
                Err(ResourceError::new(message).field(verb).help(help))
            }
        }
    }
}

impl Type for Service {
    const WORD: &'static str = "service";

    fn name(&self) -> String {
        self.name.clone()
    }

    fn check(&self) -> Vec<ResourceError> {
        let mut errors = Vec::new();
        let part = |c: char| c.is_ascii_alphanumeric() || "@._-:\\".contains(c);
        if !self.name.chars().all(part) || self.name.starts_with(['.', '-']) || self.name.is_empty()
        {
            let message = format!("`{}` is no name of a service", self.name);
            errors.push(ResourceError::new(message).field("name"));
        }
        let says_nothing = self.enabled.is_none() && self.running.is_none();
        if self.policy == ServicePolicy::Apply && says_nothing {
            let error = ResourceError::new("it says nothing of the service").field("name");
            errors.push(error.help("add `enabled` or `running`, or a policy"));
        }
        let commands = [
            ("status", &self.status),
            ("start", &self.start),
            ("stop", &self.stop),
            ("restart", &self.restart),
            ("reload", &self.reload),
        ];
        for (field, line) in commands {
            errors.extend(line.as_ref().and_then(|line| line.check(field)));
        }
        errors
    }

    fn is_observable(&self, facts: &Facts) -> bool {
        // One that ends by itself does not run when it was started.
        let acts = self.policy != ServicePolicy::Apply || self.running.is_some();
        facts.mode != Mode::Host || !acts
    }

    fn plan(&self, view: &dyn View, facts: &Facts) -> Result<Vec<Change>, ResourceError> {
        let init = InitSystem::of(view)?;
        let mut changes = Vec::new();
        if let Some(enabled) = self.enabled {
            let Some(init) = init else {
                let error = ResourceError::new("neither systemd nor OpenRC is there");
                return Err(error.field("enabled"));
            };
            let change = if enabled { InitSystem::enable } else { InitSystem::disable };
            changes = change(init, view, &self.name)?;
        }
        if facts.mode != Mode::Host {
            return Ok(changes);
        }
        if init == Some(InitSystem::Systemd) && !changes.is_empty() {
            let commands = vec![Command::new(["systemctl", "daemon-reload"])];
            changes.push(Change::new(Op::Run { commands }, "let systemd know"));
        }
        let verb = match (self.policy, self.running) {
            (ServicePolicy::Restart, _) => Some(("restart", &self.restart)),
            (ServicePolicy::Reload, _) => Some(("reload", &self.reload)),
            (ServicePolicy::Apply, None) => None,
            (ServicePolicy::Apply, Some(wanted)) => {
                let status = self.command(init, "status", self.status.as_ref())?;
                let runs = view.probe(&status)?.map(|code| code == 0);
                let verb = if wanted { ("start", &self.start) } else { ("stop", &self.stop) };
                (runs != Some(wanted)).then_some(verb)
            }
        };
        if let Some((verb, own)) = verb {
            let commands = vec![self.command(init, verb, own.as_ref())?];
            changes.push(Change::new(Op::Run { commands }, format!("{verb} {}", self.name)));
        }
        Ok(changes)
    }
}
