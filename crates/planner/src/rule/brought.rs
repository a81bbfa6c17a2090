//! What runs bring up: marked before it is made, and taken back with the last run that has a mark on it.
//!
//! Invariant: what a user brought up, or asked for since, has no mark and is never taken back.

use crate::draft::{Draft, Why};
use crate::rule::container::{remove_container, stop_if_up};
use crate::rule::down::Gone;
use crate::rule::one_off;
use crate::select::Selection;
use crate::world::World;
use std::collections::{BTreeMap, BTreeSet};
use windlass_model::lock::Holder;
use windlass_model::mount::MountSource;
use windlass_model::observed::{ObservedContainer, ObservedNetwork, State};
use windlass_model::plan::{Action, Cause, Group, StepId};
use windlass_model::request::Request;
use windlass_model::run_mark::{self, RunMark};
use windlass_model::{Address, Kind};

/// The marks on one object.
#[derive(Default)]
struct Marks {
    /// Of this run.
    mine: Vec<RunMark>,
    /// Of runs that are known to be over.
    over: Vec<RunMark>,
    /// Of runs that go on.
    others: Vec<RunMark>,
}

impl Marks {
    fn all(self) -> Vec<RunMark> {
        [self.mine, self.over, self.others].concat()
    }
}

/// All marks of the project, by what they are about.
fn marks(world: &World<'_>, me: Option<&Holder>) -> BTreeMap<Address, Marks> {
    let mut all: BTreeMap<Address, Marks> = BTreeMap::new();
    for engine in world.engine_names() {
        let volumes = world.state(engine).into_iter().flat_map(|state| state.volumes.values());
        for mark in volumes.filter_map(|one| RunMark::read(&world.project.name, engine, one)) {
            let is_over = world.observed.over_marks.contains(&(engine.clone(), mark.name.clone()));
            let marks = all.entry(mark.address.clone()).or_default();
            match me {
                Some(me) if me.is_of_process(&mark.holder) => marks.mine.push(mark),
                _ if is_over => marks.over.push(mark),
                _ => marks.others.push(mark),
            }
        }
    }
    all
}

/// Before a run: what it will bring up, or shares with other runs that did, goes with it, too.
pub(crate) fn mark(
    world: &World<'_>,
    request: &Request,
    selection: &Selection<'_>,
    draft: &mut Draft,
) {
    let Some(me) = request.options.marks.as_deref() else { return };
    let mut all = marks(world, Some(me));
    let networks = world.networks_used(&selection.containers);
    let containers = selection.containers.iter().filter(|one| !selection.named.contains(**one));
    for address in networks.iter().chain(containers.copied()) {
        let Marks { mine, over, others } = all.remove(address).unwrap_or_default();
        if mine.is_empty() && over.is_empty() && others.is_empty() && is_there(world, address) {
            continue;
        }
        let mut marked = None;
        if mine.is_empty() {
            let name = run_mark::name(&world.project.name, address, me);
            let labels = run_mark::labels(&world.project.name, address, me, &name);
            let why = Why::new(Cause::Requested, Group::Create);
            let step = draft.step(address, Action::MarkRun { name, labels }, why, []);
            draft.marks.insert(address.clone(), step);
            marked = Some(step);
        }
        unmark(address, over, &Cause::Leftover, marked, draft);
    }
}

/// Whether it is there already, or is nothing that is made here.
fn is_there(world: &World<'_>, address: &Address) -> bool {
    if address.kind == Kind::Container {
        return !world.containers_at(address).is_empty();
    }
    let Some(spec) = world.project.networks.get(address.name.as_str()) else { return true };
    let named = world.networks_named(&address.engine, &spec.name);
    spec.external || named.iter().any(|network| world.is_ours(network.owner.as_ref()))
}

/// What the user asks for stays, whoever brought it up; what a dead run left of the rest goes.
pub(crate) fn claim(
    world: &World<'_>,
    selection: &Selection<'_>,
    gone: &mut Gone,
    draft: &mut Draft,
) {
    let networks = world.networks_used(&selection.containers);
    let mut rest = BTreeMap::new();
    for (address, marks) in marks(world, None) {
        if selection.containers.contains(&address) || networks.contains(&address) {
            unmark(&address, marks.all(), &Cause::Requested, [], draft);
        } else {
            rest.insert(address, marks);
        }
    }
    take_back(world, rest, gone, draft);
}

/// What dead runs left goes, but for what a run uses now.
pub(crate) fn take_back_rest(
    world: &World<'_>,
    selection: &Selection<'_>,
    gone: &mut Gone,
    draft: &mut Draft,
) {
    let networks = world.networks_used(&selection.containers);
    let mut all = marks(world, None);
    all.retain(|one, _| !selection.containers.contains(one) && !networks.contains(one));
    take_back(world, all, gone, draft);
}

/// With what goes, its marks do.
pub(crate) fn forget(world: &World<'_>, gone: &Gone, everything: bool, draft: &mut Draft) {
    for (address, marks) in marks(world, None) {
        let Some(steps) = gone_at(world, &address, gone) else { continue };
        if everything || (address.kind == Kind::Container && !steps.is_empty()) {
            unmark(&address, marks.all(), &Cause::Requested, steps, draft);
        }
    }
}

