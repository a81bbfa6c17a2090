//! Networks: creating, removing, connecting, disconnecting.
//!
//! Invariant: a network is removed by its id, and only if it is still the one of the plan.

use super::lifecycle::{settle, settle_or_gone};
use crate::failure;
use crate::lookup;
use crate::step::{Result, StepContext};
use windlass_engine::EngineError;
use windlass_model::endpoint::Endpoint;
use windlass_model::fault::Fault;
use windlass_model::label::Owner;
use windlass_model::name::NetworkId;
use windlass_model::plan::{ContainerRef, CreateNetwork};

pub(crate) async fn create(ctx: StepContext<'_>, create: &CreateNetwork) -> Result<()> {
    match ctx.engine.create_network(create).await {
        Ok(_) => {
            keep_one(ctx, create).await;
            Ok(())
        }
        // A name can be taken by what an earlier run asked for just before it was killed.
        Err(error)
            if error.fault.is_unknown() || matches!(error.fault, Fault::NameConflict { .. }) =>
        {
            find(ctx, create, error).await
        }
        Err(error) => Err(failure::from_engine(error)),
    }
}

/// Before API 1.44 two creations at the same time both succeed: of an earlier run that was killed,
/// and ours. Whoever sees both removes the younger, which is empty; containers name it from here on.
async fn keep_one(ctx: StepContext<'_>, create: &CreateNetwork) {
    let wanted = Owner::read(ctx.engine.name(), &create.labels);
    let networks = lookup::until_answered(|| ctx.engine.list_networks()).await;
    let Ok(mut networks) = networks else { return };
    networks.retain(|n| n.name == create.name && wanted.is_some() && n.owner == wanted);
    networks.sort_by(|a, b| (&a.created, &a.id).cmp(&(&b.created, &b.id)));
    for other in networks.iter().skip(1) {
        // One that is in use after all is said by the start that it makes ambiguous.
        drop(ctx.engine.remove_network(&other.id).await);
    }
}

/// Names are not unique everywhere: exactly one network of this name with our labels proves it.
async fn find(ctx: StepContext<'_>, create: &CreateNetwork, lost: EngineError) -> Result<()> {
    let wanted = Owner::read(ctx.engine.name(), &create.labels);
    let found = lookup::until_answered(|| ctx.engine.list_networks()).await;
    let carried_out = found.map(|networks| {
        let named: Vec<_> = networks.iter().filter(|n| n.name == create.name).collect();
        matches!(named.as_slice(), [network] if wanted.is_some() && network.owner == wanted)
    });
    lookup::verdict(lost, carried_out).map_err(failure::from_engine)
}

pub(crate) async fn remove(ctx: StepContext<'_>, id: &NetworkId, name: &str) -> Result<()> {
    let look = || ctx.engine.inspect_network(id.as_str());
    match lookup::until_answered(look).await {
        Err(error) if error.is_not_found() => return Ok(()),
        Err(error) => return Err(failure::from_engine(error)),
        Ok(seen) => {
            let project = &ctx.run.context.project;
            let ours = seen.owner.is_some_and(|owner| owner.project == *project);
            if seen.id != *id || seen.name != name || !ours {
                return Err(failure::stale("it is not the network that was planned for"));
            }
        }
    }
    match ctx.engine.remove_network(id).await {
        Ok(()) => Ok(()),
        Err(error) if error.is_not_found() => Ok(()),
        Err(lost) if lost.fault.is_unknown() => {
            let carried_out = lookup::if_there(look).await.map(|seen| seen.is_none());
            lookup::verdict(lost, carried_out).map_err(failure::from_engine)
        }
        Err(error) => Err(failure::from_engine(error)),
    }
}

pub(crate) async fn connect(
    ctx: StepContext<'_>,
    container: &ContainerRef,
    network: &str,
    endpoint: &Endpoint,
) -> Result<()> {
    let id = ctx.container(container)?;
    match ctx.engine.connect_network(network, &id, endpoint).await {
        Ok(()) => Ok(()),
        Err(lost) if lost.fault.is_unknown() => {
            settle(ctx, &id, lost, |seen| seen.network_ids.contains_key(network)).await
        }
        Err(error) => Err(failure::from_engine(error)),
    }
}

/// `network` is a name or, where a name is not unique or its network is gone, an id.
pub(crate) async fn disconnect(
    ctx: StepContext<'_>,
    container: &ContainerRef,
    network: &str,
) -> Result<()> {
    let id = ctx.container(container)?;
    match ctx.engine.disconnect_network(network, &id).await {
        Ok(()) => Ok(()),
        // Engines have no status of its own for what is not connected (any more).
        Err(error)
            if error.fault.is_unknown()
                || matches!(
                    error.fault,
                    Fault::NotFound | Fault::NetworkMissing | Fault::Other
                ) =>
        {
            // A container that was removed meanwhile is on no network.
            settle_or_gone(ctx, &id, error, |seen| {
                let ids = &seen.network_ids;
                !ids.contains_key(network) && !ids.values().any(|id| id.as_str() == network)
            })
            .await
        }
        Err(error) => Err(failure::from_engine(error)),
    }
}
