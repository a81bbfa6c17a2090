//! What a run of the program ended with.
//!
//! Invariant: a check that fails shows the whole run.

use super::plan::Plan;
use serde_json::Value;
use std::time::Duration;

#[derive(Clone, Debug)]
pub(crate) struct Output {
    pub(crate) command: String,
    /// 128 + n where a signal ended it.
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) elapsed: Duration,
}

impl std::fmt::Display for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { command, code, stdout, stderr, elapsed } = self;
        write!(f, "\n$ {command}\nexit code {code} after {elapsed:?}\n--- stdout\n{stdout}")?;
        write!(f, "--- stderr\n{stderr}---\n")
    }
}

impl Output {
    #[track_caller]
    pub(crate) fn code(&self, expected: i32) -> &Self {
        assert_eq!(self.code, expected, "{self}");
        self
    }

    /// Both outputs.
    pub(crate) fn all(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }

    /// Something that is said, on whichever output.
    #[track_caller]
    pub(crate) fn says(&self, text: &str) -> &Self {
        assert!(self.all().contains(text), "{text:?} is not said:{self}");
        self
    }

    #[track_caller]
    pub(crate) fn never_says(&self, text: &str) -> &Self {
        assert!(!self.all().contains(text), "{text:?} is said:{self}");
        self
    }

    /// Every line of standard output as an object; each must be one, with a version and a type.
    #[track_caller]
    pub(crate) fn json(&self) -> Vec<Value> {
        let parse = |line: &str| {
            let value: Value = serde_json::from_str(line)
                .unwrap_or_else(|error| panic!("{error} in {line:?}:{self}"));
            assert!(value["v"].is_u64() && value["type"].is_string(), "{line:?}:{self}");
            value
        };
        self.stdout.lines().map(parse).collect()
    }

    /// The object of this type.
    #[track_caller]
    pub(crate) fn object(&self, kind: &str) -> Value {
        let all = self.json();
        let found = all.into_iter().find(|object| object["type"] == kind);
        found.unwrap_or_else(|| panic!("no {kind:?} in:{self}"))
    }

    /// The plan of a run with `--output json`.
    #[track_caller]
    pub(crate) fn plan(&self) -> Plan {
        Plan::new(self.object("plan"))
    }
}
