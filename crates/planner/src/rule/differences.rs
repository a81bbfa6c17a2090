//! Everything that differs between a container and its declaration.
//!
//! Invariant: a difference that a new container would not remove is none.

use crate::diff::{Difference, Remedy, diff, origin};
use crate::draft::Draft;
use crate::image_state;
use crate::rule::container::ensure_image;
use crate::world::World;
use windlass_model::container::{ContainerConfig, ContainerSpec};
use windlass_model::endpoint::NetworkMode;
use windlass_model::observed::ObservedContainer;
use windlass_model::plan::{FieldChange, Origin};
use windlass_model::request::Request;
use windlass_model::{Address, ImageId};

/// Everything that differs: the configuration, the image, secrets, and networks made anew.
pub(crate) fn differences(
    world: &World<'_>,
    request: &Request,
    spec: &ContainerSpec,
    container: &ObservedContainer,
    draft: &mut Draft,
) -> Vec<Difference> {
    let state = world.state(&spec.address.engine);
    let image = state.and_then(|state| state.images.get(&container.image_id));
    let mut seen = container.clone();
    name_containers(world, &spec.address, &mut seen.config);
    let mut differences: Vec<Difference> =
        image_difference(world, request, spec, container, draft).into_iter().collect();
    differences.extend(diff(&spec.config, &seen, image.and_then(|image| image.config.as_ref())));
    if request.options.skip_limit_reset {
        differences.retain(|difference| !difference.takes_limit_away());
    }
    differences.extend(key_difference(spec, container));
    differences.extend(secrets_difference(world, spec, container));
    differences.extend(network_differences(world, spec, container, draft));
    if state.is_some_and(|state| state.info.is_podman) {
        // Its API has no such call; only newer ones have.
        for difference in differences.iter_mut().filter(|d| d.remedy == Remedy::Update) {
            difference.remedy = Remedy::Recreate;
        }
    }
    differences
}

/// It was made under a key that the file does not have any more, and has the name of this one.
fn key_difference(spec: &ContainerSpec, container: &ObservedContainer) -> Option<Difference> {
    let was = container.owner.as_ref()?.address.as_ref();
    let change = FieldChange {
        path: "key".to_owned(),
        was: was.map(|address| address.name.to_string()),
        wanted: Some(spec.address.name.to_string()),
        origin: Origin::File,
    };
    (was != Some(&spec.address)).then_some(Difference { change, remedy: Remedy::Recreate })
}

/// Engines keep the id of a container whose namespace another one shares; files have names.
fn name_containers(world: &World<'_>, address: &Address, config: &mut ContainerConfig) {
    let name = |id: &str| {
        world.container_by_id(&address.engine, id).map_or(id.to_owned(), |c| c.name.clone())
    };
    if let NetworkMode::Container(id) = &config.network_mode {
        config.network_mode = NetworkMode::Container(name(id));
    }
    for mode in [&mut config.pid, &mut config.ipc] {
        if let Some(id) = mode.as_deref().and_then(|mode| mode.strip_prefix("container:")) {
            *mode = Some(format!("container:{}", name(id))).into();
        }
    }
}

fn image_difference(
    world: &World<'_>,
    request: &Request,
    spec: &ContainerSpec,
    container: &ObservedContainer,
    draft: &mut Draft,
) -> Option<Difference> {
    let engine = &spec.address.engine;
    let reference = &image_state::reference(world, &spec.image);
    let is_built = match &spec.image {
        windlass_model::image::ImageUse::Project(key) => {
            world.project.images.get(key).is_some_and(image_state::is_built)
        }
        windlass_model::image::ImageUse::External(_) => false,
    };
    // An image that was removed while its container goes on needs no pull.
    let same = windlass_model::image::familiar_reference(&container.image)
        == windlass_model::image::familiar_reference(reference);
    let pulled_away = !is_built && world.image(engine, reference).is_none() && same;
    if pulled_away && !request.options.pull_always {
        return None;
    }
    let resolved = ensure_image(world, request, spec, draft);
    if resolved.id.as_ref() == Some(&container.image_id) {
        return None;
    }
    let wanted = resolved
        .id
        .as_ref()
        .map_or_else(|| format!("{reference} (new)"), |id| image_words(reference, id));
    Some(Difference {
        change: FieldChange {
            path: "image".to_owned(),
            was: Some(image_words(&container.image, &container.image_id)),
            wanted: Some(wanted),
            origin: if same && resolved.id.is_some() { Origin::Engine } else { Origin::File },
        },
        remedy: Remedy::Recreate,
    })
}

/// What an image is called and its id; only that, if it is called by its id.
pub(super) fn image_words(reference: &str, id: &ImageId) -> String {
    if reference == id.0 { id.short().to_owned() } else { format!("{reference} ({})", id.short()) }
}

fn secrets_difference(
    world: &World<'_>,
    spec: &ContainerSpec,
    container: &ObservedContainer,
) -> Option<Difference> {
    let wanted = world.observed.secrets.get(&spec.address).map(|digest| digest.0.clone());
    let was = container.owner.as_ref().and_then(|owner| owner.digest.clone());
    let show = |digest: &Option<String>| digest.as_ref().map(|_| "(secret)".to_owned());
    (was != wanted).then(|| Difference {
        change: FieldChange {
            path: "secrets".to_owned(),
            was: show(&was),
            // The digest was taken of the values: they are others.
            wanted: show(&wanted)
                .map(|text| if was.is_some() { crate::diff::ANOTHER.to_owned() } else { text }),
            origin: Origin::File,
        },
        remedy: Remedy::Recreate,
    })
}

/// An endpoint keeps the id of its network: one that was made anew under the same name needs a new
/// container.
fn network_differences(
    world: &World<'_>,
    spec: &ContainerSpec,
    container: &ObservedContainer,
    draft: &Draft,
) -> Vec<Difference> {
    let engine = &spec.address.engine;
    let remade = |name: &str| draft.network_steps.contains_key(&(engine.clone(), name.to_owned()));
    let ids = container.network_ids.iter();
    ids.filter(|(name, _)| spec.config.endpoints.contains_key(*name))
        .filter(|(name, id)| {
            let named = world.networks_named(engine, name);
            let stale = !id.0.is_empty() && !named.iter().any(|network| network.id == **id);
            stale || remade(name)
        })
        .map(|(name, id)| Difference {
            change: FieldChange {
                path: format!("networks.{name}"),
                was: Some(format!("network {}", id.short())),
                wanted: Some("the network made anew".to_owned()),
                origin: if remade(name) { Origin::File } else { origin(false, true) },
            },
            remedy: Remedy::Recreate,
        })
        .collect()
}
