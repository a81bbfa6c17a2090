//! Project, observed state and request to plan.
//!
//! Invariant: synchronous and pure. No clock, randomness, environment, files, engine, prompt or
//! log: the same input gives the same bytes, and every decision of a run is made here.

mod blocked;
mod diff;
mod draft;
mod expected;
mod graph;
mod image_state;
mod rule;
mod select;
mod verb;
pub mod verify;
mod words;
mod world;

use windlass_model::note::Blocked;
use windlass_model::observed::Observed;
use windlass_model::plan::Plan;
use windlass_model::project::Project;
use windlass_model::request::Request;

/// Plans what a request means for a project in an observed state.
///
/// # Errors
///
/// Every blocker, not only the first, and what the plan would be without them.
pub fn plan(
    project: &Project,
    observed: &Observed,
    request: &Request,
) -> Result<Plan, Box<Blocked>> {
    let world = world::World::new(project, observed);
    let selection = select::select(&world, request)
        .map_err(|blockers| Box::new(Blocked { blockers, ..Blocked::default() }))?;
    let plan = verb::run(&world, request, &selection)?;
    if cfg!(debug_assertions) {
        let verify = if request.options.adopt { verify::verify_adopting } else { verify::verify };
        let faults = verify(project, observed, &plan);
        assert!(faults.is_empty(), "invariant: a plan is sound: {faults:?}\n{plan}");
    }
    Ok(plan)
}

/// The containers of a project in an order in which each comes after what it depends on.
pub fn order(project: &Project) -> Vec<windlass_model::Address> {
    graph::order(project).into_iter().cloned().collect()
}
