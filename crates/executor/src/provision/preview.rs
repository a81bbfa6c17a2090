//! What a build would change in an image, before it is agreed to.
//!
//! Invariant: nothing is made: an image is looked at, and commands do not run.

use super::ask::{Ask, Asker};
use super::container::Workshop;
use super::desk::Desk;
use super::look::Look;
use super::made::{Work, make, scratch};
use super::{find, labels_of_steps, takes_bare_layers};
use crate::endings::Endings;
use crate::failure;
use crate::lookup;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use windlass_bundle::{
    Bundle, ChangeReport, Facts, Mode, ResourceError, ResourcePlan, ResourceReport, Secrets,
    Undeclared, difference, plan,
};
use windlass_engine::Engine;
use windlass_image::file_digests::FileDigests;
use windlass_image::layer::{BaseImage, ConfigChange, ImageViews, SavedImage};
use windlass_image::provision::ProvisionRecipe;
use windlass_image::source::Recipe;
use windlass_model::image::{ImageSource, repository};
use windlass_model::label;
use windlass_model::plan::BuildImage;
use windlass_model::report::Failure;

/// What was found out.
#[derive(Debug)]
pub struct Preview {
    /// With what the image that comes out is compared: the image as it is, else its base; `None` is `scratch`.
    pub with: Option<String>,
    pub bundle: Bundle,
    /// Planned from the base on, as a build does it; of changes those that the image as it is does not have.
    pub resources: Vec<ResourceReport>,
    /// What the image as it is has of what nothing declares any more.
    pub undeclared: Vec<Undeclared>,
    /// Why it is not known what nothing declares any more.
    pub unknown: Option<&'static str>,
    /// What it says of its containers.
    pub config: Vec<ConfigChange>,
}

/// Why nothing was found out.
#[derive(Debug)]
pub enum PreviewError {
    /// All that is wrong with the resources, as far as it is known before something runs.
    Resources(Vec<ResourceError>),
    Other(Failure),
}

impl From<Failure> for PreviewError {
    fn from(failure: Failure) -> Self {
        Self::Other(failure)
    }
}

type Result<T> = std::result::Result<T, PreviewError>;

/// What becomes otherwise in an image of resources when it is built: in the image as it is, or in its base where it is not there
/// yet. `None` if it is not made of resources, or its base is not there.
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
    let views = ImageViews::beside(files);
    let desk = Desk { engine, views: &views, says: &|_| () };
    let base = match recipe.images.first() {
        Some(base) => Some(there(desk, &base.image, &recipe).await?),
        None => None,
    };
    let base = match base {
        Some(None) => return Ok(None),
        found => found.flatten(),
    };
    let reference = &build.spec.reference;
    let image = there(desk, reference, &recipe).await?;
    let with = image.as_ref().map(|_| reference.clone());
    let with = with.or_else(|| recipe.images.first().map(|base| base.image.clone()));
    let again = recipe.clone();
    let work = move |asker| compared(recipe, with, base, image, asker);
    // Commands do not run for a look.
    let mut found = desk.serve(work, |ask: Ask| async move { drop(ask) }).await?;
    note_known(desk, build, again, &mut found.resources).await?;
    Ok(Some(found))
}

/// Says of commands that they do not run again: what they leave is known, up to the first that does run.
async fn note_known(
    desk: Desk<'_>,
    build: &BuildImage,
    recipe: ProvisionRecipe,
    resources: &mut [ResourceReport],
) -> Result<()> {
    let runs = |one: &ChangeReport| one.action == "run";
    let has_runs = resources.iter().any(|one| one.changes.iter().any(runs));
    let Some(project) = build.labels.get(label::PROJECT).filter(|_| has_runs) else {
        return Ok(());
    };
    let base = match recipe.images.first() {
        Some(base) => there(desk, &base.image, &recipe).await?,
        None => None,
    };
    let mut labels = build.labels.clone();
    if recipe.is_sensitive() {
        labels.insert(label::SENSITIVE.to_owned(), String::new());
    }
    let endings = Endings::default();
    let workshop = Workshop {
        desk,
        spec: &build.spec,
        project,
        holder: None,
        endings: &endings,
        labels: labels_of_steps(labels, project),
        secrets: Secrets::default(),
        takes_bare_layers: takes_bare_layers(base.as_ref()),
    };
    let work = Work {
        recipe,
        base,
        labels: BTreeMap::new(),
        references: BTreeSet::new(),
        repository: repository(&build.spec.reference).to_owned(),
        passing_labels: BTreeMap::new(),
        runs_anew: build.no_cache,
        only_looks: true,
    };
    let found = |ask: Ask| async {
        if let Ask::Find { key, answer } = ask {
            drop(answer.send(find(&workshop, &key).await));
        }
    };
    let known = desk.serve(move |asker| make(work, &asker).known, found).await;
    let known = resources.iter_mut().filter(|one| known.contains(&one.index));
    for change in known.flat_map(|one| &mut one.changes).filter(|one| runs(one)) {
        change.reason.push_str(": does not run again, what it leaves is known");
    }
    Ok(())
}

