//! `user`: a user of the target, or none.
//!
//! Invariant: of one that is there only what is declared is looked at; no text shows a password.

use super::Type;
use super::group::yes;
use crate::accounts::{Accounts, Table, check_name, home, taken};
use crate::{Change, Facts, Owner, OwnerName, PasswordHash, ResourceError, View, path};
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserPolicy {
    #[default]
    Apply,
    /// With the group of its name, if that is nobody else's; its home stays.
    Remove,
}

/// A user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    pub name: String,
    #[serde(default)]
    pub policy: UserPolicy,
    /// Without one it keeps its number, or gets the lowest that is free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
    /// The own group; a new user without one gets that of its name, which is made if need be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<OwnerName>,
    /// Other groups that it is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<Vec<String>>,
    /// It stays in those that are not named.
    #[serde(default = "yes")]
    pub append: bool,
    /// A new number is one of the system's, 100 to 999; no home is made, and its shell lets nobody in.
    #[serde(default)]
    pub system: bool,
    /// `/home/NAME` without one, `/nonexistent` of the system's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home: Option<String>,
    /// With a copy of /etc/skel; a new user that is not the system's has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub create_home: Option<bool>,
    /// `/bin/sh` without one, `nologin` of the system's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shell: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fullname: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_hash: Option<PasswordHash>,
    /// Whether its password lets nobody in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock: Option<bool>,
}

impl User {
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            policy: UserPolicy::Apply,
            uid: None,
            group: None,
            groups: None,
            append: true,
            system: false,
            home: None,
            create_home: None,
            shell: None,
            fullname: None,
            password_hash: None,
            lock: None,
        }
    }

    /// One that shall not be there.
    pub fn removed(name: impl Into<String>) -> Self {
        Self { policy: UserPolicy::Remove, ..Self::new(name) }
    }

    #[must_use]
    pub fn uid(mut self, uid: u32) -> Self {
        self.uid = Some(uid);
        self
    }

    #[must_use]
    pub fn group(mut self, group: impl Into<OwnerName>) -> Self {
        self.group = Some(group.into());
        self
    }

    #[must_use]
    pub fn groups<T: Into<String>>(mut self, groups: impl IntoIterator<Item = T>) -> Self {
        self.groups = Some(groups.into_iter().map(Into::into).collect());
        self
    }

    /// Whether it stays in groups that are not named.
    #[must_use]
    pub fn append(mut self, append: bool) -> Self {
        self.append = append;
        self
    }

    #[must_use]
    pub fn system(mut self) -> Self {
        self.system = true;
        self
    }

    #[must_use]
    pub fn home(mut self, home: impl Into<String>) -> Self {
        self.home = Some(home.into());
        self
    }

    #[must_use]
    pub fn create_home(mut self, create: bool) -> Self {
        self.create_home = Some(create);
        self
    }

    #[must_use]
    pub fn shell(mut self, shell: impl Into<String>) -> Self {
        self.shell = Some(shell.into());
        self
    }

    #[must_use]
    pub fn fullname(mut self, name: impl Into<String>) -> Self {
        self.fullname = Some(name.into());
        self
    }

    #[must_use]
    pub fn password_hash(mut self, hash: impl Into<PasswordHash>) -> Self {
        self.password_hash = Some(hash.into());
        self
    }

    #[must_use]
    pub fn lock(mut self, lock: bool) -> Self {
        self.lock = Some(lock);
        self
    }
}

impl Type for User {
    const WORD: &'static str = "user";

    fn name(&self) -> String {
        self.name.clone()
    }

    fn check(&self) -> Vec<ResourceError> {
        let mut errors: Vec<_> = check_name(&self.name).into_iter().collect();
        // Accounts of the system have the root as their home.
        let home = self.home.as_ref().filter(|home| *home != "/");
        let paths = [("home", home), ("shell", self.shell.as_ref())];
        errors.extend(paths.into_iter().filter_map(|(key, path)| path::check(path?, key).err()));
        let texts = [("home", &self.home), ("shell", &self.shell), ("fullname", &self.fullname)];
        for (field, text) in texts {
            if text.as_ref().is_some_and(|text| text.contains([':', '\n', '\r', '\0'])) {
                errors.push(ResourceError::new("it has a colon or a line end").field(field));
            }
        }
        if self.password_hash.as_ref().is_some_and(|hash| !hash.is_hash()) {
            let error = ResourceError::new("it is no hash as crypt(3) makes it");
            let help = "`openssl passwd -6` makes one; a password itself has no place here";
            errors.push(error.field("password_hash").help(help));
        }
        let only_removed = Self { policy: UserPolicy::Remove, ..Self::new(&self.name) };
        if self.policy == UserPolicy::Remove && *self != only_removed {
            let message = "a user that is removed has nothing but a name";
            errors.push(ResourceError::new(message).field("policy"));
        }
        errors
    }

