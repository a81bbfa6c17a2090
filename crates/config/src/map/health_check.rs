//! How an engine finds out whether a container is healthy.
//!
//! Invariant: what is not set is the image's.

use serde_json::Value;

use super::part::Part;

/// Times are a number and a unit: `"10s"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthCheck(Part);

impl HealthCheck {
    /// A line for the container's shell, or a list of words that are run as they are.
    pub fn new(test: impl Into<Value>) -> Self {
        Self(Part::default().with("test", test))
    }

    /// Also none of the image's.
    pub fn disabled() -> Self {
        Self(Part::default().with("disable", true))
    }

    #[must_use]
    pub fn interval(self, time: impl Into<String>) -> Self {
        Self(self.0.with("interval", time.into()))
    }

    #[must_use]
    pub fn timeout(self, time: impl Into<String>) -> Self {
        Self(self.0.with("timeout", time.into()))
    }

    #[must_use]
    pub fn retries(self, count: u32) -> Self {
        Self(self.0.with("retries", count))
    }

    #[must_use]
    pub fn start_period(self, time: impl Into<String>) -> Self {
        Self(self.0.with("start_period", time.into()))
    }
}

impl From<HealthCheck> for Value {
    fn from(check: HealthCheck) -> Self {
        check.0.into()
    }
}
