//! What one run leaves to the next: watchers that were not applied since what they watch changed.
//!
//! Invariant: the file is there whole or not at all, and not there if nothing is left.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// See the module.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    version: u32,
    /// Typed ids.
    pending: BTreeSet<String>,
}

const VERSION: u32 = 1;

/// The file, and what is in it.
#[derive(Debug)]
pub(crate) struct State {
    path: Option<PathBuf>,
    pub(crate) pending: BTreeSet<String>,
}

impl State {
    /// Without a path nothing is kept.
    pub(crate) fn open(path: Option<PathBuf>) -> io::Result<Self> {
        let Some(place) = &path else { return Ok(Self { path, pending: BTreeSet::new() }) };
        let failed = |error: &dyn std::fmt::Display| {
            let place = place.display();
            let help =
                "if it is removed, what waits for changes of earlier runs is not caught up on";
            io::Error::other(format!("the state in {place} cannot be used: {error}; {help}"))
        };
        let text = match fs::read(place) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            text => text.map_err(|error| failed(&error))?,
        };
        if text.is_empty() {
            return Ok(Self { path, pending: BTreeSet::new() });
        }
        let kept: Kept = serde_json::from_slice(&text).map_err(|error| failed(&error))?;
        if kept.version != VERSION {
            return Err(failed(&format!("it is of version {}", kept.version)));
        }
        Ok(Self { path, pending: kept.pending })
    }

    /// Makes the file what this is.
    pub(crate) fn save(&self) -> io::Result<()> {
        let Some(path) = &self.path else { return Ok(()) };
        let directory = path.parent().filter(|one| !one.as_os_str().is_empty());
        let directory = directory.unwrap_or(Path::new("."));
        if self.pending.is_empty() {
            return match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            };
        }
        fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
        let mut beside = path.clone().into_os_string();
        beside.push(".new");
        let mut options = File::options();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
        let kept = Kept { version: VERSION, pending: self.pending.clone() };
        file.write_all(&serde_json::to_vec(&kept)?)?;
        file.sync_all()?;
        fs::rename(&beside, path)?;
        File::open(directory)?.sync_all()
    }
}
