//! The state of one engine.
//!
//! Invariant: four lists, whatever is declared; then inspects of what is ours, at most `INSPECTS`
//! at a time.

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use std::collections::{BTreeMap, BTreeSet};
use windlass_engine::{Engine, Result};
use windlass_model::image::ImageUse;
use windlass_model::label;
use windlass_model::name::{ContainerId, EngineName, ImageId};
use windlass_model::observed::{
    ContainerSummary, ObservedContainer, ObservedEngine, ObservedImage,
};
use windlass_model::project::Project;

/// How many inspects are under way at once.
const INSPECTS: usize = 32;

pub(crate) async fn observe(project: &Project, engine: &dyn Engine) -> Result<ObservedEngine> {
    let info = engine.info().await?;
    let (containers, images, networks, volumes) = tokio::try_join!(
        engine.list_containers(),
        engine.list_images(),
        engine.list_networks(),
        engine.list_volumes(),
    )?;
    let mut observed = ObservedEngine {
        info,
        containers: by(containers, |container| container.id.clone()),
        details: BTreeMap::new(),
        images: by(images, |image| image.id.clone()),
        networks: by(networks, |network| network.id.clone()),
        volumes: by(volumes, |volume| volume.name.clone()),
    };
    disown(&mut observed);
    let ours: Vec<&ContainerSummary> = observed
        .containers
        .values()
        .filter(|c| c.owner.as_ref().is_some_and(|owner| owner.project == project.name))
        .collect();
    let wanted = wanted_images(project, engine.name(), &observed, &ours);
    let ids: Vec<ContainerId> = ours.into_iter().map(|container| container.id.clone()).collect();
    let (details, images) =
        tokio::try_join!(inspect_containers(engine, ids.clone()), inspect_images(engine, wanted))?;
    observed.details = by(details, |container| container.id.clone());
    agree(&mut observed, &ids);
    observed.images.extend(by(images, |image| image.id.clone()));
    Ok(observed)
}

/// A container has every label of its image that it does not set itself, and `docker commit` puts
/// the labels of a container on an image: what somebody runs from such an image looks like ours,
/// and is not.
fn disown(observed: &mut ObservedEngine) {
    for summary in observed.containers.values_mut() {
        let image = observed.images.get(&summary.image_id);
        let inherits = |key: &str| {
            let own = summary.labels.get(key);
            own.is_some() && own == image.and_then(|image| image.labels.get(key))
        };
        if [label::PROJECT, label::ADDRESS, label::SPEC].into_iter().all(inherits) {
            summary.owner = None;
        }
    }
}

/// What changed between the list and the inspects is as the inspects have it. (An engine goes on
/// with what a run that was killed had asked for.)
fn agree(observed: &mut ObservedEngine, asked: &[ContainerId]) {
    for id in asked {
        match (observed.details.get(id), observed.containers.get_mut(id)) {
            (Some(seen), Some(summary)) => {
                summary.name.clone_from(&seen.name);
                summary.state = seen.state;
            }
            (None, _) => drop(observed.containers.remove(id)),
            (Some(_), None) => {}
        }
    }
}

fn by<K: Ord, V>(values: Vec<V>, key: impl Fn(&V) -> K) -> BTreeMap<K, V> {
    values.into_iter().map(|value| (key(&value), value)).collect()
}

/// The images of our containers, and those that the project's containers shall have, where they
/// are there: what an image gives to a container is part of how the container shall be.
fn wanted_images(
    project: &Project,
    engine: &EngineName,
    observed: &ObservedEngine,
    ours: &[&ContainerSummary],
) -> BTreeSet<ImageId> {
    let used = ours.iter().map(|container| container.image_id.clone());
    let mut wanted: BTreeSet<ImageId> = used.filter(|id| !id.as_str().is_empty()).collect();
    let index: BTreeMap<&str, &ImageId> = observed
        .images
        .values()
        .flat_map(|image| image.references.iter().map(|reference| (reference.as_str(), &image.id)))
        .collect();
    for spec in project.containers.values().filter(|spec| spec.address.engine == *engine) {
        let reference = match &spec.image {
            ImageUse::External(reference) => Some(reference.as_str()),
            ImageUse::Project(key) => project.images.get(key).map(|image| image.reference.as_str()),
        };
        let Some(reference) = reference else { continue };
        let familiar = windlass_model::image::familiar_reference(reference);
        if let Some(id) = index.get(familiar.as_str()) {
            wanted.insert((*id).clone());
        } else {
            let by_id = ImageId::new(reference);
            wanted.extend(observed.images.contains_key(&by_id).then_some(by_id));
        }
    }
    wanted
}

async fn inspect_containers(
    engine: &dyn Engine,
    ids: Vec<ContainerId>,
) -> Result<Vec<ObservedContainer>> {
    let inspects = ids
        .into_iter()
        .map(|id| async move { if_there(engine.inspect_container(id.as_str()).await) });
    let found = stream::iter(inspects).buffer_unordered(INSPECTS);
    found.try_filter_map(async |container| Ok(container)).try_collect().await
}

async fn inspect_images(engine: &dyn Engine, ids: BTreeSet<ImageId>) -> Result<Vec<ObservedImage>> {
    let inspects =
        ids.into_iter().map(|id| async move { if_there(engine.inspect_image(id.as_str()).await) });
    let found = stream::iter(inspects).buffer_unordered(INSPECTS);
    found.try_filter_map(async |image| Ok(image)).try_collect().await
}

/// What was removed since the list was made is not there.
fn if_there<T>(answer: Result<T>) -> Result<Option<T>> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}
