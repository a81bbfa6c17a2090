//! Volumes.
//!
//! Invariant: a volume is never removed or made anew unless the user named it; a difference is a
//! blocker.

use crate::diff::{TextField, text_changes};
use crate::draft::{Draft, Why};
use crate::rule::container::{remove_container, stop_if_up};
use crate::world::{World, owner_text};
use windlass_model::Address;
use windlass_model::label::{Owner, owner_labels, volume_owner_label, without_own};
use windlass_model::note::{BlockerReason, NoteReason};
use windlass_model::observed::ObservedVolume;
use windlass_model::plan::{
    Action, Cause, CreateVolume, FieldChange, Group, Hazard, Origin, StepId,
};
use windlass_model::request::Request;
use windlass_model::volume::{self, VolumeConfig, VolumeSpec};

/// Whether the user named a volume, whose data may be lost, by its key or by its name on an engine.
pub(crate) fn is_named(request: &Request, address: &Address, volume: &ObservedVolume) -> bool {
    let named = &request.options.destroy_volumes;
    named.contains(&volume.name) || named.contains(address.name.as_str())
}

/// Removes a volume after the last container has left it; one on which somebody stays is kept.
pub(crate) fn remove(
    world: &World<'_>,
    address: &Address,
    volume: &ObservedVolume,
    cause: Cause,
    draft: &mut Draft,
) {
    let containers = world.state(&address.engine).into_iter().flat_map(|s| s.containers.values());
    let (mut after, mut by) = (Vec::new(), Vec::new());
    for user in containers.filter(|container| container.volumes.contains(&volume.name)) {
        match draft.goes(&user.id) {
            Some(step) => after.push(step),
            None => by.push(user.name.clone()),
        }
    }
    if !by.is_empty() {
        return draft.note(address, NoteReason::InUse { by });
    }
    let name = volume.name.clone();
    let action = Action::RemoveVolume { name, created: volume.created.clone() };
    let why = Why::new(cause, Group::Remove).with_hazard(Hazard::DataLoss);
    draft.step(address, action, why, after);
}

/// Names the volumes that are not declared any more, and removes those that the user named.
pub(crate) fn orphans(world: &World<'_>, request: &Request, draft: &mut Draft) {
    for engine in world.engine_names() {
        for (address, volume) in world.orphan_volumes(engine) {
            if is_named(request, &address, volume) {
                remove(world, &address, volume, Cause::Orphan, draft);
            } else {
                draft.note(&address, NoteReason::OrphanVolume { name: volume.name.clone() });
            }
        }
    }
}

/// Makes sure that a volume is there as declared.
pub(crate) fn ensure(world: &World<'_>, request: &Request, address: &Address, draft: &mut Draft) {
    let Some(spec) = world.project.volumes.get(address.name.as_str()) else { return };
    let name = spec.name.clone();
    let Some(volume) = world.volume(&address.engine, &spec.name) else {
        if spec.external {
            draft.block(address, BlockerReason::ExternalMissing { name });
        } else {
            let step = create(world, address, spec, Cause::Absent, Group::Create, [], draft);
            draft.progress(address).present = Some(step);
        }
        return;
    };
    if spec.external {
        return draft.note(address, NoteReason::External);
    }
    if !world.is_ours(volume.owner.as_ref()) {
        if request.options.adopt {
            return draft.note(address, NoteReason::External);
        }
        let owner = owner_text(volume.owner.as_ref(), Some(&volume.config.labels));
        let adoptable = true;
        return draft.block(address, BlockerReason::Foreign { name, owner, adoptable });
    }
    let changes = changes(&spec.config, volume);
    if changes.is_empty() {
        finish(world, address, spec, draft);
        if draft.seen(address).is_none_or(|progress| progress.present.is_none()) {
            let kept = owner_kept(spec, volume);
            let kept = kept.map(|change| NoteReason::OwnerKept { change });
            draft.note(address, kept.unwrap_or(NoteReason::UpToDate));
        }
    } else if is_named(request, address, volume) {
        recreate(world, address, spec, volume, changes, draft);
    } else {
        draft.block(address, BlockerReason::VolumeDiverged { name, changes });
    }
}

/// An owner is given right after the creation, and no engine can be asked about it: a mark says that it
/// is still to be given, because a run was cut short.
fn unowned(world: &World<'_>, address: &Address, spec: &VolumeSpec) -> Option<FieldChange> {
    let owner = spec.owner?;
    let mark = world.container_named(&address.engine, &volume::mark(&spec.name))?;
    world.is_ours(mark.owner.as_ref()).then(|| FieldChange {
        path: "owner".to_owned(),
        was: Some("not given yet".to_owned()),
        wanted: Some(owner.to_string()),
        origin: Origin::Both,
    })
}