    fn writes(&self) -> Vec<String> {
        ["passwd", "shadow", "group", "gshadow"].map(|name| format!("/etc/{name}")).into()
    }

    fn plan(&self, view: &dyn View, _: &Facts) -> Result<Vec<Change>, ResourceError> {
        let mut accounts = Accounts::open(view)?;
        if self.policy == UserPolicy::Remove {
            self.remove(&mut accounts)?;
            let mut changes = accounts.changes(view, Vec::new())?;
            for path in ["/etc/subuid", "/etc/subgid"] {
                let mut table = Table::open(view, path, (Owner::default(), 0o644))?;
                table.remove(&self.name, format!("remove the user {}", self.name));
                changes.extend(table.change(view)?);
            }
            return Ok(changes);
        }
        let was_there = accounts.passwd.row(&self.name);
        let row = self.apply(&mut accounts, was_there.as_ref(), view)?;
        self.apply_groups(&mut accounts)?;
        self.apply_password(&mut accounts, was_there.is_none());
        let is_made = was_there.is_none() && !self.system;
        let mut made = Vec::new();
        if self.create_home.unwrap_or(is_made) {
            let number = |field: usize| row[field].parse().unwrap_or(0);
            made = home::make(view, &row[5], Owner { uid: number(2), gid: number(3) })?;
        }
        accounts.changes(view, made)
    }
}

/// How many fields a line of passwd has.
const FIELDS: usize = 7;

impl User {
    /// The line of passwd as it is then.
    fn apply(
        &self,
        accounts: &mut Accounts,
        was_there: Option<&Vec<String>>,
        view: &dyn View,
    ) -> Result<Vec<String>, ResourceError> {
        let name = &self.name;
        if let Some(uid) = self.uid
            && let Some(other) = accounts.passwd.name_of(2, &uid.to_string())
            && other != *name
        {
            return Err(taken("uid", "uid", uid, &other));
        }
        if let Some(row) = was_there {
            return self.change(accounts, row, view);
        }
        let (uid, gid) = self.numbers(accounts, view)?;
        let home = match &self.home {
            Some(home) => home.clone(),
            None if self.system => "/nonexistent".to_owned(),
            None => format!("/home/{name}"),
        };
        let shell = match &self.shell {
            Some(shell) => shell.clone(),
            None if self.system => nologin(view)?,
            None => "/bin/sh".to_owned(),
        };
        let fullname = self.fullname.clone().unwrap_or_default();
        let fields = [name, "x", &uid.to_string(), &gid.to_string(), &fullname, &home, &shell];
        let row = fields.map(str::to_owned).to_vec();
        accounts.passwd.set(&row, format!("add the user {name} with uid {uid}"));
        Ok(row)
    }

    /// Numbers of a new user and of its own group, which is made if need be.
    fn numbers(
        &self,
        accounts: &mut Accounts,
        view: &dyn View,
    ) -> Result<(u32, u32), ResourceError> {
        let gid = match &self.group {
            Some(group) => Some(group.gid(view)?),
            None => accounts.gid(&self.name),
        };
        let mut used = accounts.passwd.numbers(2);
        if gid.is_none() {
            used.append(&mut accounts.group.numbers(2));
        }
        let uid = match self.uid {
            Some(uid) => uid,
            None => Accounts::free(self.system, "user", &used)?,
        };
        if let Some(gid) = gid {
            return Ok((uid, gid));
        }
        let same = (!accounts.group.numbers(2).contains(&uid)).then_some(uid);
        Ok((uid, accounts.add_group(&self.name, same, self.system)?))
    }

