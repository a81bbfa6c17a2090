//! Readiness beyond the health check, and commands that run inside a started container.
//!
//! Invariant: every wait has a deadline.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `containers.<n>.wait`: all of `conditions` must hold within `timeout_ms`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitSpec {
    pub conditions: Vec<WaitCondition>,
    /// Default 60,000.
    pub timeout_ms: u64,
    /// Between two looks at what the engine has no event for; default 250.
    pub interval_ms: u64,
}

/// One thing to wait for. None of them needs anything installed in the image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WaitCondition {
    FileExists(String),
    /// The file holds this text (without its last line end).
    FileValue {
        path: String,
        value: String,
    },
    /// A TCP port of the container accepts a connection.
    PortOpen(u16),
    /// A GET of this path on this port answers with a status below 400.
    Http {
        port: u16,
        path: String,
    },
    /// A program run in the container ends with exit code 0.
    Command(Vec<String>),
    /// A line of the log holds this text.
    Log(String),
}

/// When an exec command runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExecPolicy {
    /// Once in a container's life, after its first start.
    Initial,
    /// After every start.
    #[default]
    Restart,
}

/// `exec_commands`: a command run in a container after its start; its exit code is checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecSpec {
    pub argv: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workdir: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
    #[serde(default)]
    pub policy: ExecPolicy,
}
