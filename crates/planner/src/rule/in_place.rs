//! What an engine can change about a container without a new one: its name, its limits, its networks.
//!
//! Invariant: the steps are one after the other, so that a run that is cut short leaves one difference less each time.

use crate::diff::{Difference, Remedy};
use crate::draft::{Draft, Why};
use crate::expected::default_swap;
use crate::rule::readiness;
use windlass_model::Text;
use windlass_model::container::ContainerSpec;
use windlass_model::observed::ObservedContainer;
use windlass_model::plan::{Action, Cause, ContainerRef, FieldChange, Group, Origin, StepId};

/// Applies what an engine can change without a new container; the last step of it.
pub(crate) fn in_place(
    spec: &ContainerSpec,
    container: &ObservedContainer,
    differences: Vec<Difference>,
    renames: bool,
    draft: &mut Draft,
) -> Option<StepId> {
    let reference = ContainerRef::Existing(container.id.clone());
    let (updates, endpoints): (Vec<_>, Vec<_>) =
        differences.into_iter().partition(|difference| difference.remedy == Remedy::Update);
    let mut last = None;
    if renames && container.name != spec.name {
        let change = FieldChange {
            path: "name".to_owned(),
            was: Some(container.name.clone()),
            wanted: Some(spec.name.to_string()),
            origin: Origin::Engine,
        };
        let why = Why::new(Cause::Diverged(vec![change]), Group::Update);
        let action =
            Action::RenameContainer { container: reference.clone(), name: spec.name.clone() };
        last = Some(draft.step(&spec.address, action, why, last));
    }
    if !updates.is_empty() {
        let changes = updates.into_iter().map(|difference| difference.change).collect();
        let mut limits = spec.config.limits.clone();
        if limits.memory_swap_bytes.is_none()
            && container.config.limits.memory_swap_bytes != Some(-1)
        {
            limits.memory_swap_bytes = default_swap(limits.memory_bytes);
        }
        let action = Action::UpdateContainer {
            container: reference.clone(),
            limits: Box::new(limits.into_inner()),
            restart: spec.config.restart,
        };
        let why = Why::new(Cause::Diverged(changes), Group::Update);
        last = Some(draft.step(&spec.address, action, why, last));
    }
    for difference in endpoints {
        last = reconnect(spec, container, difference, last, draft);
    }
    last
}

fn reconnect(
    spec: &ContainerSpec,
    container: &ObservedContainer,
    difference: Difference,
    mut last: Option<StepId>,
    draft: &mut Draft,
) -> Option<StepId> {
    let reference = ContainerRef::Existing(container.id.clone());
    let Some(network) = difference.change.path.strip_prefix("networks.").map(Text::from) else {
        return last;
    };
    let why = Why::new(Cause::Diverged(vec![difference.change]), Group::Update);
    if container.config.endpoints.contains_key(network.as_str()) {
        let action = Action::DisconnectNetwork {
            container: reference.clone(),
            network: network.clone(),
            name: network.clone(),
        };
        last = Some(draft.step(&spec.address, action, why.clone(), last));
    }
    if let Some(endpoint) = spec.config.endpoints.get(network.as_str()) {
        let present = readiness::network_step(spec, &network, draft);
        let endpoint = Box::new(endpoint.clone());
        let action = Action::ConnectNetwork { container: reference, network, endpoint };
        last = Some(draft.step(&spec.address, action, why, last.into_iter().chain(present)));
    }
    last
}
