//! The step that creates a container.
//!
//! Invariant: what windlass has to know about it later is on its labels, and no secret is.

use crate::draft::{Draft, Why};
use crate::image_state;
use crate::rule::secrets;
use crate::world::World;
use std::collections::BTreeMap;
use windlass_model::container::{ContainerConfig, ContainerSpec};
use windlass_model::container_labels::{ContainerLabels, DeclaredLabels};
use windlass_model::label::Previous;
use windlass_model::mount::Mount;
use windlass_model::plan::{Action, ContainerRef, CreateContainer, StepId};
use windlass_model::{Shared, Text};

/// How a container is made, beside what its spec says.
pub(crate) struct Made {
    pub(crate) name: Text,
    /// Names of anonymous volumes that it takes over, by target.
    pub(crate) inherited: BTreeMap<String, String>,
    /// What it takes the place of.
    pub(crate) previous: Option<Previous>,
}

/// Creates the container.
pub(crate) fn create_step(
    world: &World<'_>,
    spec: &ContainerSpec,
    Made { name, inherited, previous }: Made,
    why: &Why,
    after: impl IntoIterator<Item = StepId>,
    draft: &mut Draft,
) -> StepId {
    let labels = DeclaredLabels {
        project: world.project.name.clone(),
        address: spec.address.clone(),
        config: spec.config.clone(),
        digest: world.observed.secrets.get(&spec.address).cloned(),
        commands: spec.exec_commands.to_vec(),
        previous: previous.map(Box::new),
    };
    let mut config = config(world, spec);
    for (target, name) in inherited {
        config.mounts.insert(target, Mount::volume(&name));
    }
    let made = (name, config, ContainerLabels::Declared(labels));
    let step = create_with(world, spec, made, why, after, draft);
    secrets::copy(spec, &ContainerRef::Planned(step), why, draft);
    step
}

/// What the engine is asked for.
pub(crate) fn config(world: &World<'_>, spec: &ContainerSpec) -> Shared<ContainerConfig> {
    let mut config = spec.config.clone();
    for (target, mount) in &spec.config.mounts {
        // What the engine would copy there from the image would bring the image's owner with it.
        let key = mount.volume_name().and_then(|name| world.volume_keys.get(name));
        let volume = key.and_then(|key| world.project.volumes.get(*key));
        if volume.is_some_and(|volume| volume.owner.is_some()) {
            config.mounts.insert(target.clone(), Mount { no_copy: true, ..mount.clone() });
        }
    }
    config
}

/// Creates the container with this name, configuration and labels.
pub(crate) fn create_with(
    world: &World<'_>,
    spec: &ContainerSpec,
    (name, config, labels): (Text, Shared<ContainerConfig>, ContainerLabels),
    why: &Why,
    after: impl IntoIterator<Item = StepId>,
    draft: &mut Draft,
) -> StepId {
    let image = image_state::reference(world, &spec.image);
    let create = CreateContainer { name, image, config, labels };
    let action = Action::CreateContainer(Box::new(create));
    let step = draft.step(&spec.address, action, why.clone(), after);
    let progress = draft.progress(&spec.address);
    progress.present = Some(step);
    progress.container = Some(ContainerRef::Planned(step));
    step
}
