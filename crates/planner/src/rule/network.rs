//! Networks.
//!
//! Invariant: a name may stand for several networks (before API 1.44); only ours are acted on.

use crate::diff::{TextField, text_changes};
use crate::draft::{Draft, Why};
use crate::world::{World, owner_text};
use std::collections::BTreeSet;
use windlass_model::Address;
use windlass_model::label::{Owner, owner_labels};
use windlass_model::network::{Ipam, IpamPool, NetworkConfig, NetworkSpec};
use windlass_model::note::{BlockerReason, NoteReason};
use windlass_model::observed::ObservedNetwork;
use windlass_model::plan::{
    Action, Cause, ContainerRef, CreateNetwork, FieldChange, Group, Hazard, StepId,
};
use windlass_model::request::Request;

/// Makes sure that a network is there as declared.
///
/// `selected` are the containers whose own rule runs in this plan; others that are on a network that
/// is made anew are put back on it as they were.
pub(crate) fn ensure(
    world: &World<'_>,
    request: &Request,
    address: &Address,
    selected: &BTreeSet<&Address>,
    draft: &mut Draft,
) {
    let Some(spec) = world.project.networks.get(address.name.as_str()) else { return };
    let named = world.networks_named(&address.engine, &spec.name);
    if spec.external {
        return external(address, spec, named, draft);
    }
    let (ours, foreign): (Vec<_>, Vec<_>) =
        named.iter().copied().partition(|network| world.is_ours(network.owner.as_ref()));
    if let Some(other) = foreign.first() {
        if !(ours.is_empty() && request.options.adopt) {
            let reason = BlockerReason::Foreign {
                name: spec.name.clone(),
                owner: owner_text(other.owner.as_ref(), Some(&other.config.labels)),
                adoptable: ours.is_empty(),
            };
            draft.block(address, reason);
        }
        return;
    }
    let Some(network) = keeper(world, address, &ours) else {
        let step = create(world, address, spec, Cause::Absent, Group::Create, [], draft);
        draft.progress(address).present = Some(step);
        return;
    };
    for other in ours.iter().filter(|other| other.id != network.id) {
        let action = Action::RemoveNetwork { id: other.id.clone(), name: other.name.clone() };
        draft.step(address, action, Why::new(Cause::Leftover, Group::Remove), []);
    }
    let changes = changes(&spec.config, network);
    if changes.is_empty() {
        draft.note(address, NoteReason::UpToDate);
    } else {
        recreate(world, address, spec, network, changes, draft);
        let goes = |own: &Address, name: &str| {
            let undeclared = !world.project.containers.contains_key(own);
            let mut declared = world.project.containers.values().map(|spec| spec.name.as_str());
            undeclared && (request.options.remove_orphans || declared.any(|other| other == name))
        };
        reattach(
            world,
            address,
            network,
            |own, name| selected.contains(own) || goes(own, name),
            draft,
        );
    }
}

fn external(address: &Address, spec: &NetworkSpec, named: &[&ObservedNetwork], draft: &mut Draft) {
    let name = spec.name.clone();
    match named {
        [] => draft.block(address, BlockerReason::ExternalMissing { name }),
        [_] => draft.note(address, NoteReason::External),
        [..] => {
            let ids = named.iter().map(|network| network.id.short().to_owned()).collect();
            draft.block(address, BlockerReason::Ambiguous { name, ids });
        }
    }
}

/// Of several networks of ours with one name: the one that is used, else the oldest.
fn keeper<'a>(
    world: &World<'_>,
    address: &Address,
    ours: &[&'a ObservedNetwork],
) -> Option<&'a ObservedNetwork> {
    let used = |network: &ObservedNetwork| {
        let details = world.state(&address.engine).into_iter().flat_map(|s| s.details.values());
        details.filter(|c| c.network_ids.values().any(|id| *id == network.id)).count()
    };
    if ours.len() < 2 {
        return ours.first().copied();
    }
    ours.iter().copied().min_by_key(|network| {
        (std::cmp::Reverse(used(network)), network.created.clone(), network.id.clone())
    })
}

fn create(
    world: &World<'_>,
    address: &Address,
    spec: &NetworkSpec,
    cause: Cause,
    group: Group,
    after: impl IntoIterator<Item = StepId>,
    draft: &mut Draft,
) -> StepId {
    let mut labels = spec.config.labels.clone();
    labels.extend(owner_labels(&world.project.name, address, Some(&spec.config), None));
    let action = Action::CreateNetwork(Box::new(CreateNetwork {
        name: spec.name.clone(),
        config: spec.config.clone(),
        labels,
    }));
    let step = draft.step(address, action, Why::new(cause, group), after);
    draft.network_steps.insert((address.engine.clone(), spec.name.clone()), step);
    step
}

