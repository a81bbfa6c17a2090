//! From a bundle and a look at a target to changes.
//!
//! Invariant: planning changes nothing; applying does what planning said, and looks whether it is so then.

use crate::failures::Failures;
use crate::hidden::Hidden;
use crate::index::Index;
use crate::kind::for_hosts;
use crate::order::order;
use crate::{
    Bundle, Change, Facts, Journal, Kind, Mode, Op, Overlay, Resource, ResourceError, ResourcePlan,
    Target, View, path,
};

/// What is to be done, resource by resource, in the order in which it would be.
///
/// # Errors
///
/// All that is wrong with the bundle itself; otherwise all that can't be planned, but for what only follows from that.
pub fn plan(
    bundle: &Bundle,
    view: &dyn View,
    facts: &Facts,
) -> Result<Vec<ResourcePlan>, Vec<ResourceError>> {
    plan_with(bundle, view, facts, &())
}

/// The same, with what earlier runs left to be done.
///
/// # Errors
///
/// As [`plan`].
pub fn plan_with(
    bundle: &Bundle,
    view: &dyn View,
    facts: &Facts,
    journal: &dyn Journal,
) -> Result<Vec<ResourcePlan>, Vec<ResourceError>> {
    let index = Index::new(bundle);
    let groups = groups(bundle, checked(bundle, &index)?);
    let mut overlay = Overlay::new(view);
    let mut hidden = Hidden::new(bundle, view, facts);
    // The last that runs something: what a command leaves behind nobody knows before it has run.
    let mut runner: Option<String> = None;
    let mut plans: Vec<ResourcePlan> = Vec::with_capacity(bundle.resources.len());
    let mut changed = vec![false; bundle.resources.len()];
    let mut failures = Failures::new(bundle, &index);
    for group in groups {
        if failures.is_full() {
            break;
        }
        hidden.look_again(bundle, &group, &overlay);
        let (index, hidden) = (&index, &hidden);
        let look = Planner { bundle, index, facts, journal, hidden, changed: &changed };
        let planned = look.group(&group, &overlay).and_then(|plans| {
            check_names(facts, &plans)?;
            Ok(plans)
        });
        let mut group_plans = match planned {
            Ok(plans) => plans,
            Err(_) if runner.is_some() => {
                group.iter().map(|index| look.nothing(*index, None)).collect()
            }
            Err(error) => {
                failures.push(&group, error);
                // In a directory nothing runs, so all of it is known.
                if facts.mode != Mode::Root && runs(&bundle.resources[group[0]].kind) {
                    runner = Some(index.id(group[0]).to_owned());
                }
                continue;
            }
        };
        for one in &mut group_plans {
            doubt(bundle, index, runner.as_ref(), &plans, one);
            for change in &one.changes {
                overlay.apply(&change.op);
                if let Op::Run { .. } = change.op {
                    runner = Some(one.id.clone());
                }
            }
        }
        note(&mut changed, &group_plans);
        plans.extend(group_plans);
    }
    failures.none(plans)
}

/// Does what is to be done, and says what that was.
///
/// # Errors
///
/// As [`plan`]; and what could not be done: what came before it is done then.
pub fn apply(
    bundle: &Bundle,
    target: &dyn Target,
    facts: &Facts,
) -> Result<Vec<ResourcePlan>, Vec<ResourceError>> {
    apply_with(bundle, target, facts, &mut ())
}

/// The same, with what earlier runs left to be done.
///
/// # Errors
///
/// As [`apply`]; and what the journal could not keep.
pub fn apply_with(
    bundle: &Bundle,
    target: &dyn Target,
    facts: &Facts,
    journal: &mut dyn Journal,
) -> Result<Vec<ResourcePlan>, Vec<ResourceError>> {
    let index = Index::new(bundle);
    let groups = groups(bundle, checked(bundle, &index)?);
    let mut hidden = Hidden::new(bundle, target, facts);
    let mut plans: Vec<ResourcePlan> = Vec::with_capacity(bundle.resources.len());
    let mut changed = vec![false; bundle.resources.len()];
    for group in groups {
        hidden.look_again(bundle, &group, target);
        let of = (bundle, &index, &hidden);
        let applied = apply_group(of, target, facts, journal, &changed, &group);
        let applied = applied.map_err(|error| vec![error])?;
        note(&mut changed, &applied);
        plans.extend(applied);
    }
    Ok(plans)
}

