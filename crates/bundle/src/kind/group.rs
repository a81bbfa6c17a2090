//! `group`: a group of the target, or none.
//!
//! Invariant: the target's own files are edited, so that it works where no program could do it.

use super::Type;
use crate::accounts::{Accounts, check_name, taken};
use crate::{Change, Facts, ResourceError, View};
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupPolicy {
    #[default]
    Apply,
    Remove,
}

/// A group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    pub name: String,
    #[serde(default)]
    pub policy: GroupPolicy,
    /// Without one it keeps its number, or gets the lowest that is free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gid: Option<u32>,
    /// A new number is one of the system's, 100 to 999, and not one from 1000 on.
    #[serde(default)]
    pub system: bool,
    /// Who is in it; they need not be there yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members: Option<Vec<String>>,
    /// Other members stay.
    #[serde(default = "yes")]
    pub append: bool,
}

pub(crate) fn yes() -> bool {
    true
}

impl Group {
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            policy: GroupPolicy::Apply,
            gid: None,
            system: false,
            members: None,
            append: true,
        }
    }

    /// One that shall not be there.
    pub fn removed(name: impl Into<String>) -> Self {
        Self { policy: GroupPolicy::Remove, ..Self::new(name) }
    }

    #[must_use]
    pub fn gid(mut self, gid: u32) -> Self {
        self.gid = Some(gid);
        self
    }

    #[must_use]
    pub fn system(mut self) -> Self {
        self.system = true;
        self
    }

    #[must_use]
    pub fn members<T: Into<String>>(mut self, members: impl IntoIterator<Item = T>) -> Self {
        self.members = Some(members.into_iter().map(Into::into).collect());
        self
    }

    /// Whether other members stay.
    #[must_use]
    pub fn append(mut self, append: bool) -> Self {
        self.append = append;
        self
    }
}

impl Type for Group {
    const WORD: &'static str = "group";

    fn name(&self) -> String {
        self.name.clone()
    }

    fn check(&self) -> Vec<ResourceError> {
        let mut errors: Vec<_> = check_name(&self.name).into_iter().collect();
        let members = self.members.iter().flatten().filter_map(|name| check_name(name));
        errors.extend(members.map(|error| error.field("members")));
        if self.policy == GroupPolicy::Remove && (self.gid.is_some() || self.members.is_some()) {
            let message = "a group that is removed has neither a number nor members";
            errors.push(ResourceError::new(message).field("policy"));
        }
        errors
    }

    fn writes(&self) -> Vec<String> {
        ["group", "gshadow"].map(|name| format!("/etc/{name}")).into()
    }

    fn plan(&self, view: &dyn View, _: &Facts) -> Result<Vec<Change>, ResourceError> {
        let mut accounts = Accounts::open(view)?;
        match self.policy {
            GroupPolicy::Apply => self.apply(&mut accounts)?,
            GroupPolicy::Remove => self.remove(&mut accounts)?,
        }
        accounts.changes(view, Vec::new())
    }
}

impl Group {
    fn apply(&self, accounts: &mut Accounts) -> Result<(), ResourceError> {
        let name = &self.name;
        if let Some(gid) = self.gid
            && let Some(other) = accounts.group.name_of(2, &gid.to_string())
            && other != *name
        {
            return Err(taken("gid", "gid", gid, &other));
        }
        match (accounts.group.row(name), self.gid) {
            (None, gid) => {
                accounts.add_group(name, gid, self.system)?;
            }
            (Some(mut row), Some(gid)) if row.get(2).is_some_and(|now| *now != gid.to_string()) => {
                let now = std::mem::replace(&mut row[2], gid.to_string());
                let reason = format!("change the gid of the group {name} from {now} to {gid}");
                accounts.group.set(&row, reason);
            }
            (Some(_), _) => {}
        }
        if let Some(members) = &self.members {
            accounts.set_members(name, |now| {
                now.retain(|one| self.append || members.contains(one));
                for one in members {
                    if !now.contains(one) {
                        now.push(one.clone());
                    }
                }
            });
        }
        Ok(())
    }

    fn remove(&self, accounts: &mut Accounts) -> Result<(), ResourceError> {
        let name = &self.name;
        let Some(gid) = accounts.gid(name) else { return Ok(()) };
        if gid == 0 {
            return Err(ResourceError::new("the system needs the group of root").field("name"));
        }
        if let Some(user) = accounts.passwd.name_of(3, &gid.to_string()) {
            let message = format!("it is the own group of the user `{user}`");
            let help = "remove that user first, or give it another `group`";
            return Err(ResourceError::new(message).field("name").help(help));
        }
        let reason = format!("remove the group {name}");
        accounts.group.remove(name, reason.clone());
        accounts.gshadow.remove(name, reason);
        Ok(())
    }
}
