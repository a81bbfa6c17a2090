//! Lease: a container of its own for whoever asked for it.
//!
//! Invariant: one that is ready says where it can be reached.

use serde::Serialize;
use std::collections::BTreeMap;

use crate::wish::What;

/// Where one port of a container can be reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Port {
    pub host: String,
    pub port: u16,
}

/// A container that is ready.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Served {
    /// Its id.
    pub container: String,
    pub name: String,
    /// The name of its engine in the file.
    pub engine: String,
    /// Where each of its ports can be reached on the engine's host: `80/tcp`, `53/udp`.
    pub ports: BTreeMap<String, Vec<Port>>,
    /// Its address in each of its networks.
    pub addresses: BTreeMap<String, String>,
}

/// How far a lease is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Its container is made, started, or waited for.
    Starting,
    Ready,
    /// Its program has ended by itself; its log can still be read.
    Exited,
    /// Its container is being removed.
    Ending,
}

/// A lease, as it is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Lease {
    pub id: String,
    pub of: What,
    pub status: Status,
    /// Whether it goes with the connection that asked for it.
    pub held: bool,
    /// Without a renewal it ends so many seconds after it became ready, or after the last one; none for one that is held.
    pub ttl_s: Option<u64>,
    /// How many of them are left.
    pub left_s: Option<u64>,
    /// Once it is ready.
    pub served: Option<Served>,
    /// How its program ended, once that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i64>,
}
