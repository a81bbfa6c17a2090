//! What can be wrong with a resource, or go wrong with it.
//!
//! Invariant: it says of which resource and which field it speaks, and what to do.

use std::borrow::Cow;
use std::fmt;

/// A resource that can't be planned or applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceError {
    /// Its id; empty until it is known whose it is.
    pub id: String,
    /// The key that it is about.
    pub field: Option<Cow<'static, str>>,
    pub message: String,
    pub help: Option<String>,
    within: Box<Within>,
}

/// What of a bundle an error is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Within {
    index: Option<usize>,
    others: Vec<usize>,
    reference: Option<String>,
    exit_code: Option<i32>,
    said: Vec<String>,
}

impl ResourceError {
    /// The place in the bundle of the resource that it speaks of, once that is known.
    pub fn index(&self) -> Option<usize> {
        self.within.index
    }

    /// The places of others that it is about: the first of two, those of a circle.
    pub fn others(&self) -> &[usize] {
        &self.within.others
    }

    /// The word of `field` that it is about, where that has several.
    pub fn reference(&self) -> Option<&str> {
        self.within.reference.as_deref()
    }

    /// Of a command that ended as it should not.
    pub fn exit_code(&self) -> Option<i32> {
        self.within.exit_code
    }

    /// The last lines of what a command said.
    pub fn said(&self) -> &[String] {
        &self.within.said
    }

    pub fn new(message: impl Into<String>) -> Self {
        Self {
            id: String::new(),
            field: None,
            message: message.into(),
            help: None,
            within: Box::default(),
        }
    }

    /// Says of which key it speaks.
    #[must_use]
    pub fn field(mut self, field: impl Into<Cow<'static, str>>) -> Self {
        self.field = Some(field.into());
        self
    }

    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Says how a command ended that should not have ended so.
    #[must_use]
    pub fn with_exit_code(mut self, code: impl Into<Option<i32>>) -> Self {
        self.within.exit_code = code.into();
        self
    }

    /// Has the last lines of what a command said.
    #[must_use]
    pub fn saying(mut self, lines: Vec<String>) -> Self {
        self.within.said = lines;
        self
    }

    /// A path that a view can't read.
    pub fn unreadable(path: &str, why: &str) -> Self {
        Self::new(format!("could not read {path}: {why}"))
    }

    /// What a system call said of a path.
    pub(crate) fn io(doing: &str, path: &str, error: &std::io::Error) -> Self {
        Self::new(format!("could not {doing} {path}: {error}"))
    }

    /// Of what is sensitive: only that it failed.
    pub(crate) fn hidden(self) -> Self {
        let message = "it failed, and why is not shown: it is sensitive".to_owned();
        Self { message, ..self }.with_exit_code(None).saying(Vec::new())
    }

    /// Says in which place of the bundle that is of which it speaks.
    #[must_use]
    pub fn at(mut self, index: usize) -> Self {
        self.within.index = self.within.index.or(Some(index));
        self
    }

    pub(crate) fn about(mut self, others: impl IntoIterator<Item = usize>) -> Self {
        self.within.others.extend(others);
        self
    }

    pub(crate) fn naming(mut self, word: &str) -> Self {
        self.within.reference = Some(word.to_owned());
        self
    }

    /// Says of which resource it speaks, if that is not known yet.
    #[must_use]
    pub fn of(mut self, id: String) -> Self {
        if self.id.is_empty() {
            self.id = id;
        }
        self
    }
}

impl fmt::Display for ResourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.id.is_empty() {
            write!(f, "{}: ", self.id)?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for ResourceError {}
