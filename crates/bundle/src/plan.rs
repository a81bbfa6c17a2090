//! From a bundle and a look at a target to changes.
//!
//! Invariant: planning changes nothing; applying does what planning said, and looks whether it is so then.

use crate::order::order;
use crate::{Bundle, Facts, Overlay, ResourceError, ResourcePlan, Root, View};

/// What is to be done, resource by resource, in the order in which it would be.
///
/// # Errors
///
/// All that is wrong with the bundle itself; otherwise the first resource that can't be planned.
pub fn plan(
    bundle: &Bundle,
    view: &dyn View,
    facts: &Facts,
) -> Result<Vec<ResourcePlan>, Vec<ResourceError>> {
    let order = check(bundle)?;
    let mut overlay = Overlay::new(view);
    let mut plans: Vec<ResourcePlan> = Vec::new();
    for index in order {
        let one = plan_one(bundle, index, &overlay, facts, &plans).map_err(|error| vec![error])?;
        one.changes.iter().for_each(|change| overlay.apply(&change.op));
        plans.push(one);
    }
    Ok(plans)
}

/// Does what is to be done in a directory, and says what that was.
///
/// # Errors
///
/// As [`plan`]; and what could not be done: what came before it is done then.
pub fn apply(
    bundle: &Bundle,
    root: &Root,
    facts: &Facts,
) -> Result<Vec<ResourcePlan>, Vec<ResourceError>> {
    let order = check(bundle)?;
    let mut plans: Vec<ResourcePlan> = Vec::new();
    for index in order {
        let apply_one = || {
            let one = plan_one(bundle, index, root, facts, &plans)?;
            let id = || one.id.clone();
            for change in &one.changes {
                root.apply(&change.op).map_err(|error| error.of(id()))?;
            }
            let rest = plan_one(bundle, index, root, facts, &plans)?;
            if let Some(change) = rest.changes.first() {
                let message =
                    format!("it is not as it shall be after it was applied: {}", change.reason);
                return Err(ResourceError::new(message).of(id()));
            }
            Ok(one)
        };
        plans.push(apply_one().map_err(|error| vec![error])?);
    }
    Ok(plans)
}

/// The order, if nothing is wrong.
fn check(bundle: &Bundle) -> Result<Vec<usize>, Vec<ResourceError>> {
    let mut errors: Vec<ResourceError> = Vec::new();
    for resource in &bundle.resources {
        let found = resource.kind.check().into_iter();
        errors.extend(found.map(|error| error.of(resource.id())));
    }
    match order(bundle) {
        Ok(order) if errors.is_empty() => Ok(order),
        Ok(_) => Err(errors),
        Err(more) => Err(errors.into_iter().chain(more).collect()),
    }
}

fn plan_one(
    bundle: &Bundle,
    index: usize,
    view: &dyn View,
    facts: &Facts,
    before: &[ResourcePlan],
) -> Result<ResourcePlan, ResourceError> {
    let resource = &bundle.resources[index];
    let id = resource.id();
    let nothing = |why| ResourcePlan { index, id: id.clone(), changes: Vec::new(), skipped: why };
    if resource.only_if.as_ref().is_some_and(|condition| !condition.holds(facts)) {
        return Ok(nothing(Some("its condition does not hold here")));
    }
    let is_watched = |name: &String| {
        let mut changed = before.iter().filter(|one| !one.changes.is_empty());
        changed.any(|one| bundle.resources[one.index].is_called(name))
    };
    if !resource.watches.is_empty() && !resource.watches.iter().any(is_watched) {
        return Ok(nothing(Some("nothing that it watches has changed")));
    }
    let planned = resource.kind.plan(view, facts).map_err(|error| error.of(id.clone()));
    let mut changes = planned?;
    if resource.sensitive {
        for change in &mut changes {
            change.diff = None;
        }
    }
    Ok(ResourcePlan { changes, ..nothing(None) })
}
