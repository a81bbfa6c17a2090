//! The programs that are measured, and how each is told to do the same thing.
//!
//! Invariant: a command line is complete: nothing of a contestant depends on where or in which
//! environment the bench runs.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::project::Sleepers;
use crate::{Result, process};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Operation {
    ColdUp,
    NoOpUp,
    OneChanged,
    Down,
}

impl Operation {
    pub(super) const ALL: [Self; 4] = [Self::ColdUp, Self::NoOpUp, Self::OneChanged, Self::Down];

    pub(super) fn words(self) -> &'static str {
        match self {
            Self::ColdUp => "cold up",
            Self::NoOpUp => "no-op up",
            Self::OneChanged => "one changed, up",
            Self::Down => "down -t 0",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Windlass,
    Compose,
}

#[derive(Clone, Debug)]
pub(super) struct Program {
    kind: Kind,
    path: PathBuf,
}

impl Program {
    pub(super) fn windlass(path: PathBuf) -> Self {
        Self { kind: Kind::Windlass, path }
    }

    pub(super) fn compose(path: PathBuf) -> Self {
        Self { kind: Kind::Compose, path }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn name(&self) -> &'static str {
        match self.kind {
            Kind::Windlass => "windlass",
            Kind::Compose => "compose",
        }
    }

    pub(super) fn version_command(&self) -> Command {
        let mut command = Command::new(&self.path);
        command.arg(match self.kind {
            Kind::Windlass => "--version",
            Kind::Compose => "version",
        });
        command
    }

    pub(super) fn version(&self) -> Result<String> {
        let text = process::capture(&mut self.version_command())?;
        Ok(text.lines().next().unwrap_or_default().into())
    }

    /// Writes the project's file and returns where it is.
    pub(super) fn write(&self, directory: &Path, sleepers: &Sleepers<'_>) -> Result<PathBuf> {
        let (name, text) = match self.kind {
            Kind::Windlass => ("windlass.yaml", sleepers.windlass()),
            Kind::Compose => ("compose.yaml", sleepers.compose()),
        };
        let file = directory.join(format!("{}-{}-{name}", sleepers.count, sleepers.tag));
        std::fs::write(&file, text)?;
        Ok(file)
    }

    pub(super) fn command(
        &self,
        engine: &str,
        file: &Path,
        project: &str,
        operation: Operation,
    ) -> Command {
        let mut command = Command::new(&self.path);
        command.env("DOCKER_HOST", engine).arg("-f").arg(file).args(["-p", project]);
        let words: &[&str] = match (self.kind, operation) {
            (Kind::Windlass, Operation::Down) => &["down", "--yes", "--timeout", "0"],
            // Compose does not wait for more than that they were started.
            (Kind::Windlass, _) => &["up", "--yes", "--no-wait"],
            (Kind::Compose, Operation::Down) => &["--progress", "quiet", "down", "-t", "0"],
            (Kind::Compose, _) => &["--progress", "quiet", "up", "-d"],
        };
        command.args(words);
        command
    }

    /// A plan that asks no engine; only windlass has one.
    pub(super) fn offline_plan(&self, file: &Path) -> Command {
        let mut command = Command::new(&self.path);
        command.env("DOCKER_HOST", "unix:///nowhere").arg("-f").arg(file);
        command.args(["plan", "--offline"]);
        command
    }

    /// Builds a project's images.
    pub(super) fn build(&self, engine: &str, file: &Path, project: &str) -> Command {
        let mut command = Command::new(&self.path);
        command.env("DOCKER_HOST", engine).arg("-f").arg(file).args(["-p", project, "build"]);
        command
    }
}
