//! What an agent on a host is asked for and answers, each a line of JSON: [`Ask`] and [`Answer`].
//!
//! Invariant: nothing is changed before it was planned, shown and asked for.

use crate::{Bundle, ErrorReport, ResourceReport, Secrets};
use serde::{Deserialize, Serialize};

/// To the agent.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    /// First of all. Its files are called `assets/SHA256`. The answer is `Needs`.
    Bundle(Bundle),
    /// Values that commands of the bundle are given; they are kept in memory. No answer.
    Secrets(Secrets),
    /// A file that is needed: so many bytes follow the line. No answer.
    Asset { digest: String, size: u64 },
    /// The answer is every resource, then `End`.
    Plan,
    /// Does what was planned last, if that is still what is to be done. Every resource that is done is an answer, then `End`.
    Apply,
}

/// From the agent.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Digests of files that are not there yet.
    Needs(Vec<String>),
    Resource(ResourceReport),
    Failed(ErrorReport),
    End(End),
}

/// How something that was asked for ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// Planned, or applied.
    Done,
    /// What is to be done is no longer what was planned: the answers before it say what it is now, and nothing was changed.
    Differs,
    /// Another run is applying something; nothing was changed.
    Held,
    Failed,
}
