//! The table of verbs: how far each walks the dependencies, and by which rule it acts.
//!
//! Invariant: every verb is a row here; none goes around it.

use crate::draft::Draft;
use crate::rule::{self, container::Goal};
use crate::select::Selection;
use crate::world::World;
use windlass_model::note::Blocked;
use windlass_model::plan::Plan;
use windlass_model::request::{Request, Verb};

/// How far a verb walks from what was named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Traversal {
    Only,
    Dependencies,
    Dependents,
}

/// From declared and observed state to actions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// Bring to this state whatever it takes.
    Reach(Goal),
    /// Remove, and what only they used.
    Down,
    Remove,
    /// One signal or state change for what is there.
    Each(rule::each::Change),
    Pull,
    Push,
    Tag,
    Untag,
    Build,
    /// What ran before, again.
    Rollback,
    /// Remove what was left behind.
    Clean,
    /// A one-off container.
    Run,
    /// What it brought up.
    Release,
}

/// A row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) traversal: Traversal,
    pub(crate) rule: Rule,
}

/// The table.
pub(crate) fn row(verb: Verb) -> Row {
    use rule::each::Change;
    let (traversal, rule) = match verb {
        Verb::Up | Verb::Update => (Traversal::Dependencies, Rule::Reach(Goal::Running)),
        Verb::Create => (Traversal::Dependencies, Rule::Reach(Goal::Created)),
        Verb::Start => (Traversal::Dependencies, Rule::Each(Change::Start)),
        Verb::Down => (Traversal::Dependents, Rule::Down),
        Verb::Stop => (Traversal::Dependents, Rule::Each(Change::Stop)),
        Verb::Remove => (Traversal::Dependents, Rule::Remove),
        Verb::Restart => (Traversal::Only, Rule::Each(Change::Restart)),
        Verb::Kill => (Traversal::Only, Rule::Each(Change::Kill)),
        Verb::Pause => (Traversal::Only, Rule::Each(Change::Pause)),
        Verb::Unpause => (Traversal::Only, Rule::Each(Change::Unpause)),
        Verb::Pull => (Traversal::Only, Rule::Pull),
        Verb::Push => (Traversal::Only, Rule::Push),
        Verb::Tag => (Traversal::Only, Rule::Tag),
        Verb::Untag => (Traversal::Only, Rule::Untag),
        Verb::Build => (Traversal::Only, Rule::Build),
        Verb::Rollback => (Traversal::Only, Rule::Rollback),
        Verb::Clean => (Traversal::Only, Rule::Clean),
        Verb::Run => (Traversal::Dependencies, Rule::Run),
        Verb::Release => (Traversal::Only, Rule::Release),
    };
    Row { traversal, rule }
}

/// Runs a verb's row.
pub(crate) fn run(
    world: &World<'_>,
    request: &Request,
    selection: &Selection<'_>,
) -> Result<Plan, Box<Blocked>> {
    let mut draft = Draft::default();
    match row(request.verb).rule {
        Rule::Reach(goal) => rule::reach(world, request, selection, goal, &mut draft),
        Rule::Down => rule::down::down(world, request, selection, &mut draft),
        Rule::Remove => rule::down::remove(world, request, selection, &mut draft),
        Rule::Each(change) => rule::each::each(world, request, selection, change, &mut draft),
        Rule::Pull => rule::pull::pull(world, request, selection, &mut draft),
        Rule::Push => rule::push::push(world, request, selection, &mut draft),
        Rule::Tag => rule::tag::tag(world, request, selection, &mut draft),
        Rule::Untag => rule::tag::untag(world, request, selection, &mut draft),
        Rule::Rollback => rule::rollback::rollback(world, request, selection, &mut draft),
        Rule::Clean => rule::clean::clean(world, request, &mut draft),
        Rule::Run => rule::one_off::run(world, request, selection, &mut draft),
        Rule::Release => rule::brought::release(world, request, &mut draft),
        Rule::Build => rule::image::build(world, request, selection, &mut draft),
    }
    draft.finish(world, selection)
}