    /// Of a user that is there.
    fn change(
        &self,
        accounts: &mut Accounts,
        row: &[String],
        view: &dyn View,
    ) -> Result<Vec<String>, ResourceError> {
        let mut row = row.to_vec();
        if row.len() != FIELDS {
            let message = format!("its line in /etc/passwd has {} fields, not {FIELDS}", row.len());
            return Err(ResourceError::new(message).field("name"));
        }
        let gid = self.group.as_ref().map(|group| group.gid(view)).transpose()?;
        let fullname = self.fullname.as_ref().map(|name| match row[4].split_once(',') {
            // Behind commas are room and telephone.
            Some((_, rest)) if !name.contains(',') => format!("{name},{rest}"),
            _ => name.clone(),
        });
        let wanted = [
            (2, "uid", self.uid.map(|uid| uid.to_string())),
            (3, "gid", gid.map(|gid| gid.to_string())),
            (4, "full name", fullname),
            (5, "home", self.home.clone()),
            (6, "shell", self.shell.clone()),
        ];
        let mut reasons = Vec::new();
        for (field, word, wanted) in wanted {
            if let Some(wanted) = wanted.filter(|wanted| row[field] != *wanted) {
                reasons.push(format!("the {word} from `{}` to `{wanted}`", row[field]));
                row[field] = wanted;
            }
        }
        if !reasons.is_empty() {
            accounts.passwd.set(&row, format!("change {}", reasons.join(" and ")));
        }
        Ok(row)
    }

    fn apply_groups(&self, accounts: &mut Accounts) -> Result<(), ResourceError> {
        let Some(wanted) = &self.groups else { return Ok(()) };
        if let Some(absent) = wanted.iter().find(|group| accounts.gid(group).is_none()) {
            let error = ResourceError::new(format!("there is no group called `{absent}`"));
            return Err(error.field("groups").help("declare it before with a `group` resource"));
        }
        let left = if self.append { Vec::new() } else { accounts.groups_of(&self.name) };
        for group in wanted.iter().cloned().chain(left) {
            let is_in = wanted.contains(&group);
            accounts.set_members(&group, |members| {
                if is_in && !members.contains(&self.name) {
                    members.push(self.name.clone());
                } else if !is_in && !self.append {
                    members.retain(|one| *one != self.name);
                }
            });
        }
        Ok(())
    }

    fn apply_password(&self, accounts: &mut Accounts, is_new: bool) {
        let is_declared = self.password_hash.is_some() || self.lock.is_some();
        let has_line = is_new && accounts.shadow.is_there();
        if !is_declared && !has_line {
            return;
        }
        let name = &self.name;
        // Without the day of the last change nothing ages, and the same bundle gives the same bytes.
        let new = || [name, "!", "", "0", "99999", "7", "", "", ""].map(str::to_owned).to_vec();
        let found = accounts.shadow.row(name).filter(|row| row.len() > 1);
        let mut row = found.clone().unwrap_or_else(new);
        let bare = row[1].trim_start_matches('!').to_owned();
        let is_locked = row[1].starts_with('!') && !matches!(&*bare, "" | "*");
        let hash = self.password_hash.as_ref().map_or(bare, |hash| hash.0.clone());
        let locks = self.lock.unwrap_or(is_locked || hash.is_empty());
        row[1] = match (locks, &*hash) {
            (true, hash) => format!("!{hash}"),
            (false, "") => "*".to_owned(), // No password, but one that nobody can type.
            (false, hash) => hash.to_owned(),
        };
        match found {
            None => accounts.shadow.set(&row, format!("add the user {name}")),
            Some(found) if found != row => {
                accounts.shadow.set(&row, format!("change the password of the user {name}"));
            }
            Some(_) => {}
        }
    }

    fn remove(&self, accounts: &mut Accounts) -> Result<(), ResourceError> {
        let name = &self.name;
        let reason = || format!("remove the user {name}");
        let Some(row) = accounts.passwd.row(name) else {
            accounts.shadow.remove(name, reason());
            return Ok(());
        };
        if row.get(2).is_some_and(|uid| uid == "0") {
            return Err(ResourceError::new("the system needs root").field("name"));
        }
        accounts.passwd.remove(name, reason());
        accounts.shadow.remove(name, reason());
        for group in accounts.groups_of(name) {
            accounts.set_members(&group, |members| members.retain(|one| one != name));
        }
        let own = accounts.group.row(name).filter(|group| group.get(2) == row.get(3));
        if let Some(own) = own.filter(|own| own.get(3).is_none_or(String::is_empty))
            && accounts.passwd.name_of(3, &own[2]).is_none()
        {
            accounts.group.remove(name, format!("remove the group {name}"));
            accounts.gshadow.remove(name, format!("remove the group {name}"));
        }
        Ok(())
    }
}

/// What lets nobody in, where the target has it.
fn nologin(view: &dyn View) -> Result<String, ResourceError> {
    for place in ["/usr/sbin/nologin", "/sbin/nologin"] {
        let path = path::follow(view, place)?;
        if view.metadata(&path)?.is_some() {
            return Ok(place.to_owned());
        }
    }
    Ok("/usr/sbin/nologin".to_owned())
}
