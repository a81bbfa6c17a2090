//! One file of accounts: lines of fields between colons.
//!
//! Invariant: a line that is not spoken of stays as it is, also one that makes no sense; a diff never shows a password.

use crate::edit::Edit;
use crate::{Change, Owner, ResourceError, View};
use std::collections::BTreeSet;

/// See the module.
pub(crate) struct Table {
    edit: Edit,
    /// What was done, in words.
    reasons: Vec<String>,
    /// Whether it has passwords in it, which no diff may show.
    has_passwords: bool,
    /// Owner and mode of a file that is made.
    new: (Owner, u32),
}

impl Table {
    pub(crate) fn open(
        view: &dyn View,
        path: &str,
        new: (Owner, u32),
    ) -> Result<Self, ResourceError> {
        let edit = Edit::open(view, path, true)?;
        // What stands there instead of a password is one character.
        let passwords = edit.text.lines.iter().filter_map(|line| line.text.split(':').nth(1));
        let has_passwords = path.ends_with("shadow") || passwords.clone().any(|one| one.len() > 1);
        Ok(Self { edit, reasons: Vec::new(), has_passwords, new })
    }

    pub(crate) fn is_there(&self) -> bool {
        self.edit.is_there()
    }

    fn rows(&self) -> impl Iterator<Item = Vec<&str>> {
        self.edit.text.lines.iter().map(|line| line.text.split(':').collect())
    }

    /// The fields of the first line of a name.
    pub(crate) fn row(&self, name: &str) -> Option<Vec<String>> {
        let row = self.rows().find(|row| row[0] == name)?;
        Some(row.into_iter().map(str::to_owned).collect())
    }

    /// The name of the first line that has this in a field.
    pub(crate) fn name_of(&self, field: usize, value: &str) -> Option<String> {
        let row = self.rows().find(|row| row.get(field) == Some(&value))?;
        Some(row[0].to_owned())
    }

    /// The names, in their order.
    pub(crate) fn names(&self) -> Vec<String> {
        let rows = self.rows().filter(|row| row.len() > 1 && !row[0].is_empty());
        rows.map(|row| row[0].to_owned()).collect()
    }

    /// All numbers of a field.
    pub(crate) fn numbers(&self, field: usize) -> BTreeSet<u32> {
        self.rows().filter_map(|row| row.get(field)?.parse().ok()).collect()
    }

    /// Gives a name these fields, in its place or at the end.
    pub(crate) fn set(&mut self, row: &[String], reason: impl Into<String>) {
        let line = row.join(":");
        let text = &mut self.edit.text;
        let named = |line: &str| line.split(':').next() == Some(row[0].as_str());
        if let Some(one) = text.lines.iter_mut().find(|one| named(&one.text)) {
            one.text = line;
        } else {
            // Lines that begin so stand for other sources, and those come last.
            let place = text.lines.iter().position(|one| one.text.starts_with('+'));
            text.insert(place.unwrap_or(text.lines.len()), &line);
        }
        self.reasons.push(reason.into());
    }

    pub(crate) fn remove(&mut self, name: &str, reason: impl Into<String>) {
        if self.row(name).is_some() {
            self.edit.text.retain(|line| line.split(':').next() != Some(name));
            self.reasons.push(reason.into());
        }
    }

    /// Makes a list between commas in a field what it shall be.
    pub(crate) fn set_list(
        &mut self,
        name: &str,
        field: usize,
        change: impl FnOnce(&mut Vec<String>),
    ) {
        let Some(mut row) = self.row(name).filter(|row| row.len() > field) else { return };
        let names = row[field].split(',').filter(|one| !one.is_empty());
        let mut list: Vec<String> = names.map(str::to_owned).collect();
        let before = list.clone();
        change(&mut list);
        if list != before {
            let reason = format!("change the members of the group {name}");
            row[field] = list.join(",");
            self.set(&row, reason);
        }
    }

    pub(crate) fn change(self, view: &dyn View) -> Result<Option<Change>, ResourceError> {
        if self.reasons.is_empty() {
            return Ok(None);
        }
        let mut change = self.edit.change(view, &self.reasons.join(", "), self.new)?;
        if let (true, Some(change)) = (self.has_passwords, &mut change) {
            change.diff = None;
        }
        Ok(change)
    }
}
