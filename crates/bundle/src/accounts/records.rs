//! A file of accounts as it was read: lines of fields between colons.
//!
//! Invariant: it stays what was read, so that many can look at it; who edits it has a copy.

use crate::edit::Edit;
use crate::{ResourceError, View};
use std::collections::HashMap;
use std::rc::Rc;

/// See the module. A [`View`] keeps them; only this crate knows what is in them, and nothing shows it.
pub struct Records {
    pub(super) edit: Edit,
    /// Where the first line of each name is.
    names: HashMap<String, usize>,
    /// Where the first line of each number is.
    numbers: HashMap<String, usize>,
    /// Whether it has passwords in it, which no diff may show.
    pub(super) has_passwords: bool,
}

impl Records {
    /// Of a file that links may lead to.
    pub(crate) fn open(view: &dyn View, path: &str) -> Result<Rc<Self>, ResourceError> {
        view.records(path, &|| Self::read(view, path))
    }

    fn read(view: &dyn View, path: &str) -> Result<Self, ResourceError> {
        let edit = Edit::open(view, path, true)?;
        let lines = || edit.text.lines.iter().map(|line| &*line.text);
        let (mut names, mut numbers) = (HashMap::new(), HashMap::new());
        for (place, line) in lines().enumerate() {
            let mut fields = line.split(':');
            names.entry(fields.next().unwrap_or_default().to_owned()).or_insert(place);
            if let Some(number) = fields.nth(NUMBER - 1) {
                numbers.entry(number.to_owned()).or_insert(place);
            }
        }
        // What stands there instead of a password is one character.
        let has_passwords = path.ends_with("shadow")
            || lines().any(|line| field(line, 1).is_some_and(|one| one.len() > 1));
        Ok(Self { edit, names, numbers, has_passwords })
    }

    /// Where it is, whatever links led there.
    pub(crate) fn path(&self) -> &str {
        self.edit.path()
    }

    fn at(&self, place: Option<&usize>) -> Option<&str> {
        Some(&self.edit.text.lines[*place?].text)
    }

    /// The first line of a name.
    pub(crate) fn line(&self, name: &str) -> Option<&str> {
        self.at(self.names.get(name))
    }

    /// The first line of a number.
    pub(crate) fn line_of(&self, number: &str) -> Option<&str> {
        self.at(self.numbers.get(number))
    }
}

/// The field of passwd and group that has the number.
pub(crate) const NUMBER: usize = 2;

/// A field of a line.
pub(crate) fn field(line: &str, at: usize) -> Option<&str> {
    line.split(':').nth(at)
}