/// Says of a resource with nothing to do that this is not known, if something runs before it.
fn doubt(
    bundle: &Bundle,
    index: &Index,
    runner: Option<&String>,
    before: &[ResourcePlan],
    one: &mut ResourcePlan,
) {
    let may_change = |place: &usize| {
        before.iter().any(|other| other.index == *place && other.unknown_before.is_some())
    };
    let watches = &bundle.resources[one.index].watches;
    let is_in_doubt = match one.skipped {
        None => true,
        Some(ELSEWHERE) => false,
        Some(_) => watches.iter().any(|name| index.called(name).iter().any(may_change)),
    };
    if let (true, true, Some(runner)) = (one.changes.is_empty(), is_in_doubt, runner) {
        one.skipped = None;
        one.unknown_before = Some(runner.clone());
    }
}

/// Whether it would have run something.
fn runs(kind: &Kind) -> bool {
    matches!(kind, Kind::Package(_) | Kind::Execute(_))
}

/// Why nothing is looked at.
const ELSEWHERE: &str = "its condition does not hold here";

/// Remembers which resources were changed.
fn note(changed: &mut [bool], plans: &[ResourcePlan]) {
    for one in plans {
        changed[one.index] = !one.changes.is_empty();
    }
}

fn apply_group(
    (bundle, index, hidden): (&Bundle, &Index, &Hidden),
    target: &dyn Target,
    facts: &Facts,
    journal: &mut dyn Journal,
    changed: &[bool],
    group: &[usize],
) -> Result<Vec<ResourcePlan>, ResourceError> {
    let planned = Planner { bundle, index, facts, journal, hidden, changed };
    let planned = planned.group(group, target)?;
    check_names(facts, &planned)?;
    for one in &planned {
        let resource = &bundle.resources[one.index];
        if !one.changes.is_empty() {
            let watchers = index.watchers(one.index).iter();
            let watchers: Vec<String> =
                watchers.map(|place| index.typed_id(*place).to_owned()).collect();
            journal.expect(&watchers).map_err(|error| error.of(one.id.clone()))?;
        }
        target.begin(resource, one).map_err(|error| error.of(one.id.clone()))?;
        for change in &one.changes {
            let failed = |error: ResourceError| {
                let error = if resource.sensitive { error.hidden() } else { error };
                error.of(one.id.clone())
            };
            target.apply(&change.op).map_err(failed)?;
        }
    }
    for one in &planned {
        let resource = &bundle.resources[one.index];
        if !one.changes.is_empty() && resource.kind.is_observable(facts) {
            let again = Planner { bundle, index, facts, journal, hidden, changed };
            let rest = again.one(one.index, target)?;
            if let Some(change) = rest.changes.first() {
                let message =
                    format!("it is not as it shall be after it was applied: {}", change.reason);
                return Err(ResourceError::new(message).of(one.id.clone()));
            }
        }
        journal.done(index.typed_id(one.index), one).map_err(|error| error.of(one.id.clone()))?;
    }
    Ok(planned)
}

/// All that is wrong with a bundle itself, whatever its target is.
pub fn check(bundle: &Bundle) -> Vec<ResourceError> {
    checked(bundle, &Index::new(bundle)).err().unwrap_or_default()
}

/// What a bundle has no place for in a mode, unless a condition leaves it out there: in an image what is for hosts only, and names
/// that layers have a meaning for.
pub fn check_for(bundle: &Bundle, mode: Mode) -> Vec<ResourceError> {
    let is_left_out = |resource: &Resource| {
        let condition = resource.only_if.as_ref();
        condition.is_some_and(|one| !one.mode.is_empty() && !one.mode.contains(&mode))
    };
    let all = bundle.resources.iter().enumerate();
    let meant = all.filter(|(_, one)| mode == Mode::Image && !is_left_out(one));
    let wrong = meant.filter_map(|(place, one)| {
        let kind = &one.kind;
        let error = match kind.path() {
            _ if kind.is_host_only() => for_hosts(kind.word()),
            path => path::whiteout(path?)?,
        };
        Some(error.at(place).of(one.id()))
    });
    wrong.collect()
}

/// That nothing in an image has a name that takes something else away.
fn check_names(facts: &Facts, plans: &[ResourcePlan]) -> Result<(), ResourceError> {
    for one in plans.iter().filter(|_| facts.mode == Mode::Image) {
        let wrong = one.changes.iter().find_map(|change| path::whiteout(change.op.path()));
        if let Some(error) = wrong {
            return Err(error.at(one.index).of(one.id.clone()));
        }
    }
    Ok(())
}

