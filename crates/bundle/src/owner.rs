//! Owners: numbers, and the names that stand for them in a target's own files.
//!
//! Invariant: names are looked up in the target's passwd and group, never in this machine's.

use crate::accounts::{NUMBER, field};
use crate::{Records, ResourceError, View};
use serde::{Deserialize, Serialize};

/// User and group of a file, as numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    pub uid: u32,
    pub gid: u32,
}

/// A user or group as it is declared: `www-data` or `33`. A text of digits is a number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
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
        name.to_owned().into()
    }
}

impl From<String> for OwnerName {
    fn from(name: String) -> Self {
        name.parse().map_or(Self::Name(name), Self::Number)
    }
}

impl From<OwnerName> for String {
    fn from(owner: OwnerName) -> Self {
        match owner {
            OwnerName::Number(number) => number.to_string(),
            OwnerName::Name(name) => name,
        }
    }
}

/// Whether processes of a target can run as a user, `name` or `name:group`. Numbers need no line anywhere.
///
/// # Errors
///
/// The name that the target does not have.
pub fn check_user(view: &dyn View, user: &str) -> Result<(), ResourceError> {
    let (user, group) = user.split_once(':').map_or((user, None), |(one, two)| (one, Some(two)));
    OwnerName::from(user).uid(view)?;
    group.map_or(Ok(0), |group| OwnerName::from(group).gid(view)).map(drop)
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
        (declared, word): (&'static str, &str),
    ) -> Result<u32, ResourceError> {
        let name = match self {
            Self::Number(number) => return Ok(*number),
            Self::Name(name) => name,
        };
        let records = Records::open(view, file)?;
        let number = records.line(name).and_then(|line| field(line, NUMBER)?.parse().ok());
        number.ok_or_else(|| {
            let message = format!("there is no {word} called `{name}` in {file}");
            let help = format!("declare it before with a `{word}` resource, or give its number");
            ResourceError::new(message).field(declared).help(help)
        })
    }

    /// The group that a user has in a target: that of its passwd line; of a number that nobody has, the same.
    pub(crate) fn primary_group(&self, view: &dyn View) -> Result<u32, ResourceError> {
        let uid = self.uid(view)?;
        let records = Records::open(view, "/etc/passwd")?;
        let line = records.line_of(&uid.to_string());
        Ok(line.and_then(|line| field(line, 3)?.parse().ok()).unwrap_or(uid))
    }
}
