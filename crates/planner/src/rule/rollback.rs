//! Going back to what ran before a replacement.
//!
//! Invariant: going back is a replacement too, with the same way back; what ran before is known
//! from a label of its successor, or is still there because a replacement did not end.

use crate::draft::{Draft, Why};
use crate::rule::commands::{self, Due};
use crate::rule::container::{Case, Goal, current, remove_container, stop_if_up};
use crate::rule::differences::{differences, image_words};
use crate::rule::{readiness, replace, secrets};
use crate::select::Selection;
use crate::world::World;
use windlass_model::ImageId;
use windlass_model::container::ContainerSpec;
use windlass_model::env::EnvValue;
use windlass_model::image::{ImageUse, PullPolicy};
use windlass_model::label::Previous;
use windlass_model::note::{BlockerReason, NoteReason};
use windlass_model::observed::ObservedContainer;
use windlass_model::plan::{Action, Cause, ContainerRef, Group, Hazard, Origin};
use windlass_model::request::Request;

/// `rollback`.
pub(crate) fn rollback(
    world: &World<'_>,
    request: &Request,
    selection: &Selection<'_>,
    draft: &mut Draft,
) {
    for address in world.order.iter().filter(|a| selection.containers.contains(*a)) {
        let Some(spec) = world.spec(address) else { continue };
        let found = world.containers_at(address);
        let Some(container) = current(spec, found) else {
            draft.note(address, NoteReason::Already { state: "absent" });
            continue;
        };
        let kept = found.iter().copied().filter(|other| other.id != container.id);
        // A successor that was given up before it was ready is nothing to go back to.
        let kept = kept.filter(|other| other.was_started() && !commands::has_place(spec, other));
        if let Some(kept) = kept.max_by_key(|other| (&other.started_at, &other.id)) {
            put_back(world, request, spec, container, kept, draft);
        } else if let Some(previous) = previous(container) {
            make_again(world, request, spec, container, previous, draft);
        } else if selection.everything {
            draft.note(address, NoteReason::NothingBefore);
        } else {
            draft.block(address, BlockerReason::NothingBefore);
        }
    }
}

fn previous(container: &ObservedContainer) -> Option<Previous> {
    container.owner.as_ref()?.previous()
}

/// The container that ran before is still there: it gets its name back and starts.
fn put_back(
    world: &World<'_>,
    request: &Request,
    spec: &ContainerSpec,
    container: &ObservedContainer,
    kept: &ObservedContainer,
    draft: &mut Draft,
) {
    let mut before = spec.clone();
    before.exec_commands = commands::made_with(kept).into();
    let spec = &before;
    let address = &spec.address;
    let why = Why::new(Cause::Requested, Group::Recreate);
    let downtime = why.clone().with_hazard(Hazard::Downtime);
    let timeout_s = request.options.timeout_s;
    let needs = readiness::needs(world, request, spec, Goal::Running, draft);
    let (state, id) = (container.state, &container.id);
    let stopped = stop_if_up(address, state, id, timeout_s, &downtime, needs.clone(), draft);
    let volumes = secrets::has_only_secrets(container);
    let after = needs.into_iter().chain(stopped);
    let removed = remove_container(address, id, volumes, &why, after, draft);
    let reference = ContainerRef::Existing(kept.id.clone());
    let mut last = removed;
    let name = commands::name_at_restart(spec);
    if kept.name != name {
        let action = Action::RenameContainer { container: reference.clone(), name };
        last = draft.step(address, action, why.clone(), [last]);
    }
    let progress = draft.progress(address);
    progress.recreated = true;
    progress.container = Some(reference.clone());
    let case = Case { spec, leftovers: Vec::new(), needs: vec![last] };
    readiness::start(world, request, &case, &reference, why, Due::Again, draft);
}

/// It is gone: another one is made as it was, of the image that it was made of.
fn make_again(
    world: &World<'_>,
    request: &Request,
    spec: &ContainerSpec,
    container: &ObservedContainer,
    previous: Previous,
    draft: &mut Draft,
) {
    let address = &spec.address;
    let Some(image) = world.image(&address.engine, previous.image.as_str()) else {
        let reference = format!("{} ({})", previous.reference, previous.image.short());
        return draft.block(address, BlockerReason::ImageMissing { reference });
    };
    // Its name may be another image's since.
    let named = world.image(&address.engine, &previous.reference);
    let is_named = named.is_some_and(|named| named.id == image.id);
    let reference = if is_named { previous.reference.clone() } else { previous.image.0.clone() };
    let mut before = spec.clone();
    before.image = ImageUse::External(reference.into());
    before.pull = PullPolicy::Never;
    before.config = previous.config.into();
    before.exec_commands = previous.commands.into();
    for (name, value) in &mut before.config.env {
        // What is secret is not remembered: it is what the file says now.
        if *value == EnvValue::Withheld
            && let Some(now) = spec.config.env.get(name)
        {
            *value = now.clone();
        }
    }
    let why = as_before(world, request, &before, container, &previous.reference, draft);
    let needs = readiness::needs(world, request, &before, Goal::Running, draft);
    let case = Case { spec: &before, leftovers: Vec::new(), needs };
    replace::replace(world, request, &case, container, &why, draft);
}

/// What becomes as it was, the image under the name that it had.
fn as_before(
    world: &World<'_>,
    request: &Request,
    before: &ContainerSpec,
    container: &ObservedContainer,
    reference: &str,
    draft: &mut Draft,
) -> Cause {
    let differences = differences(world, request, before, container, draft).into_iter();
    let changes: Vec<_> = differences
        .map(|difference| {
            let mut change = difference.change;
            change.origin = Origin::Rollback;
            if let (ImageUse::External(id), "image") = (&before.image, change.path.as_str()) {
                change.wanted = Some(image_words(reference, &ImageId::new(id.clone())));
            }
            change
        })
        .collect();
    if changes.is_empty() { Cause::Requested } else { Cause::Diverged(changes) }
}