/// Takes every container off the network, and makes it anew. The containers are recreated by their
/// own rule, because an endpoint keeps the id of the network that it was made on.
fn recreate(
    world: &World<'_>,
    address: &Address,
    spec: &NetworkSpec,
    network: &ObservedNetwork,
    changes: Vec<FieldChange>,
    draft: &mut Draft,
) {
    let state = world.state(&address.engine);
    let attached = state.into_iter().flat_map(|state| state.containers.values());
    let why = Why::new(Cause::Diverged(changes.clone()), Group::Recreate);
    let mut detached = Vec::new();
    for container in attached.filter(|c| c.networks.contains(&network.name)) {
        if !world.is_ours(container.owner.as_ref()) {
            let owner = owner_text(container.owner.as_ref(), Some(&container.labels));
            let name = format!("{} (attached to {})", container.name, network.name);
            draft.block(address, BlockerReason::Foreign { name, owner, adoptable: false });
            continue;
        }
        let action = Action::DisconnectNetwork {
            container: ContainerRef::Existing(container.id.clone()),
            network: network.id.as_str().into(),
            name: network.name.as_str().into(),
        };
        let why = why.clone().with_hazard(Hazard::Downtime);
        detached.push(draft.step(address, action, why, []));
    }
    let action = Action::RemoveNetwork { id: network.id.clone(), name: network.name.clone() };
    let removed = draft.step(address, action, why, detached);
    let cause = Cause::Diverged(changes);
    let step = create(world, address, spec, cause, Group::Recreate, [removed], draft);
    let progress = draft.progress(address);
    progress.present = Some(step);
    progress.recreated = true;
}

/// Puts containers that this plan does not otherwise handle (by their own rule, or because they go)
/// back on a network that was made anew.
fn reattach(
    world: &World<'_>,
    address: &Address,
    network: &ObservedNetwork,
    is_handled: impl Fn(&Address, &str) -> bool,
    draft: &mut Draft,
) {
    let Some(created) = draft.progress(address).present else { return };
    let details = world.state(&address.engine).into_iter().flat_map(|state| state.details.values());
    for container in details.filter(|c| c.network_ids.get(&network.name) == Some(&network.id)) {
        let owner = container.owner.as_ref().filter(|owner| world.is_ours(Some(owner)));
        let own = owner.and_then(|owner| owner.address.as_ref());
        if own.is_none_or(|own| is_handled(own, &container.name)) {
            continue;
        }
        let endpoint = container.config.endpoints.get(&network.name).cloned().unwrap_or_default();
        let action = Action::ConnectNetwork {
            container: ContainerRef::Existing(container.id.clone()),
            network: network.name.as_str().into(),
            endpoint: Box::new(endpoint),
        };
        let why = Why::new(Cause::DependsOn(address.clone().into()), Group::Update);
        draft.step(own.unwrap_or(address), action, why, [created]);
    }
}

/// What differs between a network and its declaration.
pub(crate) fn changes(wanted: &NetworkConfig, network: &ObservedNetwork) -> Vec<FieldChange> {
    let asked: Option<NetworkConfig> = network.owner.as_ref().and_then(Owner::spec);
    let seen = canonical(&network.config, &network.config, None);
    let asked_of = asked.as_ref();
    let wanted = canonical(wanted, &network.config, asked_of);
    let asked = asked_of.map(|asked| canonical(asked, &network.config, asked_of));
    let NetworkConfig {
        driver: _,
        driver_options: _,
        internal: _,
        attachable: _,
        ipv6: _,
        ipam: _,
        labels: _,
    } = &wanted;
    let fields: [TextField<NetworkConfig>; 7] = [
        ("driver", |c| c.driver.clone().unwrap_or_default()),
        ("driver_options", |c| format!("{:?}", c.driver_options)),
        ("internal", |c| c.internal.to_string()),
        ("attachable", |c| c.attachable.to_string()),
        ("ipv6", |c| c.ipv6.to_string()),
        ("ipam", |c| c.ipam.as_ref().map(ipam_text).unwrap_or_default()),
        ("labels", |c| format!("{:?}", c.labels)),
    ];
    text_changes(&fields, &wanted, &seen, asked.as_ref())
}

/// One form for what has several; where the file leaves address management to the engine, what the
/// engine chose stands.
fn canonical(
    config: &NetworkConfig,
    seen: &NetworkConfig,
    asked: Option<&NetworkConfig>,
) -> NetworkConfig {
    let mut config = config.clone();
    config.driver.get_or_insert_with(|| "bridge".to_owned());
    config.labels = windlass_model::label::without_own(&config.labels);
    let was_asked = asked.is_some_and(|asked| asked.ipam.is_some());
    match &mut config.ipam {
        None if !was_asked => config.ipam.clone_from(&seen.ipam),
        None => {}
        Some(ipam) => fill_gateways(ipam, seen.ipam.as_ref()),
    }
    if let Some(ipam) = &mut config.ipam {
        ipam.driver = ipam.driver.take().filter(|driver| driver != "default");
        ipam.pools.sort();
    }
    config
}

/// The engine chooses a gateway where none is given.
fn fill_gateways(ipam: &mut Ipam, seen: Option<&Ipam>) {
    for pool in ipam.pools.iter_mut().filter(|pool| pool.gateway.is_none()) {
        let same = |other: &&IpamPool| other.subnet == pool.subnet;
        pool.gateway = seen.and_then(|s| s.pools.iter().find(same)).and_then(|p| p.gateway.clone());
    }
}

fn ipam_text(ipam: &Ipam) -> String {
    let pools = ipam.pools.iter().map(|pool| {
        let parts = [&pool.subnet, &pool.ip_range, &pool.gateway];
        let mut text: Vec<String> = parts.into_iter().flatten().cloned().collect();
        text.extend(pool.aux_addresses.iter().map(|(name, address)| format!("{name}={address}")));
        text.join(" ")
    });
    let mut texts: Vec<String> = ipam.driver.iter().cloned().collect();
    texts.extend(pools);
    texts.extend(ipam.options.iter().map(|(key, value)| format!("{key}={value}")));
    texts.join(", ")
}
