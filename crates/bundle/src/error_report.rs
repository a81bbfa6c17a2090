//! What an agent says of a resource that can't be as it shall be.
//!
//! Invariant: the same as [`ResourceError`] says, but for which others it is about.

use crate::ResourceError;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorReport {
    /// Its place in the bundle, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<usize>,
    /// Empty where it is about none of them.
    pub id: String,
    pub error: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The word of the field, where that has several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub word: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Of a command that ended as it should not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// The last lines of what it said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub said: Vec<String>,
}

impl From<&ResourceError> for ErrorReport {
    fn from(error: &ResourceError) -> Self {
        Self {
            index: error.index(),
            id: error.id.clone(),
            error: error.message.clone(),
            field: error.field.as_deref().map(str::to_owned),
            word: error.reference().map(str::to_owned),
            help: error.help.clone(),
            exit_code: error.exit_code(),
            said: error.said().to_vec(),
        }
    }
}

impl ErrorReport {
    /// What it was before it was sent.
    pub fn into_error(self) -> ResourceError {
        let mut error = ResourceError::new(self.error).of(self.id);
        error = error.with_exit_code(self.exit_code).saying(self.said);
        error.help = self.help;
        error.field = self.field.map(Into::into);
        if let Some(word) = self.word {
            error = error.naming(&word);
        }
        match self.index {
            Some(index) => error.at(index),
            None => error,
        }
    }
}
