//! What can go wrong with a call to an engine.
//!
//! Invariant: `Display` never includes the source, a request's body or a header.

use windlass_model::fault::Fault;

pub type Result<T> = std::result::Result<T, EngineError>;

/// A call that an engine did not answer with success.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct EngineError {
    pub fault: Fault,
    /// The engine's own words, or ours where it said nothing: a lowercase fragment.
    pub message: String,
    /// Further lines: the output of a failed build step. May hold anything.
    pub detail: Vec<String>,
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl EngineError {
    pub fn new(fault: Fault, message: impl Into<String>) -> Self {
        Self { fault, message: message.into(), detail: Vec::new(), source: None }
    }

    #[must_use]
    pub fn with_source(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.source = Some(source.into());
        self
    }

    #[must_use]
    pub fn with_detail(mut self, detail: Vec<String>) -> Self {
        self.detail = detail;
        self
    }

    pub fn is_not_found(&self) -> bool {
        self.fault == Fault::NotFound
    }
}