/// `release`: at the end of a run.
pub(crate) fn release(world: &World<'_>, request: &Request, draft: &mut Draft) {
    let all = marks(world, request.options.marks.as_deref());
    if !request.options.leave {
        let mut gone = one_off::leftovers(world, draft);
        return take_back(world, all, &mut gone, draft);
    }
    for (address, marks) in all {
        unmark(&address, marks.mine, &Cause::Requested, [], draft);
    }
}

/// Removes what only runs that are over have marks on: dependents first, then networks.
fn take_back(
    world: &World<'_>,
    mut all: BTreeMap<Address, Marks>,
    gone: &mut Gone,
    draft: &mut Draft,
) {
    let declared: Vec<Address> =
        world.order.iter().rev().map(|address| (*address).clone()).collect();
    let known: BTreeSet<&Address> = declared.iter().collect();
    let undeclared: Vec<Address> =
        all.keys().filter(|address| !known.contains(*address)).cloned().collect();
    // Networks are never among the declared containers: they come last.
    let (networks, containers): (Vec<_>, Vec<_>) =
        undeclared.into_iter().partition(|address| address.kind == Kind::Network);
    for address in containers.into_iter().chain(declared).chain(networks) {
        let Some(Marks { mine, over, others }) = all.remove(&address) else { continue };
        let ended = [mine, over].concat();
        let steps = if ended.is_empty() || !others.is_empty() {
            Vec::new()
        } else if address.kind == Kind::Container {
            remove(world, &address, gone, draft)
        } else {
            // While something is on it, it keeps its mark: a later run looks again.
            let Some(steps) = remove_network(world, &address, gone, draft) else { continue };
            steps
        };
        unmark(&address, ended, &Cause::Leftover, steps, draft);
    }
}

fn remove(world: &World<'_>, address: &Address, gone: &mut Gone, draft: &mut Draft) -> Vec<StepId> {
    let dependents = world.dependents.get(address).into_iter().flatten();
    let after: Vec<StepId> = dependents
        .filter_map(|dependent| draft.seen(dependent))
        .flat_map(|progress| progress.gone.clone())
        .collect();
    let why = Why::new(Cause::Leftover, Group::Remove);
    let mut steps = Vec::new();
    for container in world.containers_at(address) {
        let id = &container.id;
        let state = if keeps_nothing(container) { State::Exited } else { container.state };
        let stopped = stop_if_up(address, state, id, None, &why, after.clone(), draft);
        let after = stopped.map_or_else(|| after.clone(), |step| vec![step]);
        let step = remove_container(address, id, true, &why, after, draft);
        gone.insert(id.clone(), step);
        draft.progress(address).gone.push(step);
        steps.push(step);
    }
    steps
}

/// Whether nothing of what it writes outlives it: then it need not be asked to end.
fn keeps_nothing(container: &ObservedContainer) -> bool {
    let config = &container.config;
    config.volumes_from.is_empty()
        && config.mounts.values().all(|mount| mount.source == MountSource::Anonymous)
}

/// The steps of it; `None` if something stays on it.
fn remove_network(
    world: &World<'_>,
    address: &Address,
    gone: &Gone,
    draft: &mut Draft,
) -> Option<Vec<StepId>> {
    let after = gone_at(world, address, gone)?;
    let Some(network) = network(world, address) else { return Some(Vec::new()) };
    let action = Action::RemoveNetwork { id: network.id.clone(), name: network.name.clone() };
    let why = Why::new(Cause::Leftover, Group::Remove);
    Some(vec![draft.step(address, action, why, after)])
}

fn network<'a>(world: &World<'a>, address: &Address) -> Option<&'a ObservedNetwork> {
    world.state(&address.engine)?.networks.values().find(|network| {
        let owner = network.owner.as_ref().filter(|owner| world.is_ours(Some(*owner)));
        owner.and_then(|owner| owner.address.as_ref()) == Some(address)
    })
}

/// The steps after which no container is left at an address, or on a network; `None` if one stays.
fn gone_at(world: &World<'_>, address: &Address, gone: &Gone) -> Option<Vec<StepId>> {
    if address.kind == Kind::Container {
        return world.containers_at(address).iter().map(|one| gone.get(&one.id).copied()).collect();
    }
    let Some(network) = network(world, address) else { return Some(Vec::new()) };
    let all = world.state(&address.engine).into_iter().flat_map(|state| state.containers.values());
    let on_it = all.filter(|one| one.networks.contains(&network.name));
    on_it.map(|one| gone.get(&one.id).copied()).collect()
}

fn unmark(
    address: &Address,
    marks: Vec<RunMark>,
    cause: &Cause,
    after: impl IntoIterator<Item = StepId>,
    draft: &mut Draft,
) {
    let after: Vec<StepId> = after.into_iter().collect();
    for RunMark { name, created, .. } in marks {
        let why = Why::new(cause.clone(), Group::Update);
        draft.step(address, Action::UnmarkRun { name, created }, why, after.clone());
    }
}
