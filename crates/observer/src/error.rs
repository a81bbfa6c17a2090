//! Why there is no snapshot.
//!
//! Invariant: no message holds a secret's value, nor what a secret's command printed.

use windlass_engine::EngineError;
use windlass_image::source::SourceError;
use windlass_model::name::EngineName;

/// The world could not be looked at.
#[derive(Debug, thiserror::Error)]
pub enum ObserveError {
    #[error("cannot look at engine {engine}")]
    Engine { engine: EngineName, source: EngineError },
    #[error("cannot read the inputs of image {image}")]
    Image { image: String, source: SourceError },
}

/// A secret could not be read.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    #[error("cannot read the file {path} of secret {name}")]
    File { name: String, path: String, source: std::io::Error },
    #[error("the variable {variable} of secret {name} is not set")]
    Variable { name: String, variable: String },
    #[error("cannot run the command {program} of secret {name}")]
    Command { name: String, program: String, source: std::io::Error },
    #[error("the command {program} of secret {name} ended with {status}")]
    CommandFailed { name: String, program: String, status: std::process::ExitStatus },
    #[error("the command {program} of secret {name} did not end within {seconds} s")]
    CommandTimeout { name: String, program: String, seconds: u64 },
    #[error("the value of secret {name} is not text")]
    NotText { name: String },
    #[error("secret {name} has no command")]
    NoCommand { name: String },
}

impl SecretError {
    /// The secret's key in the file.
    pub fn name(&self) -> &str {
        match self {
            Self::File { name, .. }
            | Self::Variable { name, .. }
            | Self::Command { name, .. }
            | Self::CommandFailed { name, .. }
            | Self::CommandTimeout { name, .. }
            | Self::NotText { name }
            | Self::NoCommand { name } => name,
        }
    }
}
