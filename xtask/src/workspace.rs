//! Where things are: the repository, cargo, the places for what chores keep.
//!
//! Invariant: nothing outside the target directory is written, but for docs/benchmarks.md and sockets.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::{Result, process};

/// The repository's root.
pub(crate) fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// The target directory, as `CARGO_TARGET_DIR` has it or beside the workspace.
pub(crate) fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(directory) => root().join(directory),
        None => root().join("target"),
    }
}

/// A place for a chore's own files, made if it is not there.
pub(crate) fn keep(name: &str) -> Result<PathBuf> {
    let directory = target().join("xtask").join(name);
    std::fs::create_dir_all(&directory)?;
    Ok(directory)
}

/// The target triple of this machine's own toolchain.
pub(crate) fn host() -> Result<String> {
    let text = process::capture(Command::new("rustc").arg("-vV"))?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.ok_or("rustc -vV names no host")?.into())
}

/// Builds a program of the workspace and returns where it is.
pub(crate) fn build(package: &str, program: &str, release: bool) -> Result<PathBuf> {
    let mut command = cargo();
    command.args(["build", "--package", package, "--bin", program]);
    command.args(["--message-format", "json-render-diagnostics"]);
    if release {
        command.arg("--release");
    }
    command.stderr(std::process::Stdio::inherit());
    let output = process::output(&mut command)?;
    if !output.status.success() {
        return Err(format!("`{}` failed", process::shown(&command)).into());
    }
    let messages = String::from_utf8_lossy(&output.stdout);
    let executable = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == program)
        .find_map(|message| message["executable"].as_str().map(PathBuf::from));
    executable.ok_or_else(|| format!("cargo built no program called {program}").into())
}
