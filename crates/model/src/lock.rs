//! The lock of a project: who changes it now.
//!
//! Invariant: a lock is a container that is never started, known by its name; it has no label of a
//! project, so that nothing takes it for a part of one.

use crate::name::{ContainerId, EngineName, ProjectName};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The project that a lock is for. Not below `dev.windlass.`: that is what objects of projects have.
pub const PROJECT: &str = "dev.windlass-lock.project";
/// Who has it, as JSON.
pub const HOLDER: &str = "dev.windlass-lock.holder";

/// The name of a project's lock on every engine.
pub fn name(project: &ProjectName) -> String {
    format!("windlass-lock.{project}")
}

/// A run of windlass that holds a lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Tells this run from every other.
    pub token: String,
    pub user: String,
    pub host: String,
    /// What says whether the process can be looked for from here: the machine, its present start,
    /// and the name space of process numbers. Empty where that is not known.
    pub machine: String,
    pub boot: String,
    pub namespace: String,
    pub process: u32,
    /// When the process began, in the words of the system: numbers are given again.
    pub began: String,
    /// `windlass up`.
    pub command: String,
    /// Seconds since 1970, by the holder's clock.
    pub since_s: i64,
}

impl Holder {
    /// A run of which nothing is known.
    pub fn nobody() -> Self {
        Self {
            token: String::new(),
            user: String::new(),
            host: String::new(),
            machine: String::new(),
            boot: String::new(),
            namespace: String::new(),
            process: 0,
            began: String::new(),
            command: String::new(),
            since_s: 0,
        }
    }

    /// Whether both are of one process, which may hold several things.
    pub fn is_of_process(&self, other: &Self) -> bool {
        let place = |one: &Self| {
            let Self { machine, boot, namespace, process, began, .. } = one.clone();
            (machine, boot, namespace, process, began)
        };
        self.token == other.token || (!self.began.is_empty() && place(self) == place(other))
    }

    /// The labels of the lock.
    pub fn labels(&self, project: &ProjectName) -> BTreeMap<String, String> {
        let text = serde_json::to_string(self).expect("invariant: a holder is plain data");
        [(PROJECT.to_owned(), project.to_string()), (HOLDER.to_owned(), text)].into()
    }

    /// Whoever holds a lock with these labels; `None` if they are not a lock's of this project.
    pub fn read(project: &ProjectName, labels: &BTreeMap<String, String>) -> Option<Self> {
        labels.get(PROJECT).filter(|name| **name == project.0)?;
        serde_json::from_str(labels.get(HOLDER)?).ok()
    }
}

/// A lock that somebody has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldLock {
    pub engine: EngineName,
    pub container: ContainerId,
    /// `None`: something that is no lock has its name.
    pub holder: Option<Holder>,
}
