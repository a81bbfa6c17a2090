//! Which part of an image's declaration is wrong.
//!
//! Invariant: a path belongs to the innermost directory that the file names and that holds it.

use std::path::{Path, PathBuf};
use windlass_image::LowerError;
use windlass_image::context::ContextError;
use windlass_image::source::SourceError;
use windlass_model::command::BuildCommand;
use windlass_model::image::{ContextSpec, DockerfileSource, ImageSource, ImageSpec};

/// A part of what the file says of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InputPlace {
    /// `dockerfile`, `import` or `commands`.
    Source,
    /// `context`.
    Context(ContextTrouble),
    /// One of the commands, from 0.
    Command(usize),
    /// One of the resources, from 0.
    Resource(usize),
    /// A line, from 0, of a Dockerfile that is part of the file.
    Line(usize),
    /// A line, from 0, of a Dockerfile of its own.
    Dockerfile { path: PathBuf, line: usize },
}

/// What is wrong with a build context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContextTrouble {
    /// The directory is not there, or is none.
    Directory,
    /// Something in it can't be read.
    Unreadable,
    /// Something in it changed meanwhile.
    Changed,
    /// The ignore file, or a pattern of `include` or `exclude`.
    Pattern,
    /// git can't say what is asked of it.
    Git,
    /// Two things of one name.
    Name,
}

impl ContextTrouble {
    fn of(error: &ContextError) -> Self {
        let is_missing = |source: &std::io::Error| {
            matches!(
                source.kind(),
                std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
            )
        };
        match error {
            ContextError::NotADirectory { .. } => Self::Directory,
            ContextError::ReadDirectory { source, .. } if is_missing(source) => Self::Directory,
            ContextError::ReadDirectory { .. } | ContextError::ReadFile { .. } => Self::Unreadable,
            ContextError::Changed { .. } => Self::Changed,
            ContextError::Ignore { .. } | ContextError::Glob { .. } => Self::Pattern,
            ContextError::Git { .. } => Self::Git,
            ContextError::IsDirectory { .. } | ContextError::NotInDirectory { .. } => Self::Name,
        }
    }
}

impl InputPlace {
    pub(crate) fn of(spec: &ImageSpec, error: &SourceError) -> Self {
        match error {
            SourceError::ReadDockerfile { .. }
            | SourceError::Build { .. }
            | SourceError::Path { .. } => Self::Source,
            SourceError::Resource { source } => source.index().map_or(Self::Source, Self::Resource),
            SourceError::Dockerfile { source, command } => {
                let line = source.line.saturating_sub(1);
                command.map_or_else(|| of_line(spec, line), Self::Command)
            }
            SourceError::Commands { source } => match source {
                LowerError::UnknownImage { index, .. }
                | LowerError::Unwritable { index, .. }
                | LowerError::NothingToAdd { index } => Self::Command(*index),
                LowerError::Path { .. } => Self::Source,
            },
            SourceError::Context { source } => match &spec.source {
                ImageSource::Commands { .. } | ImageSource::Dockerfile { .. } => {
                    of_path(spec, source)
                }
                ImageSource::Import { .. }
                | ImageSource::Provision(_)
                | ImageSource::External { .. } => Self::Source,
            },
        }
    }
}

fn of_line(spec: &ImageSpec, line: usize) -> InputPlace {
    match &spec.source {
        ImageSource::Dockerfile { dockerfile: DockerfileSource::Path(path), .. } => {
            InputPlace::Dockerfile { path: path.into(), line }
        }
        ImageSource::Dockerfile { dockerfile: DockerfileSource::Inline(_), .. } => {
            InputPlace::Line(line)
        }
        ImageSource::Commands { .. }
        | ImageSource::Import { .. }
        | ImageSource::Provision(_)
        | ImageSource::External { .. } => InputPlace::Source,
    }
}

fn path(error: &ContextError) -> Option<&Path> {
    match error {
        ContextError::ReadDirectory { path, .. }
        | ContextError::ReadFile { path, .. }
        | ContextError::Changed { path }
        | ContextError::NotADirectory { path }
        | ContextError::Ignore { path, .. } => Some(path),
        ContextError::Glob { .. }
        | ContextError::Git { .. }
        | ContextError::IsDirectory { .. }
        | ContextError::NotInDirectory { .. } => None,
    }
}

fn of_path(spec: &ImageSpec, error: &ContextError) -> InputPlace {
    let (path, trouble) = (path(error), ContextTrouble::of(error));
    let holds = |context: &ContextSpec| path.is_some_and(|path| path.starts_with(&context.dir));
    let (own, commands) = match &spec.source {
        ImageSource::Commands { commands, context } => (context, commands.as_slice()),
        ImageSource::Dockerfile { context, .. } => (context, &[][..]),
        ImageSource::Import { .. } | ImageSource::Provision(_) | ImageSource::External { .. } => {
            return InputPlace::Source;
        }
    };
    let nested = commands.iter().enumerate().filter_map(|(index, placed)| match &placed.command {
        BuildCommand::AddContext { context, .. } if holds(context) => {
            Some((context.dir.len(), InputPlace::Command(index)))
        }
        BuildCommand::AddContext { .. }
        | BuildCommand::Instruction { .. }
        | BuildCommand::From { .. }
        | BuildCommand::AddContent { .. }
        | BuildCommand::AddImagePath { .. }
        | BuildCommand::AddPaths { .. }
        | BuildCommand::CopyFrom { .. } => None,
    });
    let own = own.iter().map(|context| {
        (if holds(context) { context.dir.len() } else { 0 }, InputPlace::Context(trouble))
    });
    let innermost = own.chain(nested).max_by_key(|(length, _)| *length);
    innermost.map_or(InputPlace::Source, |(_, place)| place)
}
