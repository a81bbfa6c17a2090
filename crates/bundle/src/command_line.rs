//! Command lines, as they are declared.
//!
//! Invariant: only what is said to be for a shell goes through one.

use crate::ResourceError;
use serde::{Deserialize, Serialize};

/// What is run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommandLine {
    /// A program and its arguments.
    Argv(Vec<String>),
    /// A script for `/bin/sh`, which ends with the first command that fails.
    Sh(String),
}

impl CommandLine {
    /// The program and its arguments.
    pub fn argv(&self) -> Vec<String> {
        match self {
            Self::Argv(argv) => argv.clone(),
            Self::Sh(script) => ["/bin/sh", "-ec", script].map(str::to_owned).to_vec(),
        }
    }

    /// For people: the words of a program, or the first line of a script.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Argv(argv) => argv.join(" "),
            Self::Sh(script) => {
                let mut lines = script.lines().filter(|line| !line.trim().is_empty());
                let first = lines.next().unwrap_or_default().trim().to_owned();
                if lines.next().is_some() { format!("{first} …") } else { first }
            }
        }
    }

    pub(crate) fn check(&self, field: &'static str) -> Option<ResourceError> {
        let is_empty = match self {
            Self::Argv(argv) => argv.first().is_none_or(String::is_empty),
            Self::Sh(script) => script.trim().is_empty(),
        };
        let argv = self.argv();
        let has_zero = argv.iter().any(|one| one.contains('\0'));
        (is_empty || has_zero)
            .then(|| ResourceError::new("there is nothing that could be run").field(field))
    }
}

impl From<&str> for CommandLine {
    fn from(script: &str) -> Self {
        Self::Sh(script.to_owned())
    }
}

impl<const N: usize> From<[&str; N]> for CommandLine {
    fn from(argv: [&str; N]) -> Self {
        Self::Argv(argv.map(str::to_owned).to_vec())
    }
}

impl From<String> for CommandLine {
    fn from(script: String) -> Self {
        Self::Sh(script)
    }
}
