//! Whether a container will have a health check: its own, or its image's.
//!
//! Invariant: `None` where it can't be told before the image is there.

use crate::image_state;
use crate::world::World;
use windlass_model::container::ContainerSpec;
use windlass_model::healthcheck::{HealthTest, Healthcheck};
use windlass_model::image::{ImageSource, ImageUse, PullPolicy};
use windlass_model::name::EngineName;
use windlass_model::observed::BuiltHealthcheck;

/// Images that are built on one another, at most.
const LONGEST: usize = 100;

pub(crate) fn of(world: &World<'_>, spec: &ContainerSpec) -> Option<bool> {
    match &*spec.config.healthcheck {
        Some(check) if check.test != HealthTest::Inherit => Some(check.is_active()),
        Some(_) | None => of_image(world, &spec.address.engine, &spec.image, spec.pull),
    }
}

fn of_image(
    world: &World<'_>,
    engine: &EngineName,
    image: &ImageUse,
    pull: PullPolicy,
) -> Option<bool> {
    let mut image = image.clone();
    let mut pull = pull;
    for _ in 0..LONGEST {
        if let ImageUse::Project(key) = &image {
            match world.observed.builds.get(key).map(|build| &build.healthcheck) {
                Some(BuiltHealthcheck::Own(is_there)) => return Some(*is_there),
                Some(BuiltHealthcheck::OfBase(base)) => {
                    image = base.clone();
                    continue;
                }
                Some(BuiltHealthcheck::Unknown) | None => {}
            }
            if let Some(ImageSource::External { pull: own }) =
                world.project.images.get(key).map(|spec| &spec.source)
            {
                pull = if *own == PullPolicy::Always { *own } else { pull };
            }
        }
        let found = world.image(engine, &image_state::reference(world, &image))?;
        let check = found.config.as_ref()?.healthcheck.as_ref();
        let is_there = check.is_some_and(Healthcheck::is_active);
        // What is pulled anew may have one.
        return (is_there || pull != PullPolicy::Always).then_some(is_there);
    }
    None
}
