//! What a build would change in an image, before it is agreed to.
//!
//! Invariant: nothing is made: an image is looked at, and commands do not run.

use super::ask::{Ask, Asker};
use super::desk::Desk;
use super::look::Look;
use crate::failure;
use crate::lookup;
use crate::step::Result;
use std::sync::Arc;
use windlass_bundle::{Bundle, Facts, Mode, ResourceError, ResourceReport, plan};
use windlass_engine::Engine;
use windlass_image::file_digests::FileDigests;
use windlass_image::layer::{ImageView, ImageViews, SavedImage};
use windlass_image::provision::ProvisionRecipe;
use windlass_image::source::Recipe;
use windlass_model::image::ImageSource;
use windlass_model::plan::BuildImage;

/// What was found out.
#[derive(Debug)]
pub struct Preview {
    /// With which the resources were compared: the image as it is, else its base; `None` is `scratch`.
    pub with: Option<String>,
    pub bundle: Bundle,
    pub resources: Vec<ResourceReport>,
}

/// Compares the resources of an image with the image as it is, or with its base where it is not there yet. `None` if it is not
/// made of resources, or neither is there.
///
/// # Errors
///
/// If a file can't be read, the engine can't be asked, or a resource can't be applied to that image.
pub async fn preview(
    engine: &Arc<dyn Engine>,
    build: &BuildImage,
    files: &FileDigests,
) -> Result<Option<Preview>> {
    let ImageSource::Provision(_) = &build.spec.source else { return Ok(None) };
    let recipe = gathered(build, files).await?;
    let mut with = vec![build.spec.reference.clone()];
    with.extend(recipe.images.first().map(|base| base.image.clone()));
    let views = ImageViews::beside(files);
    let desk = Desk { engine, views: &views, says: &|_| () };
    let mut found = None;
    for reference in with {
        let there = lookup::if_there(|| engine.inspect_image(&reference)).await;
        if let Some(image) = there.map_err(failure::from_engine)? {
            let (id, saved) = desk.look_at(&reference, image.id, recipe.bundle.paths()).await?;
            found = Some((reference, id, saved));
            break;
        }
    }
    if found.is_none() && !recipe.images.is_empty() {
        return Ok(None);
    }
    let with = found.as_ref().map(|(reference, ..)| reference.clone());
    let bundle = recipe.bundle.clone();
    let work = move |asker| planned(&recipe, found.map(|(_, id, saved)| (id, saved)), asker);
    // Commands do not run for a look.
    let resources = desk.serve(work, |ask: Ask| async move { drop(ask) }).await?;
    Ok(Some(Preview { with, bundle, resources }))
}

/// What would change in the base of an image, or in nothing where it has none.
pub(crate) async fn resources_of(
    desk: Desk<'_>,
    recipe: ProvisionRecipe,
) -> Result<Vec<ResourceReport>> {
    let with = match recipe.images.first() {
        Some(base) => Some(desk.look(&base.image, recipe.bundle.paths()).await?),
        None => None,
    };
    let work = move |asker| planned(&recipe, with, asker);
    desk.serve(work, |ask: Ask| async move { drop(ask) }).await
}

async fn gathered(build: &BuildImage, files: &FileDigests) -> Result<ProvisionRecipe> {
    let (spec, references, files) = (build.spec.clone(), build.project_bases(), files.clone());
    let read = move || match Recipe::read(&spec, &references) {
        Ok(Recipe::Provision(recipe)) => {
            recipe.gather(&files).map_err(|error| failure::from_local(&error))
        }
        Ok(Recipe::Build(_) | Recipe::Import(_) | Recipe::External) => {
            Err(failure::local("it is not made of resources"))
        }
        Err(error) => Err(failure::from_local(&error)),
    };
    tokio::task::spawn_blocking(read).await.expect("invariant: reading local files does not panic")
}

fn planned(
    recipe: &ProvisionRecipe,
    with: Option<(String, SavedImage)>,
    asker: Asker,
) -> Result<Vec<ResourceReport>> {
    let (image, view, arch) = match with {
        Some((image, saved)) => (image, saved.view, saved.base.architecture),
        None => (String::new(), ImageView::empty(), windlass_payload::arch().to_owned()),
    };
    let look = Look::new(view, image, asker);
    let wrong = |errors: &[ResourceError]| {
        failure::from_resources(errors, "the resources could not be planned")
    };
    let facts = Facts::of(&look, Mode::Image, &arch).map_err(|error| wrong(&[error]))?;
    let plans = plan(&recipe.bundle, &look, &facts).map_err(|errors| wrong(&errors))?;
    Ok(plans.iter().map(ResourceReport::from).collect())
}
