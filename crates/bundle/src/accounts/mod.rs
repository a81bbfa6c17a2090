//! The users and groups of a target: its passwd, group, shadow and gshadow.
//!
//! Invariant: the same files give the same numbers; passwd is written last, so that what failed half way is done again.

pub(crate) mod home;
mod memory;
mod records;
mod table;

pub(crate) use memory::Memory;
pub use records::Records;
pub(crate) use records::{NUMBER, field};
pub(crate) use table::Table;

use crate::{Change, Op, Owner, ResourceError, View, path};
use std::collections::BTreeSet;
use std::ops::RangeInclusive;

/// Debian's: numbers of the system, and of people.
const SYSTEM: RangeInclusive<u32> = 100..=999;
const PEOPLE: RangeInclusive<u32> = 1000..=59_999;

const ROOT: Owner = Owner { uid: 0, gid: 0 };

/// See the module.
pub(crate) struct Accounts {
    pub(crate) passwd: Table,
    pub(crate) group: Table,
    pub(crate) shadow: Table,
    pub(crate) gshadow: Table,
}

impl Accounts {
    pub(crate) fn open(view: &dyn View) -> Result<Self, ResourceError> {
        let group = Table::open(view, "/etc/group", (ROOT, 0o644))?;
        let gid = |row: Vec<String>| row.get(2)?.parse().ok();
        // Where there is no such group, nobody but root reads them.
        let hidden = match group.row("shadow").and_then(gid) {
            Some(gid) => (Owner { uid: 0, gid }, 0o640),
            None => (ROOT, 0o600),
        };
        Ok(Self {
            group,
            passwd: Table::open(view, "/etc/passwd", (ROOT, 0o644))?,
            shadow: Table::open(view, "/etc/shadow", hidden)?,
            gshadow: Table::open(view, "/etc/gshadow", hidden)?,
        })
    }

    /// The lowest number that nobody has.
    pub(crate) fn free(
        system: bool,
        word: &str,
        used: &BTreeSet<u32>,
    ) -> Result<u32, ResourceError> {
        let mut range = if system { SYSTEM } else { PEOPLE };
        let free = range.find(|number| !used.contains(number));
        free.ok_or_else(|| ResourceError::new(format!("no number is free for the {word}")))
    }

    pub(crate) fn gid(&self, name: &str) -> Option<u32> {
        self.group.row(name)?.get(2)?.parse().ok()
    }

    /// Adds a group; without a number it gets one.
    pub(crate) fn add_group(
        &mut self,
        name: &str,
        gid: Option<u32>,
        system: bool,
    ) -> Result<u32, ResourceError> {
        let gid = match gid {
            Some(gid) => gid,
            None => Self::free(system, "group", &self.group.numbers(2))?,
        };
        let reason = format!("add the group {name} with gid {gid}");
        let row = [name, "x", &gid.to_string(), ""].map(str::to_owned);
        self.group.set(&row, reason.clone());
        if self.gshadow.is_there() {
            self.gshadow.set(&[name, "!", "", ""].map(str::to_owned), reason);
        }
        Ok(gid)
    }

    /// Groups that one is in beside its own.
    pub(crate) fn groups_of(&self, member: &str) -> Vec<String> {
        let mut names = self.group.names_with(3, member);
        let hidden = self.gshadow.names_with(3, member);
        names.extend(hidden.into_iter().filter(|name| self.group.has(name)));
        names
    }

    /// Changes who is in a group beside those whose own it is.
    pub(crate) fn set_members(&mut self, group: &str, change: impl Fn(&mut Vec<String>)) {
        for table in [&mut self.group, &mut self.gshadow] {
            table.set_list(group, 3, &change);
        }
    }

    /// What is to be written; `before_passwd` comes before a user is there.
    pub(crate) fn changes(
        self,
        view: &dyn View,
        before_passwd: Vec<Change>,
    ) -> Result<Vec<Change>, ResourceError> {
        let mut changes: Vec<Change> = Vec::new();
        for table in [self.group, self.gshadow, self.shadow] {
            changes.extend(table.change(view)?);
        }
        changes.extend(before_passwd);
        changes.extend(self.passwd.change(view)?);
        let etc = path::follow(view, "/etc")?;
        if !changes.is_empty() && view.metadata(&etc)?.is_none() {
            let op = Op::MakeDirectory { path: etc, owner: ROOT, mode: 0o755 };
            changes.insert(0, Change::new(op, "create"));
        }
        Ok(changes)
    }
}

/// What is wrong with the name of a user or a group.
pub(crate) fn check_name(name: &str) -> Option<ResourceError> {
    let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let rest = name.strip_suffix('$').unwrap_or(name);
    let is_number = rest.chars().all(|c| c.is_ascii_digit());
    let is_name = rest.chars().all(part) && !rest.starts_with(['-', '.']) && !is_number;
    (!is_name || name.len() > 32).then(|| {
        let message = format!("`{name}` is no name of a user or a group");
        let help = "letters, digits, `_`, `-` and `.`; at most 32, and not only digits";
        ResourceError::new(message).field("name").help(help)
    })
}

/// A number that somebody else has.
pub(crate) fn taken(word: &str, field: &'static str, number: u32, by: &str) -> ResourceError {
    ResourceError::new(format!("the {word} {number} is that of `{by}`")).field(field)
}
