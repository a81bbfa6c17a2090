//! Mask: takes the values of secrets out of what others say.
//!
//! Invariant: what it returns holds no value that it knows, but for those that are too short to be
//! told from other text.

use crate::env::EnvValue;
use crate::project::Project;
use crate::secret::{SecretValues, Sensitive};
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// What stands in place of a value.
const MASKED: &str = "(secret)";
/// Shorter ones are found everywhere.
const SHORTEST: usize = 4;

/// The values of secrets that a run knows, as they may show up in a line.
#[derive(Clone, Default)]
pub struct Mask(Arc<[String]>);

impl Mask {
    /// Of the secrets that were read, and of what they went into in the environment of containers.
    pub fn new(project: &Project, secrets: &SecretValues) -> Self {
        let containers = project.containers.values().map(|spec| &*spec.config);
        let containers = containers.chain(project.tasks.values().map(|task| &task.config));
        let env = containers.flat_map(|config| config.env.values());
        let env = env.filter_map(|value| match value {
            EnvValue::Sensitive(value) => Some(value),
            EnvValue::Plain(_) | EnvValue::Withheld => None,
        });
        let values = secrets.0.values().chain(env).map(Sensitive::reveal);
        // What others say comes line by line.
        let pieces = values.flat_map(|value| value.lines().map(str::trim).chain([value.trim()]));
        let mut all: Vec<String> =
            pieces.filter(|piece| piece.len() >= SHORTEST).map(str::to_owned).collect();
        // One may be in another.
        all.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        all.dedup();
        Self(all.into())
    }

    /// A text without them.
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let mut text = Cow::Borrowed(text);
        for value in self.0.iter().filter(|value| value.as_str() != MASKED) {
            if text.contains(value.as_str()) {
                text = Cow::Owned(text.replace(value.as_str(), MASKED));
            }
        }
        text
    }

    /// Takes them out of a text.
    pub fn apply(&self, text: &mut String) {
        if let Cow::Owned(masked) = self.text(text) {
            *text = masked;
        }
    }
}

impl fmt::Debug for Mask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mask")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::ProjectName;

    #[test]
    fn no_value_is_left() {
        let values =
            [("a", "hunter2"), ("b", "hunter2-long"), ("c", "one one\ntwo two\n"), ("d", "x")];
        let values = values.map(|(name, value)| (name.to_owned(), Sensitive::new(value)));
        let project = Project::empty(ProjectName::new("p"), "/p");
        let mask = Mask::new(&project, &SecretValues(values.into()));
        for (text, expected) in [
            ("nothing", "nothing"),
            ("pw=hunter2!", "pw=(secret)!"),
            ("hunter2-long hunter2", "(secret) (secret)"),
            ("two two", "(secret)"),
            ("an x", "an x"),
        ] {
            assert_eq!(mask.text(text), expected);
        }
        assert_eq!(format!("{mask:?}"), "Mask");
    }
}