/// A volume that has data is not given another owner. A file that asks for none has nothing against
/// the one that it got.
fn owner_kept(spec: &VolumeSpec, volume: &ObservedVolume) -> Option<FieldChange> {
    let wanted = spec.owner?;
    let was = volume.owner.as_ref()?.volume_owner()?;
    (was != Some(wanted)).then(|| FieldChange {
        path: "owner".to_owned(),
        was: was.map(|owner| owner.to_string()),
        wanted: Some(wanted.to_string()),
        origin: Origin::File,
    })
}

/// Gives a volume that stays the owner that it has not got yet.
pub(crate) fn finish(world: &World<'_>, address: &Address, spec: &VolumeSpec, draft: &mut Draft) {
    if let Some(change) = unowned(world, address, spec) {
        let cause = Cause::Diverged(vec![change]);
        let step = create(world, address, spec, cause, Group::Update, [], draft);
        draft.progress(address).present = Some(step);
    }
}

fn create(
    world: &World<'_>,
    address: &Address,
    spec: &VolumeSpec,
    cause: Cause,
    group: Group,
    after: impl IntoIterator<Item = StepId>,
    draft: &mut Draft,
) -> StepId {
    let mut labels = spec.config.labels.clone();
    labels.extend(owner_labels(&world.project.name, address, Some(&spec.config), None));
    labels.extend([volume_owner_label(spec.owner)]);
    let action = Action::CreateVolume(Box::new(CreateVolume {
        name: spec.name.clone(),
        config: spec.config.clone(),
        labels,
        owner: spec.owner,
    }));
    draft.step(address, action, Why::new(cause, group), after)
}

/// With consent: its containers go, then it, and all come back.
fn recreate(
    world: &World<'_>,
    address: &Address,
    spec: &VolumeSpec,
    volume: &ObservedVolume,
    changes: Vec<FieldChange>,
    draft: &mut Draft,
) {
    let why = Why::new(Cause::DependsOn(address.clone().into()), Group::Remove);
    let mut gone = Vec::new();
    let state = world.state(&address.engine);
    for summary in state.into_iter().flat_map(|state| state.containers.values()) {
        if !summary.volumes.contains(&volume.name) {
            continue;
        }
        let owner = summary.owner.as_ref();
        let user = owner.filter(|_| world.is_ours(owner)).and_then(|o| match &o.address {
            None if volume::is_errand(&summary.name) => {
                Some(Address::container(&address.engine, summary.name.clone()))
            }
            user => user.clone(),
        });
        let Some(user) = user else {
            let name = format!("{} (mounts {})", summary.name, volume.name);
            let owner = owner_text(owner, Some(&summary.labels));
            draft.block(address, BlockerReason::Foreign { name, owner, adoptable: false });
            continue;
        };
        let stopped = stop_if_up(&user, summary.state, &summary.id, None, &why, [], draft);
        let removed = remove_container(&user, &summary.id, false, &why, stopped, draft);
        draft.progress(&user).gone.push(removed);
        gone.push(removed);
    }
    let why = Why::new(Cause::Diverged(changes.clone()), Group::Recreate);
    let action =
        Action::RemoveVolume { name: volume.name.clone(), created: volume.created.clone() };
    let removed = draft.step(address, action, why.with_hazard(Hazard::DataLoss), gone);
    let cause = Cause::Diverged(changes);
    let step = create(world, address, spec, cause, Group::Recreate, [removed], draft);
    draft.progress(address).present = Some(step);
}

fn changes(wanted: &VolumeConfig, volume: &ObservedVolume) -> Vec<FieldChange> {
    let asked: Option<VolumeConfig> = volume.owner.as_ref().and_then(Owner::spec);
    let VolumeConfig { driver: _, driver_options: _, labels: _ } = wanted;
    let fields: [TextField<VolumeConfig>; 3] = [
        ("driver", |c| c.driver.clone().unwrap_or_else(|| "local".to_owned())),
        ("driver_options", |c| format!("{:?}", c.driver_options)),
        ("labels", |c| format!("{:?}", without_own(&c.labels))),
    ];
    text_changes(&fields, wanted, &volume.config, asked.as_ref())
}
