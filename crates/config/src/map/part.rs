//! A mapping in the making.
//!
//! Invariant: keys stand in the order in which they were first set.

use serde_json::{Map, Value};

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Part(Map<String, Value>);

impl Part {
    /// Sets a key; a later value takes the place of an earlier one.
    #[must_use]
    pub(super) fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.0.insert(key.to_owned(), value.into());
        self
    }

    /// Adds an item to the list under a key.
    #[must_use]
    pub(super) fn with_item(mut self, key: &str, item: impl Into<Value>) -> Self {
        let list = self.0.entry(key).or_insert_with(|| Value::Array(Vec::new()));
        // What was set as one value, in any shorthand, is the first item.
        if !list.is_array() {
            *list = Value::Array(vec![list.take()]);
        }
        if let Some(list) = list.as_array_mut() {
            list.push(item.into());
        }
        self
    }

    /// Adds an entry to the mapping under a key; a later one of the same name takes the place of an earlier one.
    #[must_use]
    pub(super) fn with_entry(mut self, key: &str, name: String, value: impl Into<Value>) -> Self {
        let map = self.0.entry(key).or_insert_with(|| Value::Object(Map::new()));
        if !map.is_object() {
            *map = Value::Object(Map::new());
        }
        if let Some(map) = map.as_object_mut() {
            map.insert(name, value.into());
        }
        self
    }
}

impl From<Part> for Value {
    fn from(part: Part) -> Self {
        Self::Object(part.0)
    }
}
