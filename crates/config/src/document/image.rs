//! An image as a file says it.
//!
//! Invariant: paths are absolute; references to other images are still words.

use std::collections::BTreeSet;

use windlass_bundle::Bundle;
use windlass_model::command::AddOptions;
use windlass_model::image::{BuildOptions, ContextSpec, DockerfileSource, PullPolicy};
use windlass_model::provision::ImageDefaults;

use crate::places::ImagePlaces;
use crate::read::Spanned;
use crate::source::Span;
use crate::template::Uses;

#[derive(Debug, Clone)]
pub struct Image {
    pub key: String,
    pub span: Span,
    /// The primary reference.
    pub reference: String,
    pub source: Option<Source>,
    pub context: ImageContext,
    /// Directory of the file that declares it.
    pub directory: String,
    pub build: BuildOptions,
    pub build_secrets: Vec<Spanned<String>>,
    pub tags: BTreeSet<String>,
    pub push: bool,
    pub pull: PullPolicy,
    pub used: Uses,
    pub places: ImagePlaces,
}

#[derive(Debug, Clone, Default)]
pub enum ImageContext {
    /// The file says nothing.
    #[default]
    Unsaid,
    Disabled,
    Given(ContextSpec),
}

#[derive(Debug, Clone)]
pub enum Source {
    Commands(Vec<Command>),
    Dockerfile(DockerfileSource),
    Import {
        path: String,
        changes: Vec<String>,
    },
    /// Resources on a base image; `None` is `scratch`.
    Provision {
        from: Option<Spanned<String>>,
        bundle: Bundle,
        defaults: Box<ImageDefaults>,
    },
    External,
}

/// One entry of `commands`.
#[derive(Debug, Clone)]
pub struct Command {
    pub kind: CommandKind,
    pub span: Span,
    /// `file:line`.
    pub place: String,
}

#[derive(Debug, Clone)]
pub enum CommandKind {
    Instruction { instruction: String, text: String },
    From { image: String, alias: Option<String>, platform: Option<String> },
    AddContent { content: String, dest: String, options: AddOptions },
    AddImagePath { image: String, path: String, dest: String, options: AddOptions },
    AddContext { context: ContextSpec, dest: String, options: AddOptions },
    AddPaths { prefix: Option<String>, get: Vec<String>, options: AddOptions },
    CopyFrom { from: String, path: String, to: String, options: AddOptions },
}
