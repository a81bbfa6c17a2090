//! Values of secrets, by their names.
//!
//! Invariant: `Debug` does not show them; they are no part of a bundle.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// See the module.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secrets(pub BTreeMap<String, String>);

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
