//! A command that is run in a container after it was started.
//!
//! Invariant: it is run after each start, unless it is only for the first.

use serde_json::Value;

use super::part::Part;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecCommand(Part);

impl ExecCommand {
    /// One text with quotes as in a shell, or a list of words.
    pub fn new(command: impl Into<Value>) -> Self {
        Self(Part::default().with("cmd", command))
    }

    #[must_use]
    pub fn user(self, user: impl Into<Value>) -> Self {
        Self(self.0.with("user", user))
    }

    /// Once in a container's life.
    #[must_use]
    pub fn initial(self) -> Self {
        Self(self.0.with("policy", "initial"))
    }
}

impl From<&str> for ExecCommand {
    fn from(command: &str) -> Self {
        Self::new(command)
    }
}

impl From<ExecCommand> for Value {
    fn from(command: ExecCommand) -> Self {
        command.0.into()
    }
}
