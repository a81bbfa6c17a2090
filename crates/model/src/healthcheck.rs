//! Health checks.
//!
//! Invariant: durations are whole nanoseconds, as the engine keeps them.

use serde::{Deserialize, Serialize};
use std::fmt;

/// What a health check runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HealthTest {
    /// The image's own test.
    Inherit,
    /// No check, even if the image has one.
    Disabled,
    /// A program and its arguments.
    Exec(Vec<String>),
    /// A line for the container's shell.
    Shell(String),
}

impl fmt::Display for HealthTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inherit => f.write_str("the image's"),
            Self::Disabled => f.write_str("none"),
            Self::Exec(argv) => write!(f, "{argv:?}"),
            Self::Shell(line) => write!(f, "{line:?}"),
        }
    }
}

/// A health check. Zero durations and counts mean the engine's default (30 s, 30 s, 3, 0 s).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Healthcheck {
    pub test: HealthTest,
    #[serde(default)]
    pub interval_ns: u64,
    #[serde(default)]
    pub timeout_ns: u64,
    #[serde(default)]
    pub start_period_ns: u64,
    /// Only engines from API 1.44 know it.
    #[serde(default)]
    pub start_interval_ns: u64,
    #[serde(default)]
    pub retries: u32,
}

impl Healthcheck {
    pub fn disabled() -> Self {
        Self::of(HealthTest::Disabled)
    }

    pub fn of(test: HealthTest) -> Self {
        Self {
            test,
            interval_ns: 0,
            timeout_ns: 0,
            start_period_ns: 0,
            start_interval_ns: 0,
            retries: 0,
        }
    }

    /// Whether there is a check to wait for.
    pub fn is_active(&self) -> bool {
        self.test != HealthTest::Disabled
    }

    /// How long a container may take until this check has surely passed or failed, in
    /// milliseconds: start period, then every retry with its interval and timeout; at least 30 s.
    /// The rule is `start_period + interval × (retries + 1) + timeout`.
    pub fn deadline_ms(&self) -> u64 {
        let or =
            |value: u64, default_s: u64| if value == 0 { default_s * 1_000_000_000 } else { value };
        let retries = if self.retries == 0 { 3 } else { u64::from(self.retries) };
        let total = self
            .start_period_ns
            .saturating_add(or(self.interval_ns, 30).saturating_mul(retries + 1))
            .saturating_add(or(self.timeout_ns, 30));
        (total / 1_000_000).max(30_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadline() {
        let mut check = Healthcheck::of(HealthTest::Shell("true".into()));
        assert_eq!(check.deadline_ms(), 150_000);
        check.interval_ns = 1_000_000_000;
        check.timeout_ns = 1_000_000_000;
        check.retries = 2;
        assert_eq!(check.deadline_ms(), 30_000);
        check.start_period_ns = 60_000_000_000;
        assert_eq!(check.deadline_ms(), 64_000);
    }
}