/// The order, if nothing is wrong.
fn checked(bundle: &Bundle, index: &Index) -> Result<Vec<usize>, Vec<ResourceError>> {
    let mut errors: Vec<ResourceError> = Vec::new();
    for (place, resource) in bundle.resources.iter().enumerate() {
        if resource.id.is_none() && resource.name().is_none() {
            let word = resource.kind.word();
            let error = ResourceError::new(format!("a sensitive `{word}` has no `id`"));
            let help = "give it one: its own words would be shown otherwise";
            errors.push(error.field("id").help(help).at(place).of(word.to_owned()));
        }
        let found = resource.kind.check().into_iter();
        errors.extend(found.map(|error| error.at(place).of(index.id(place).to_owned())));
    }
    match order(bundle, index) {
        Ok(order) if errors.is_empty() => Ok(order),
        Ok(_) => Err(errors),
        Err(more) => Err(errors.into_iter().chain(more).collect()),
    }
}

/// Places in the bundle, those together that are one transaction: packages next to each other.
fn groups(bundle: &Bundle, order: Vec<usize>) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for index in order {
        let resource = &bundle.resources[index];
        if let (Kind::Package(one), Some(group)) = (&resource.kind, groups.last_mut())
            && let last = &bundle.resources[group[0]]
            && let Kind::Package(other) = &last.kind
            && other.joined(one).is_some()
            && [last, resource].iter().all(|one| one.watches.is_empty())
            && last.only_if == resource.only_if
            && last.own_layer == resource.own_layer
        {
            group.push(index);
        } else {
            groups.push(vec![index]);
        }
    }
    groups
}

/// Plans resources, one after the other.
struct Planner<'p> {
    bundle: &'p Bundle,
    index: &'p Index,
    facts: &'p Facts,
    journal: &'p dyn Journal,
    hidden: &'p Hidden,
    /// Of those that were planned so far, by their places.
    changed: &'p [bool],
}

impl Planner<'_> {
    /// What is one transaction is done by the first that has something to do.
    fn group(&self, group: &[usize], view: &dyn View) -> Result<Vec<ResourcePlan>, ResourceError> {
        let mut plans: Vec<ResourcePlan> = Vec::new();
        for index in group {
            plans.push(self.one(*index, view)?);
        }
        let packages = group.iter().filter_map(|index| {
            let Kind::Package(one) = &self.bundle.resources[*index].kind else { return None };
            Some(one.clone())
        });
        let joined = packages.reduce(|all, one| all.joined(&one).unwrap_or(all));
        let to_do = plans.iter().filter(|one| !one.changes.is_empty()).count();
        if let Some(joined) = joined.filter(|_| to_do > 1) {
            let mut whole = Kind::Package(joined).plan(view, self.facts)?.into_iter();
            for change in plans.iter_mut().flat_map(|one| &mut one.changes) {
                change.op = whole.next().map_or(Op::Joined, |change: Change| change.op);
            }
        }
        Ok(plans)
    }

    fn nothing(&self, index: usize, why: Option<&'static str>) -> ResourcePlan {
        let id = self.index.id(index).to_owned();
        ResourcePlan { index, id, changes: Vec::new(), skipped: why, unknown_before: None }
    }

    fn one(&self, index: usize, view: &dyn View) -> Result<ResourcePlan, ResourceError> {
        let resource = &self.bundle.resources[index];
        if resource.only_if.as_ref().is_some_and(|condition| !condition.holds(self.facts)) {
            return Ok(self.nothing(index, Some(ELSEWHERE)));
        }
        let has_changed =
            |name: &String| self.index.called(name).iter().any(|place| self.changed[*place]);
        if !resource.watches.is_empty()
            && !resource.watches.iter().any(has_changed)
            && !self.journal.is_pending(self.index.typed_id(index))
        {
            return Ok(self.nothing(index, Some("nothing that it watches has changed")));
        }
        let planned = resource.kind.plan(view, self.facts);
        let mut changes =
            planned.map_err(|error| error.at(index).of(self.index.id(index).to_owned()))?;
        for change in &mut changes {
            self.hidden.hide(resource, change, view);
            if let (true, Op::Run { commands }) = (resource.sensitive, &mut change.op) {
                for command in commands {
                    command.is_hidden = true;
                }
                "run what is not shown".clone_into(&mut change.reason);
            }
        }
        Ok(ResourcePlan { changes, ..self.nothing(index, None) })
    }
}
