//! Why there is no snapshot.
//!
//! Invariant: no message holds a secret's value, nor what a secret's command printed.

use crate::place::InputPlace;
use windlass_engine::EngineError;
use windlass_image::source::SourceError;
use windlass_model::image::ImageSpec;
use windlass_model::name::EngineName;

/// The world could not be looked at.
#[derive(Debug, thiserror::Error)]
pub enum ObserveError {
    #[error("cannot look at engine {engine}")]
    Engine { engine: EngineName, source: EngineError },
    #[error("{one} and {other} are the same engine")]
    SameEngine { one: EngineName, other: EngineName },
    /// Every image whose inputs can't be read, by key.
    #[error("cannot read the inputs of {}", of_images(images))]
    Images { images: Vec<InputError> },
}

/// What one image is built from can't be read.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the inputs of image {image}")]
pub struct InputError {
    /// Its key.
    pub image: String,
    pub place: InputPlace,
    pub source: Box<SourceError>,
}

impl InputError {
    /// What is wrong, on one line; the place says where.
    pub fn reason(&self) -> String {
        match &*self.source {
            SourceError::Dockerfile { source, .. } => {
                format!("malformed Dockerfile: {}", source.problem)
            }
            SourceError::Context { source } => with_causes(source),
            SourceError::Resource { source } => source.to_string(),
            SourceError::ReadDockerfile { .. }
            | SourceError::Build { .. }
            | SourceError::Commands { .. }
            | SourceError::Path { .. } => with_causes(&self.source),
        }
    }

    /// What to do about it, where a resource knows that.
    pub fn help(&self) -> Option<&str> {
        let SourceError::Resource { source } = &*self.source else { return None };
        source.help.as_deref()
    }

    /// The key of a resource that it is about.
    pub fn key(&self) -> Option<&str> {
        let SourceError::Resource { source } = &*self.source else { return None };
        source.field.as_deref()
    }

    pub(crate) fn new(spec: &ImageSpec, source: SourceError) -> Self {
        let place = InputPlace::of(spec, &source);
        Self { image: spec.key.clone(), place, source: Box::new(source) }
    }
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

fn of_images(errors: &[InputError]) -> String {
    let names: Vec<&str> = errors.iter().map(|error| error.image.as_str()).collect();
    format!("image {}", names.join(", "))
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
    #[error("the command {program} of secret {name} says more than 1 MiB")]
    CommandOutput { name: String, program: String },
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
            | Self::CommandOutput { name, .. }
            | Self::NotText { name }
            | Self::NoCommand { name } => name,
        }
    }
}
