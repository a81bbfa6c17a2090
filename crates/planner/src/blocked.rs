//! What a blocker holds up: everything that needs the object that it is about.
//!
//! Invariant: each container is held by the first blocked object on its way; nothing here decides what is blocked.

use crate::draft::Draft;
use crate::select::Selection;
use crate::world::World;
use std::collections::BTreeMap;
use windlass_model::note::{Blocked, Blocker};
use windlass_model::plan::Plan;
use windlass_model::{Address, Kind};

/// The draft as what would be done, with what stands in the way.
pub(crate) fn blocked(
    world: &World<'_>,
    selection: &Selection<'_>,
    (plan, blockers): (Plan, Vec<Blocker>),
) -> Blocked {
    let mut held: BTreeMap<Address, Address> = BTreeMap::new();
    let is_blocked = |address: &Address| blockers.iter().any(|blocker| blocker.address == *address);
    // In the order of dependencies, so that what holds a container is known before its dependents.
    for address in world.order.iter().filter(|address| selection.containers.contains(**address)) {
        let Some(spec) = world.spec(address) else { continue };
        let engine = &address.engine;
        let keys = |kind: Kind, key: Option<&&str>| {
            key.map(|key| Address::new(engine.clone(), kind, (*key).to_owned()))
        };
        let networks = spec.config.endpoints.keys();
        let networks =
            networks.filter_map(|name| keys(Kind::Network, world.network_keys.get(name.as_str())));
        let volumes = spec.config.volume_names();
        let volumes = volumes.filter_map(|name| keys(Kind::Volume, world.volume_keys.get(name)));
        let image = crate::rule::image::address(engine, &spec.image);
        let needs = networks.chain(volumes).chain([image]);
        let needs = needs.chain(spec.depends_on.iter().map(|dependency| dependency.on.clone()));
        for need in needs {
            let by = if is_blocked(&need) { Some(need) } else { held.get(&need).cloned() };
            if let Some(by) = by {
                held.insert((*address).clone(), by);
                break;
            }
        }
    }
    Blocked { blockers, plan, held }
}

impl Draft {
    /// The plan, or what it would be with what blocks it.
    pub(crate) fn finish(
        self,
        world: &World<'_>,
        selection: &Selection<'_>,
    ) -> Result<Plan, Box<Blocked>> {
        let (plan, blockers) = self.into_parts();
        if blockers.is_empty() {
            return Ok(plan);
        }
        Err(Box::new(blocked(world, selection, (plan, blockers))))
    }
}
