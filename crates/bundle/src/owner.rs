//! Owners: numbers, and the names that stand for them in a target's own files.
//!
//! Invariant: names are looked up in the target's passwd and group, never in this machine's.

use crate::{ResourceError, View, path};
use serde::{Deserialize, Serialize};

/// User and group of a file, as numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    pub uid: u32,
    pub gid: u32,
}

/// A user or group as it is declared: `www-data` or `33`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum OwnerName {
    Number(u32),
    Name(String),
}

impl From<u32> for OwnerName {
    fn from(number: u32) -> Self {
        Self::Number(number)
    }
}

impl From<&str> for OwnerName {
    fn from(name: &str) -> Self {
        name.parse().map_or_else(|_| Self::Name(name.to_owned()), Self::Number)
    }
}

impl OwnerName {
    /// The user's number in a target.
    pub(crate) fn uid(&self, view: &dyn View) -> Result<u32, ResourceError> {
        self.number(view, "/etc/passwd", ("owner", "user"))
    }

    pub(crate) fn gid(&self, view: &dyn View) -> Result<u32, ResourceError> {
        self.number(view, "/etc/group", ("group", "group"))
    }

    /// The number of the third field of the line that begins with the name.
    fn number(
        &self,
        view: &dyn View,
        file: &str,
        (field, word): (&'static str, &str),
    ) -> Result<u32, ResourceError> {
        let name = match self {
            Self::Number(number) => return Ok(*number),
            Self::Name(name) => name,
        };
        let text = path::read_file(view, file)?.unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let mut lines = text.lines().map(|line| line.split(':').collect::<Vec<_>>());
        let found = lines.find(|fields| fields[0] == name);
        found.and_then(|fields| fields.get(2)?.parse().ok()).ok_or_else(|| {
            let message = format!("there is no {word} called `{name}` in {file}");
            let help = format!("declare it before with a `{word}` resource, or give its number");
            ResourceError::new(message).field(field).help(help)
        })
    }

    /// The group that a user has in a target: that of its passwd line; of a number that nobody has, the same.
    pub(crate) fn primary_group(&self, view: &dyn View) -> Result<u32, ResourceError> {
        let uid = self.uid(view)?;
        let text = path::read_file(view, "/etc/passwd")?.unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let mut lines = text.lines().map(|line| line.split(':').collect::<Vec<_>>());
        let found = lines.find(|fields| fields.get(2).is_some_and(|one| *one == uid.to_string()));
        Ok(found.and_then(|fields| fields.get(3)?.parse().ok()).unwrap_or(uid))
    }
}
