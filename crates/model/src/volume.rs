//! Volumes as declared.
//!
//! Invariant: nothing that windlass plans recreates a volume; a difference is a blocker.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// `volumes.<key>` that is a volume on an engine (an alias that only names a path is resolved when
/// the file is loaded).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VolumeSpec {
    pub key: String,
    /// `<project>.<key>`, or what `name` says.
    pub name: String,
    /// Must be there already; never created or removed.
    pub external: bool,
    pub config: VolumeConfig,
    /// Owner and permissions of the volume's root directory, set when the volume is created.
    pub owner: Option<VolumeOwner>,
}

/// What the engine is told about a volume.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VolumeConfig {
    /// `None` is `local`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub driver: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub driver_options: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

/// The container that says that a volume has not got its owner yet: it is there before the volume is,
/// and goes when the owner is given. No engine can be asked whose a volume's root is.
pub fn mark(volume: &str) -> String {
    format!("{volume}.windlass-owner")
}

/// The container that carries the owner to a volume: it mounts it.
pub fn carrier(volume: &str) -> String {
    format!("{volume}.windlass-carrier")
}

/// Whether a container of this name, which is of no address, is one of these two.
pub fn is_errand(name: &str) -> bool {
    name.ends_with(".windlass-owner") || name.ends_with(".windlass-carrier")
}

/// Owner and permissions of a directory, in numbers: nothing in an image is asked for names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VolumeOwner {
    pub uid: u32,
    pub gid: u32,
    /// Permission bits; default 0o755.
    pub mode: u32,
}

impl fmt::Display for VolumeOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{} {:04o}", self.uid, self.gid, self.mode)
    }
}
