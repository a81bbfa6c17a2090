//! `package`: packages of the target's system, or none of them.
//!
//! Invariant: what is installed is read from the package manager's own files; only what is missing is asked for.

use super::Type;
use super::group::yes;
use crate::package_system::Installed;
use crate::root::HELP;
use crate::{Change, Facts, Mode, Op, PackageSystem, ResourceError, View};
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PackagePolicy {
    #[default]
    Install,
    Remove,
    /// With what they were configured with.
    Purge,
}

/// Packages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Package {
    /// `nginx`, or `nginx=1.22.1-9` with a version.
    pub names: Vec<String>,
    #[serde(default)]
    pub policy: PackagePolicy,
    /// That of os-release without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manager: Option<PackageSystem>,
    /// With what they recommend but do not need.
    #[serde(default)]
    pub recommends: bool,
    /// Lists are fetched first.
    #[serde(default = "yes")]
    pub update: bool,
    /// Caches do not stay.
    #[serde(default = "yes")]
    pub clean: bool,
}

impl Package {
    pub fn new<T: Into<String>>(names: impl IntoIterator<Item = T>) -> Self {
        Self {
            names: names.into_iter().map(Into::into).collect(),
            policy: PackagePolicy::Install,
            manager: None,
            recommends: false,
            update: true,
            clean: true,
        }
    }

    #[must_use]
    pub fn policy(mut self, policy: PackagePolicy) -> Self {
        self.policy = policy;
        self
    }

    #[must_use]
    pub fn manager(mut self, manager: PackageSystem) -> Self {
        self.manager = Some(manager);
        self
    }

    #[must_use]
    pub fn recommends(mut self) -> Self {
        self.recommends = true;
        self
    }

    /// One transaction of two, if they differ in nothing but names.
    pub(crate) fn joined(&self, other: &Self) -> Option<Self> {
        let mut joined = self.clone();
        for name in &other.names {
            if !joined.names.contains(name) {
                joined.names.push(name.clone());
            }
        }
        let names = joined.names.clone();
        (Self { names, ..other.clone() } == joined).then_some(joined)
    }

    fn of(&self, facts: &Facts) -> Result<PackageSystem, ResourceError> {
        PackageSystem::declared(self.manager, facts)
    }

    /// The names that something is to be done for.
    fn missing(
        &self,
        manager: PackageSystem,
        view: &dyn View,
    ) -> Result<Vec<(&str, Option<&str>)>, ResourceError> {
        let installed = manager.installed(view)?;
        let mut missing = Vec::new();
        for (name, version) in self.names.iter().map(|name| split(name)) {
            let is_wanted = self.policy == PackagePolicy::Install;
            let is_there = match &installed {
                Some(installed) => match installed.get(name) {
                    Some(Installed::Yes(now)) => {
                        !is_wanted || version.is_none_or(|one| now.as_deref() == Some(one))
                    }
                    Some(Installed::Configuration) => self.policy == PackagePolicy::Purge,
                    None => false,
                },
                // What can't be asked is done.
                None => match view.probe(&PackageSystem::question(name, version))? {
                    Some(code) => code == 0,
                    None => !is_wanted,
                },
            };
            if is_there != is_wanted {
                missing.push((name, version));
            }
        }
        Ok(missing)
    }
}

fn split(name: &str) -> (&str, Option<&str>) {
    name.split_once('=').map_or((name, None), |(name, version)| (name, Some(version)))
}

impl Type for Package {
    const WORD: &'static str = "package";

    fn name(&self) -> String {
        self.names.join(" ")
    }

    fn check(&self) -> Vec<ResourceError> {
        let mut errors = Vec::new();
        if self.names.is_empty() {
            errors.push(ResourceError::new("it names no package").field("names"));
        }
        let part = |c: char| c.is_ascii_alphanumeric() || "+-.:_~^@/".contains(c);
        for name in &self.names {
            let (bare, version) = split(name);
            let is_name = |one: &str| {
                one.chars().all(part) && one.starts_with(|c: char| c.is_ascii_alphanumeric())
            };
            if !is_name(bare) || !version.is_none_or(is_name) {
                let message = format!("`{name}` is no name of a package");
                let help = "a name, or a name, `=` and a version";
                errors.push(ResourceError::new(message).field("names").naming(name).help(help));
            }
            if version.is_some() && self.policy != PackagePolicy::Install {
                let message = format!("`{name}`: what is removed has no version");
                errors.push(ResourceError::new(message).field("names").naming(name));
            }
        }
        errors
    }

    fn is_observable(&self, facts: &Facts) -> bool {
        self.of(facts).is_ok_and(|manager| manager != PackageSystem::Dnf)
    }

    fn plan(&self, view: &dyn View, facts: &Facts) -> Result<Vec<Change>, ResourceError> {
        let manager = self.of(facts).map_err(|error| match facts.mode {
            Mode::Root => {
                let message = "packages are not installed in a directory yet";
                ResourceError::new(message).field("names").help(HELP)
            }
            Mode::Image | Mode::Host => error,
        })?;
        let missing = self.missing(manager, view)?;
        if missing.is_empty() {
            return Ok(Vec::new());
        }
        let names: Vec<&str> = missing.iter().map(|(name, _)| *name).collect();
        let (word, commands) = match self.policy {
            PackagePolicy::Install => {
                let place = (facts.mode, self.clean);
                ("install", manager.install(&missing, self.recommends, self.update, place))
            }
            PackagePolicy::Remove => ("remove", manager.remove(&names, false)),
            PackagePolicy::Purge => ("purge", manager.remove(&names, true)),
        };
        Ok(vec![Change::new(Op::Run { commands }, format!("{word} {}", names.join(", ")))])
    }
}