/// An image that need not be there.
async fn there(
    desk: Desk<'_>,
    reference: &str,
    recipe: &ProvisionRecipe,
) -> Result<Option<(String, SavedImage)>> {
    let found = lookup::if_there(|| desk.engine.inspect_image(reference)).await;
    let Some(found) = found.map_err(failure::from_engine)? else { return Ok(None) };
    Ok(Some(desk.look_at(reference, found.id, recipe.bundle.paths()).await?))
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
    let work = move |asker| {
        let (base, look) = looked_at(&recipe, with, asker);
        let plans = planned(&recipe, &base, &look)?;
        Ok(plans.iter().map(ResourceReport::from).collect())
    };
    desk.serve(work, |ask: Ask| async move { drop(ask) }).await
}

async fn gathered(build: &BuildImage, files: &FileDigests) -> Result<ProvisionRecipe> {
    let (spec, references, files) = (build.spec.clone(), build.project_bases(), files.clone());
    let read = move || match Recipe::read(&spec, &references) {
        Ok(Recipe::Provision(recipe)) => recipe.gather(&files).map_err(wrong),
        Ok(Recipe::Build(_) | Recipe::Import(_) | Recipe::External) => {
            Err(failure::local("it is not made of resources").into())
        }
        Err(error) => Err(failure::from_local(&error).into()),
    };
    tokio::task::spawn_blocking(read).await.expect("invariant: reading local files does not panic")
}

/// What an image says of itself, and a look at what is in it.
fn looked_at(
    recipe: &ProvisionRecipe,
    image: Option<(String, SavedImage)>,
    asker: Asker,
) -> (BaseImage, Look) {
    let (id, saved) = image.unwrap_or_else(|| (String::new(), scratch(recipe)));
    (saved.base, Look::new(Some(saved.view), id, asker))
}

fn compared(
    recipe: ProvisionRecipe,
    with: Option<String>,
    base: Option<(String, SavedImage)>,
    image: Option<(String, SavedImage)>,
    asker: Asker,
) -> Result<Preview> {
    let (base, below) = looked_at(&recipe, base, asker.clone());
    let plans = planned(&recipe, &base, &below)?;
    let becomes = becomes(&recipe, &base);
    let resources =
        |plans: &[ResourcePlan]| plans.iter().map(ResourceReport::from).collect::<Vec<_>>();
    let Some(image) = image else {
        let (resources, config) = (resources(&plans), ConfigChange::between(&base, &becomes));
        let (bundle, undeclared, unknown) = (recipe.bundle, Vec::new(), None);
        return Ok(Preview { with, bundle, resources, undeclared, unknown, config });
    };
    let (was, there) = looked_at(&recipe, Some(image), asker);
    let shows = ![&base, &was].into_iter().any(has_secrets);
    let found = difference(plans, &below, &there, shows).map_err(wrong)?;
    let (undeclared, unknown) = match found.undeclared {
        None => (Vec::new(), Some("what commands leave is not known before they ran")),
        Some(_) if !was.diff_ids.starts_with(&base.diff_ids) => {
            (Vec::new(), Some("it was made on another base than it will be"))
        }
        Some(found) => (found, None),
    };
    let config = ConfigChange::between(&was, &becomes);
    let resources = resources(&found.plans);
    Ok(Preview { with, bundle: recipe.bundle, resources, undeclared, unknown, config })
}

/// What the image will say of itself.
fn becomes(recipe: &ProvisionRecipe, base: &BaseImage) -> BaseImage {
    let labels = recipe.options.labels.clone();
    BaseImage {
        config: base.config.clone().with(&recipe.defaults, labels),
        author: recipe.defaults.maintainer.clone().or(base.author.clone()),
        ..BaseImage::default()
    }
}

fn has_secrets(image: &BaseImage) -> bool {
    image.config.labels.contains_key(label::SENSITIVE)
}

fn wrong(error: ResourceError) -> PreviewError {
    PreviewError::Resources(vec![error])
}

fn planned(recipe: &ProvisionRecipe, base: &BaseImage, below: &Look) -> Result<Vec<ResourcePlan>> {
    let facts = Facts::of(below, Mode::Image, &base.architecture);
    let facts = facts.map_err(wrong)?;
    let facts = Facts { has_secrets: has_secrets(base), ..facts };
    plan(&recipe.bundle, below, &facts).map_err(PreviewError::Resources)
}
