//! Images made of resources: put together here, layer by layer, and loaded; what has to run runs in a container.
//!
//! Invariant: the same base and the same resources give the same image, byte for byte, as far as nothing had to run.

mod ask;
mod container;
mod desk;
mod foreign;
mod look;
mod made;
mod preview;
mod stack;
mod target;
mod tools;

use crate::endings::Endings;
use crate::lookup;
use crate::step::Result;
use ask::{Ask, Ran};
use container::Workshop;
pub(crate) use desk::Desk;
use made::Work;
pub(crate) use preview::resources_of;
pub use preview::{Preview, PreviewError, preview};
use std::collections::{BTreeMap, BTreeSet};
use windlass_bundle::Secrets;
use windlass_image::layer::SavedImage;
use windlass_image::provision::ProvisionRecipe;
use windlass_model::image::{ImageSpec, is_passing, repository};
use windlass_model::label;
use windlass_model::lock::Holder;
use windlass_model::name::ImageId;
use windlass_model::observed::ObservedImage;
use windlass_model::one_off;

/// What is made, and for whom.
pub(crate) struct Order<'a> {
    pub(crate) spec: &'a ImageSpec,
    /// All that it gets beside the base's.
    pub(crate) labels: BTreeMap<String, String>,
    /// It gets none of its names, which only what commands leave has then.
    pub(crate) is_nameless: bool,
    /// Commands run though what they left is known.
    pub(crate) no_cache: bool,
    /// Of which project the containers are that are made on the way.
    pub(crate) project: &'a str,
    pub(crate) holder: Option<&'a Holder>,
    pub(crate) endings: &'a Endings,
    /// The id of what it is made on, if that is known.
    pub(crate) base: Option<ImageId>,
    /// Values that commands may be given.
    pub(crate) secrets: Secrets,
}

/// Makes an image, and says its id: the digest of its configuration, which not every engine calls it by.
pub(crate) async fn provision(
    desk: Desk<'_>,
    order: Order<'_>,
    recipe: ProvisionRecipe,
) -> Result<String> {
    let base = match recipe.images.first() {
        Some(base) => Some(match order.base.clone() {
            Some(id) => desk.look_at(&base.image, id, recipe.bundle.paths()).await?,
            None => desk.look(&base.image, recipe.bundle.paths()).await?,
        }),
        None => None,
    };
    let Order {
        spec,
        mut labels,
        is_nameless,
        no_cache,
        project,
        holder,
        endings,
        secrets,
        base: _,
    } = order;
    if recipe.is_sensitive() {
        labels.insert(label::SENSITIVE.to_owned(), String::new());
    }
    let kept_labels = labels_of_steps(labels.clone(), project);
    let takes_bare_layers = takes_bare_layers(base.as_ref());
    let workshop = Workshop {
        desk,
        spec,
        project,
        holder,
        endings,
        labels: kept_labels,
        secrets,
        takes_bare_layers,
    };
    let references = [spec.reference.clone()].into_iter().chain(spec.tags.clone()).collect();
    let work = Work {
        recipe,
        base,
        labels,
        references: if is_nameless { BTreeSet::new() } else { references },
        repository: repository(&spec.reference).to_owned(),
        passing_labels: workshop.labels.clone(),
        runs_anew: no_cache,
        only_looks: false,
    };
    let rest = |ask| answer(&workshop, ask);
    // What is there before is all that there can be to forget, and asking for it meanwhile costs no time.
    let (made, before) = tokio::join!(
        desk.serve(move |asker| made::make(work, &asker), rest),
        desk.engine.list_images()
    );
    for reference in &made.passing {
        // One that stays is removed by the next build of the image, and by `clean`.
        drop(desk.engine.remove_image(reference).await);
    }
    let id = made.result?;
    if let Ok(before) = before {
        forget(&workshop, &before, &made.kept).await;
    }
    Ok(id)
}

/// Whether the engine keeps no manifests, as far as the base shows it: an image is then called by its configuration.
fn takes_bare_layers(base: Option<&(String, SavedImage)>) -> bool {
    base.is_some_and(|(id, saved)| *id == saved.base.id)
}

/// What tells images on the way from those of others.
fn labels_of_steps(
    mut labels: BTreeMap<String, String>,
    project: &str,
) -> BTreeMap<String, String> {
    labels.remove(label::DIGEST);
    // It is known as ours by it where no label of a project says so.
    labels.insert(one_off::PROJECT.to_owned(), project.to_owned());
    labels
}

async fn answer(workshop: &Workshop<'_>, ask: Ask) {
    match ask {
        Ask::Find { key, answer } => drop(answer.send(find(workshop, &key).await)),
        Ask::Run { run, answer } => drop(answer.send(workshop.run(run).await)),
        Ask::Probe { run, answer } => drop(answer.send(workshop.probe(run).await)),
        // These are the desk's.
        Ask::Say(_)
        | Ask::Look { .. }
        | Ask::Contents { .. }
        | Ask::Save { .. }
        | Ask::Load { .. } => {}
    }
}

/// What commands left that were run before.
async fn find(workshop: &Workshop<'_>, key: &str) -> Result<Option<Ran>> {
    let (desk, image) = (workshop.desk, workshop.reference(key));
    let found = lookup::if_there(|| desk.engine.inspect_image(&image)).await;
    let Some(found) = found.map_err(crate::failure::from_engine)? else { return Ok(None) };
    // Somebody's own tag may have the name.
    if workshop.labels.iter().any(|(name, value)| found.labels.get(name) != Some(value)) {
        return Ok(None);
    }
    workshop.left(image, found).await.map(Some)
}

/// Removes what commands left that are not of this image any more, and what a killed build went on from. Another one of this image is
/// not at work: its project is locked.
async fn forget(workshop: &Workshop<'_>, images: &[ObservedImage], kept: &BTreeSet<String>) {
    let engine = workshop.desk.engine;
    let step = workshop.reference("");
    let own = repository(&workshop.spec.reference);
    let is_over = |one: &&String| {
        one.starts_with(&step) && !kept.contains(*one)
            || workshop.holder.is_some() && is_passing(one) && repository(one) == own
    };
    let old = images.iter().filter(|image| {
        workshop.labels.iter().all(|(name, value)| image.labels.get(name) == Some(value))
    });
    let old = old.flat_map(|image| &image.references);
    for reference in old.filter(is_over) {
        // What is left is found by the next build.
        drop(engine.remove_image(reference).await);
    }
}
