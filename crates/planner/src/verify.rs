//! The plan checker: every plan is sound, whoever made it.
//!
//! Invariant: it shares no code with the rules.

use std::collections::{BTreeMap, BTreeSet};
use windlass_model::label::Owner;
use windlass_model::name::EngineName;
use windlass_model::observed::Observed;
use windlass_model::one_off;
use windlass_model::plan::{Action, ContainerRef, Hazard, Plan, Step, StepId};
use windlass_model::project::Project;
use windlass_model::run_mark::RunMark;

/// What is unsound about a plan; empty if nothing.
pub fn verify(project: &Project, observed: &Observed, plan: &Plan) -> Vec<String> {
    check(project, observed, plan, false)
}

/// As [`verify`], for a plan that may take over what has no owner.
pub fn verify_adopting(project: &Project, observed: &Observed, plan: &Plan) -> Vec<String> {
    check(project, observed, plan, true)
}

fn check(project: &Project, observed: &Observed, plan: &Plan, adopts: bool) -> Vec<String> {
    let mut faults = Vec::new();
    for (id, step) in plan.iter() {
        order(id, step, &mut faults);
        planned_container(plan, id, step, &mut faults);
        ownership(project, observed, step, adopts, &mut faults);
        consent(step, &mut faults);
    }
    unique_names(observed, plan, &mut faults);
    removed_last(plan, &mut faults);
    faults
}

/// A step comes after what it needs.
fn order(id: StepId, step: &Step, faults: &mut Vec<String>) {
    if step.after.iter().any(|after| *after >= id) {
        faults.push(format!("{id} does not come after what it needs"));
    }
}

/// A planned container is created by a step that is needed, directly or through others.
fn planned_container(plan: &Plan, id: StepId, step: &Step, faults: &mut Vec<String>) {
    let Some(ContainerRef::Planned(made)) = step.action.container() else { return };
    let creates = plan.steps.get(made.index()).map(|step| &step.action);
    if !matches!(creates, Some(Action::CreateContainer(_))) {
        faults.push(format!("{id} acts on {made}, which creates no container"));
    } else if !reaches(plan, id, *made) {
        faults.push(format!("{id} acts on the container of {made} without waiting for it"));
    }
}

/// Whether a step needs another, directly or through others.
fn reaches(plan: &Plan, from: StepId, to: StepId) -> bool {
    let mut seen = BTreeSet::new();
    let mut queue = vec![from];
    while let Some(id) = queue.pop() {
        if id == to {
            return true;
        }
        if id > to && seen.insert(id) {
            queue.extend(plan.step(id).after.iter().copied());
        }
    }
    false
}

/// Nothing without our label is changed or removed, but for what nobody owns, does not run, and is said to be foreign.
fn ownership(
    project: &Project,
    observed: &Observed,
    step: &Step,
    adopts: bool,
    faults: &mut Vec<String>,
) {
    let Some(engine) = observed.engines.get(&step.address.engine) else {
        return faults.push(format!("{} is on an engine that was not observed", step.address));
    };
    let foreign = |owner: &Option<Owner>| match owner {
        Some(owner) => owner.project != project.name,
        None => !adopts,
    };
    let action = &step.action;
    let is_foreign = if let Action::RemoveNetwork { id, .. } = action {
        engine.networks.get(id).is_some_and(|network| foreign(&network.owner))
    } else if let Action::RemoveVolume { name, .. } = action {
        engine.volumes.get(name).is_some_and(|volume| foreign(&volume.owner))
    } else if let Action::UnmarkRun { name, .. } = action {
        let mark = |volume| RunMark::read(&project.name, &step.address.engine, volume);
        engine.volumes.get(name).is_some_and(|volume| mark(volume).is_none())
    } else if let Action::RemoveImage { id, .. } = action {
        engine.images.get(id).is_some_and(|image| foreign(&image.owner))
    } else if let Some(ContainerRef::Existing(id)) = action.container() {
        let seen = engine.containers.get(id);
        seen.is_some_and(|seen| {
            let one_off = one_off::is_of(&project.name, &seen.name, &seen.labels);
            foreign(&seen.owner) && !one_off
        })
    } else {
        false
    };
    let has_no_owner =
        |owner: Option<&Owner>| owner.is_none_or(|owner| owner.project == project.name);
    let may_go = step.hazard == Some(Hazard::Foreign)
        && if let Action::RemoveImage { id, .. } = action {
            engine.images.get(id).is_none_or(|image| has_no_owner(image.owner.as_ref()))
        } else if let Action::RemoveContainer {
            container: ContainerRef::Existing(id),
            force: false,
            ..
        } = action
        {
            let seen = engine.containers.get(id);
            seen.is_none_or(|seen| has_no_owner(seen.owner.as_ref()) && !seen.state.is_up())
        } else {
            false
        };
    if is_foreign && !may_go {
        faults.push(format!("{} is not ours: {action}", step.address));
    }
}

/// What loses data says so.
fn consent(step: &Step, faults: &mut Vec<String>) {
    let loses = matches!(step.action, Action::RemoveVolume { .. });
    if loses && step.hazard != Some(Hazard::DataLoss) {
        faults.push(format!("{} loses data and does not say so", step.address));
    }
}

/// A container is created only under a name that is free by then.
fn unique_names(observed: &Observed, plan: &Plan, faults: &mut Vec<String>) {
    let mut taken: BTreeMap<(&EngineName, String), String> = BTreeMap::new();
    for (name, engine) in &observed.engines {
        for container in engine.containers.values() {
            taken.insert((name, container.name.clone()), container.id.0.clone());
        }
    }
    let of = |reference: &ContainerRef| match reference {
        ContainerRef::Existing(id) => id.0.clone(),
        ContainerRef::Planned(step) => step.to_string(),
    };
    for (id, step) in plan.iter() {
        let engine = &step.address.engine;
        if let Some(reference) = step.action.container()
            && matches!(
                step.action,
                Action::RemoveContainer { .. } | Action::RenameContainer { .. }
            )
        {
            let holder = of(reference);
            taken.retain(|(at, _), by| !(*at == engine && *by == holder));
        }
        let (new, holder) = if let Action::CreateContainer(create) = &step.action {
            (&create.name, id.to_string())
        } else if let Action::RenameContainer { container, name } = &step.action {
            (name, of(container))
        } else {
            continue;
        };
        if let Some(holder) = taken.insert((engine, new.to_string()), holder) {
            faults.push(format!("{id} takes the name {new}, which {holder} has"));
        }
    }
}

/// Nothing is done to a container after it was removed.
fn removed_last(plan: &Plan, faults: &mut Vec<String>) {
    let mut removed = BTreeSet::new();
    for (id, step) in plan.iter() {
        let Some(reference) = step.action.container() else { continue };
        if removed.contains(reference) {
            faults.push(format!("{id} acts on a container that was removed"));
        }
        if matches!(step.action, Action::RemoveContainer { .. }) {
            removed.insert(reference.clone());
        }
    }
}
