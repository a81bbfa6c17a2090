//! A run of the program, said in a few words: `Test::new().file(…).args([…]).code(0)`.
//!
//! Invariant: nothing of the machine's environment is seen but what a test gives.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// What a test gives and expects.
pub(crate) struct Test {
    directory: TempDir,
    arguments: Vec<String>,
    variables: BTreeMap<String, String>,
    stdin: Option<String>,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: i32,
}

impl Test {
    pub(crate) fn new() -> Self {
        let nowhere = ("DOCKER_HOST", "unix:///nowhere/docker.sock");
        let variables = [("PATH", "/usr/bin:/bin"), nowhere];
        Self {
            directory: tempfile::tempdir().unwrap(),
            arguments: Vec::new(),
            variables: variables.map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
            stdin: None,
        }
    }

    /// A project in `windlass.yaml`.
    pub(crate) fn project(text: &str) -> Self {
        Self::new().file("windlass.yaml", text)
    }

    pub(crate) fn file(self, path: &str, text: &str) -> Self {
        let path = self.directory.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    pub(crate) fn args<const N: usize>(mut self, arguments: [&str; N]) -> Self {
        self.arguments.extend(arguments.map(str::to_owned));
        self
    }

    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    pub(crate) fn stdin(mut self, text: &str) -> Self {
        self.stdin = Some(text.to_owned());
        self
    }

    /// Whether a file is there.
    pub(crate) fn exists(&self, path: &str) -> bool {
        self.directory.path().join(path).exists()
    }

    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// What is run, for tests that run it in their own way.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_windlass"));
        command.args(&self.arguments).current_dir(self.directory.path());
        command.env_clear().envs(&self.variables).stdin(Stdio::null());
        command
    }

    /// Starts it; nobody hears what it says.
    pub(crate) fn spawn(&self) -> Child {
        self.command().stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// Runs it. The test's directory is `[DIR]` in what it printed.
    pub(crate) fn run(&self) -> Ended {
        let mut child = self
            .command()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // A program that does not read may have ended before.
        let _ = stdin.write_all(self.stdin.as_deref().unwrap_or_default().as_bytes());
        drop(stdin);
        let output = child.wait_with_output().unwrap();
        let directory = self.directory.path().display().to_string();
        let text = |bytes| String::from_utf8(bytes).unwrap().replace(&directory, "[DIR]");
        Ended {
            stdout: text(output.stdout),
            stderr: text(output.stderr),
            code: output.status.code().unwrap_or(-1),
        }
    }

    /// Runs it; it must end with this code.
    #[track_caller]
    pub(crate) fn code(&self, code: i32) -> Ended {
        let ended = self.run();
        assert_eq!(ended.code, code, "stdout:\n{}\nstderr:\n{}", ended.stdout, ended.stderr);
        ended
    }
}

impl Ended {
    /// What was printed must be this.
    #[track_caller]
    pub(crate) fn stdout(self, expected: &str) -> Self {
        assert_eq!(self.stdout, expected, "stderr:\n{}", self.stderr);
        self
    }

    /// Standard error must have each of these, in this order.
    #[track_caller]
    pub(crate) fn complains<const N: usize>(self, expected: [&str; N]) -> Self {
        let mut rest = self.stderr.as_str();
        for text in expected {
            let Some((_, after)) = rest.split_once(text) else {
                panic!("no {text:?} in:\n{}", self.stderr);
            };
            rest = after;
        }
        self
    }
}
