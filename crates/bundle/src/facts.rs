//! Facts: where a bundle is applied.
//!
//! Invariant: all that a plan knows of its target beside the file system.

use crate::{ResourceError, View, path};
use serde::{Deserialize, Serialize};

/// What the target is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// An image that is being built.
    Image,
    /// A machine that runs.
    Host,
    /// A directory that is the root of one that does not run.
    #[default]
    Root,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// `ID` of os-release; empty where there is none.
    pub os_id: String,
    pub os_like: Vec<String>,
    /// `VERSION_ID`.
    pub os_version: String,
    /// As in platforms: `amd64`, `arm64`.
    pub arch: String,
    pub mode: Mode,
    /// What is there may be secret: a diff shows nothing of it.
    pub has_secrets: bool,
}

/// Where the two standard places of os-release are, the one that counts first.
const OS_RELEASE: [&str; 2] = ["/etc/os-release", "/usr/lib/os-release"];

impl Facts {
    /// What a file system says of itself.
    ///
    /// # Errors
    ///
    /// If it can't be read.
    pub fn of(view: &dyn View, mode: Mode, arch: &str) -> Result<Self, ResourceError> {
        let mut facts = Self { mode, arch: arch.to_owned(), ..Self::default() };
        for place in OS_RELEASE {
            if let Some(text) = path::read_file(view, place)? {
                facts.read(&String::from_utf8_lossy(&text));
                break;
            }
        }
        Ok(facts)
    }

    fn read(&mut self, text: &str) {
        for (key, value) in text.lines().filter_map(|line| line.split_once('=')) {
            let value = value.trim().trim_matches(['"', '\'']);
            match key.trim() {
                "ID" => value.clone_into(&mut self.os_id),
                "ID_LIKE" => self.os_like = value.split_whitespace().map(str::to_owned).collect(),
                "VERSION_ID" => value.clone_into(&mut self.os_version),
                _ => {}
            }
        }
    }
}
