//! Who runs a command.
//!
//! Invariant: the groups are all that the target's files give the user, and none of those who start it.

use crate::{OwnerName, ResourceError, View, path};
use serde::{Deserialize, Serialize};

/// A user with its groups, as numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    pub uid: u32,
    pub gid: u32,
    /// Beside `gid`, sorted.
    pub groups: Vec<u32>,
    /// Its name; the number of one that has none.
    pub name: String,
    pub home: String,
}

impl Credentials {
    pub(crate) fn of(
        view: &dyn View,
        user: &OwnerName,
        group: Option<&OwnerName>,
    ) -> Result<Self, ResourceError> {
        let uid = user.uid(view)?;
        let gid = match group {
            Some(group) => group.gid(view)?,
            None => user.primary_group(view)?,
        };
        let text = path::read_file(view, "/etc/passwd")?.unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let mut rows = text.lines().map(|line| line.split(':').collect::<Vec<_>>());
        let number = uid.to_string();
        let row = rows.find(|row| row.get(2).is_some_and(|one| *one == number));
        let field =
            |at: usize| row.as_ref().and_then(|row| row.get(at)).map(|one| (*one).to_owned());
        let name = field(0).unwrap_or(number);
        let home = field(5).filter(|home| !home.is_empty()).unwrap_or_else(|| "/".to_owned());
        let text = path::read_file(view, "/etc/group")?.unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let rows = text.lines().map(|line| line.split(':').collect::<Vec<_>>());
        let with = rows
            .filter(|row| row.get(3).is_some_and(|in_it| in_it.split(',').any(|one| one == name)));
        let mut groups: Vec<u32> = with.filter_map(|row| row[2].parse().ok()).collect();
        groups.sort_unstable();
        groups.dedup();
        Ok(Self { uid, gid, groups, name, home })
    }
}
