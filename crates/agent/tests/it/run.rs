//! A run of the agent on a temporary directory.
//!
//! Invariant: the program that was built with these tests is run, with a bundle on its standard input.

use serde_json::Value;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use windlass_bundle::Bundle;

pub(crate) struct Place {
    directory: tempfile::TempDir,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) lines: Vec<Value>,
    pub(crate) said: String,
}

impl Ran {
    /// The ids of resources that were changed.
    pub(crate) fn changed(&self) -> Vec<&str> {
        let changed = |line: &&Value| line["changes"].as_array().is_some_and(|all| !all.is_empty());
        self.lines.iter().filter(changed).filter_map(|line| line["id"].as_str()).collect()
    }

    pub(crate) fn error(&self) -> &str {
        let error = self.lines.iter().find_map(|line| line["error"].as_str());
        error.unwrap_or_else(|| panic!("{self:?}"))
    }

    /// The exit code of a command that failed, and what it said.
    pub(crate) fn end(&self) -> (Option<i64>, String) {
        let failed = self.lines.iter().find(|line| line["error"].is_string());
        let failed = failed.unwrap_or_else(|| panic!("{self:?}"));
        let said = failed["said"].as_array().into_iter().flatten().filter_map(Value::as_str);
        (failed["exit_code"].as_i64(), said.collect::<Vec<_>>().join("\n"))
    }
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.directory.path().join(name).to_str().unwrap().to_owned()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        PathBuf::from(self.path(name)).exists()
    }

    pub(crate) fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    pub(crate) fn run(&self, arguments: &[&str], bundle: &Bundle) -> Ran {
        self.run_with(arguments, &bundle.to_json())
    }

    /// Its exit code, none if it was killed, and its lines.
    pub(crate) fn talk(
        &self,
        arguments: &[&str],
        variable: Option<(&str, String)>,
        input: &str,
    ) -> (Option<i32>, Vec<Value>) {
        let output = self.output(arguments, variable, input);
        let text = String::from_utf8(output.stdout).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        (output.status.code(), lines)
    }

    pub(crate) fn run_with(&self, arguments: &[&str], input: &str) -> Ran {
        let output = self.output(arguments, None, input);
        let text = String::from_utf8(output.stdout).unwrap();
        Ran {
            code: output.status.code().unwrap(),
            lines: text.lines().map(|line| serde_json::from_str(line).unwrap()).collect(),
            said: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_windlass-agent"));
        command.args(arguments).current_dir(self.directory.path());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// One that is talked with while it runs.
    pub(crate) fn start(&self, arguments: &[&str]) -> Child {
        self.command(arguments).spawn().unwrap()
    }

    fn output(&self, arguments: &[&str], variable: Option<(&str, String)>, input: &str) -> Output {
        let mut child = self.command(arguments).envs(variable).spawn().unwrap();
        // It may have ended before it read all.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap()
    }
}
