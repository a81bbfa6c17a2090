//! A plan as `--output json` tells it.
//!
//! Invariant: reads the documented fields only.

use serde_json::Value;
use std::collections::BTreeSet;

#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) value: Value,
}

/// A field that differs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Change {
    pub(crate) path: String,
    pub(crate) was: String,
    pub(crate) wanted: String,
    /// `file`, `engine` or `both`.
    pub(crate) origin: String,
}

impl std::fmt::Display for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for step in self.steps() {
            writeln!(f, "{}: {} because {}", name(&step["address"]), step["text"], step["cause"])?;
        }
        for note in self.value["notes"].as_array().into_iter().flatten() {
            writeln!(f, "= {}: {}", name(&note["address"]), note["reason"])?;
        }
        Ok(())
    }
}

/// `container web`.
fn name(address: &Value) -> String {
    let part = |key: &str| address[key].as_str().unwrap_or_default().to_owned();
    format!("{} {}", part("kind"), part("name"))
}

impl Plan {
    pub(crate) fn new(value: Value) -> Self {
        assert!(value["steps"].is_array(), "{value}");
        Self { value }
    }

    pub(crate) fn steps(&self) -> impl Iterator<Item = &Value> {
        self.value["steps"].as_array().into_iter().flatten()
    }

    #[track_caller]
    pub(crate) fn is_empty(&self) -> &Self {
        assert_eq!(self.steps().count(), 0, "the plan is not empty:\n{self}");
        self
    }

    /// `container web: create` for each step, in order.
    pub(crate) fn deeds(&self) -> Vec<String> {
        let deed = |step: &Value| {
            format!("{}: {}", name(&step["address"]), step["action"].as_str().unwrap_or_default())
        };
        self.steps().map(deed).collect()
    }

    /// The actions on one object, such as `container web`.
    pub(crate) fn actions(&self, object: &str) -> Vec<&str> {
        let steps = self.steps().filter(|step| name(&step["address"]) == object);
        steps.filter_map(|step| step["action"].as_str()).collect()
    }

    /// The objects that something is done to.
    pub(crate) fn objects(&self) -> BTreeSet<String> {
        self.steps().map(|step| name(&step["address"])).collect()
    }

    /// The kinds of cause of an object's steps: `absent`, `not-running`…
    pub(crate) fn causes(&self, object: &str) -> BTreeSet<&str> {
        let steps = self.steps().filter(|step| name(&step["address"]) == object);
        steps.filter_map(|step| step["cause"]["kind"].as_str()).collect()
    }

    /// The fields of an object that differ.
    pub(crate) fn changes(&self, object: &str) -> Vec<Change> {
        let steps = self.steps().filter(|step| name(&step["address"]) == object);
        let changes = steps.filter_map(|step| step["cause"]["changes"].as_array()).flatten();
        let text = |value: &Value| value.as_str().unwrap_or("nothing").to_owned();
        let change = |change: &Value| Change {
            path: text(&change["path"]),
            was: text(&change["was"]),
            wanted: text(&change["wanted"]),
            origin: text(&change["origin"]),
        };
        let all: BTreeSet<Change> = changes.map(change).collect();
        all.into_iter().collect()
    }

    /// `path origin` of each of them.
    pub(crate) fn fields(&self, object: &str) -> Vec<String> {
        let changes = self.changes(object).into_iter();
        changes.map(|change| format!("{} {}", change.path, change.origin)).collect()
    }

    /// Why an object is left alone.
    pub(crate) fn note(&self, object: &str) -> Option<&str> {
        let mut notes = self.value["notes"].as_array().into_iter().flatten();
        let note = notes.find(|note| name(&note["address"]) == object)?;
        note["reason"]["kind"].as_str()
    }
}
