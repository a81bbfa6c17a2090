//! One file of accounts: lines of fields between colons.
//!
//! Invariant: a line that is not spoken of stays as it is, also one that makes no sense; a diff never shows a password.

use super::records::{NUMBER, Records, field};
use crate::edit::Edit;
use crate::{Change, Owner, ResourceError, View};
use std::collections::BTreeSet;
use std::rc::Rc;

/// See the module.
pub(crate) struct Table {
    read: Rc<Records>,
    /// A copy, if there was something to do.
    edited: Option<Edit>,
    /// What was done, in words.
    reasons: Vec<String>,
    /// Owner and mode of a file that is made.
    new: (Owner, u32),
}

impl Table {
    pub(crate) fn open(
        view: &dyn View,
        path: &str,
        new: (Owner, u32),
    ) -> Result<Self, ResourceError> {
        let read = Records::open(view, path)?;
        Ok(Self { read, edited: None, reasons: Vec::new(), new })
    }

    pub(crate) fn is_there(&self) -> bool {
        self.read.edit.is_there()
    }

    fn lines(&self) -> impl Iterator<Item = &str> {
        let edit = self.edited.as_ref().unwrap_or(&self.read.edit);
        edit.text.lines.iter().map(|line| &*line.text)
    }

    /// The copy, and what is done to it in words.
    fn edit(&mut self, reason: String) -> &mut Edit {
        self.reasons.push(reason);
        self.edited.get_or_insert_with(|| self.read.edit.clone())
    }

    /// The first line of a name.
    fn line(&self, name: &str) -> Option<&str> {
        match &self.edited {
            None => self.read.line(name),
            Some(_) => self.lines().find(|line| is_of(line, name)),
        }
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.line(name).is_some()
    }

    /// The fields of the first line of a name.
    pub(crate) fn row(&self, name: &str) -> Option<Vec<String>> {
        Some(self.line(name)?.split(':').map(str::to_owned).collect())
    }

    /// The name of the first line that has this in a field.
    pub(crate) fn name_of(&self, at: usize, value: &str) -> Option<String> {
        let line = match &self.edited {
            None if at == NUMBER => self.read.line_of(value),
            _ => self.lines().find(|line| field(line, at) == Some(value)),
        };
        field(line?, 0).map(str::to_owned)
    }

    /// The names of those lines, in their order, that have one in the list between commas in a field.
    pub(crate) fn names_with(&self, at: usize, one: &str) -> Vec<String> {
        let lists = self.lines().filter_map(|line| Some((field(line, 0)?, field(line, at)?)));
        let found =
            lists.filter(|(name, list)| !name.is_empty() && list.split(',').any(|it| it == one));
        found.map(|(name, _)| name.to_owned()).collect()
    }

    /// All numbers of a field.
    pub(crate) fn numbers(&self, at: usize) -> BTreeSet<u32> {
        self.lines().filter_map(|line| field(line, at)?.parse().ok()).collect()
    }

    /// Gives a name these fields, in its place or at the end.
    pub(crate) fn set(&mut self, row: &[String], reason: impl Into<String>) {
        let line = row.join(":");
        let text = &mut self.edit(reason.into()).text;
        if let Some(one) = text.lines.iter_mut().find(|one| is_of(&one.text, &row[0])) {
            one.text = line;
        } else {
            // Lines that begin so stand for other sources, and those come last.
            let place = text.lines.iter().position(|one| one.text.starts_with('+'));
            text.insert(place.unwrap_or(text.lines.len()), &line);
        }
    }

    pub(crate) fn remove(&mut self, name: &str, reason: impl Into<String>) {
        if self.has(name) {
            self.edit(reason.into()).text.retain(|line| !is_of(line, name));
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
        let Some(edited) = self.edited else { return Ok(None) };
        let mut change = edited.change(view, &self.reasons.join(", "), self.new)?;
        if let (true, Some(change)) = (self.read.has_passwords, &mut change) {
            (change.diff, change.is_sensitive) = (None, true);
        }
        Ok(change)
    }
}

/// Whether a line is one of a name.
fn is_of(line: &str, name: &str) -> bool {
    line.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
}
