//! A build, as far as it can be made ready without an engine.
//!
//! Invariant: what comes out is what would be sent; nothing is written and no engine is asked.

use crate::error::InputError;
use std::collections::BTreeMap;
use windlass_image::before::Before;
use windlass_image::file_digests::FileDigests;
use windlass_image::image_build::{ImageBuild, ImageBuildError};
use windlass_image::source::{BuildRecipe, PreparedBuild, Recipe};
use windlass_model::image::ImageSpec;
use windlass_model::project::Project;

/// Reads what an image of the project is built from: its Dockerfile, and all of its build context. `None` if
/// it is not built but imported or pulled.
///
/// # Errors
///
/// If a file or a directory of it can't be read or used.
pub fn prepared_build(
    project: &Project,
    spec: &ImageSpec,
) -> Result<Option<PreparedBuild>, InputError> {
    let Some(recipe) = recipe(project, spec)? else { return Ok(None) };
    let prepared = recipe.prepare(&BTreeMap::new(), &FileDigests::default());
    prepared.map(Some).map_err(|source| InputError::new(spec, source))
}

/// The Dockerfile that an image of the project is built from; its build context need not be there. `None` if it
/// is not built but imported or pulled.
///
/// # Errors
///
/// If the Dockerfile can't be read or used.
pub fn dockerfile_text(project: &Project, spec: &ImageSpec) -> Result<Option<String>, InputError> {
    match read(project, spec)? {
        Recipe::Build(recipe) => Ok(Some(recipe.dockerfile_text().to_owned())),
        Recipe::Provision(recipe) => {
            recipe.dockerfile().map(Some).map_err(|error| unwritten(spec, error))
        }
        Recipe::Import(_) | Recipe::External => Ok(None),
    }
}

/// What a builder alone needs for an image of resources: a Dockerfile, and in its build context the agent, which is handed in, and what
/// it applies. What is fetched is brought here. `None` if the image is made of something else.
///
/// # Errors
///
/// If a file of it can't be read or had, or something of the image can't be said in a Dockerfile.
pub fn resource_build(
    project: &Project,
    spec: &ImageSpec,
    agent: &[u8],
    files: &FileDigests,
) -> Result<Option<ImageBuild>, InputError> {
    let Recipe::Provision(recipe) = read(project, spec)? else { return Ok(None) };
    let wrong = |source| InputError::new(spec, source);
    let recipe = recipe.gather(files).map_err(|source| wrong(source.into()))?;
    recipe.context(agent).map(Some).map_err(|error| unwritten(spec, error))
}

fn unwritten(spec: &ImageSpec, error: ImageBuildError) -> InputError {
    // A resource has a place of its own.
    if let ImageBuildError::Resource { source } = error {
        return InputError::new(spec, source.into());
    }
    InputError::new(spec, error.into())
}

/// The image before a step of a build that failed, which [`FailureKind::BuildStep`] names. `None` if nothing is before it.
///
/// [`FailureKind::BuildStep`]: windlass_model::report::FailureKind::BuildStep
///
/// # Errors
///
/// If the Dockerfile can't be read or used.
pub fn before_step(
    project: &Project,
    spec: &ImageSpec,
    line: usize,
    command: Option<usize>,
) -> Result<Option<Before>, InputError> {
    Before::of(spec, &references(project), line, command)
        .map_err(|source| InputError::new(spec, source))
}

fn references(project: &Project) -> BTreeMap<String, String> {
    project.images.iter().map(|(key, spec)| (key.clone(), spec.reference.clone())).collect()
}

fn read(project: &Project, spec: &ImageSpec) -> Result<Recipe, InputError> {
    Recipe::read(spec, &references(project)).map_err(|source| InputError::new(spec, source))
}

fn recipe(project: &Project, spec: &ImageSpec) -> Result<Option<BuildRecipe>, InputError> {
    Ok(match read(project, spec)? {
        Recipe::Build(recipe) => Some(*recipe),
        Recipe::Import(_) | Recipe::Provision(_) | Recipe::External => None,
    })
}
