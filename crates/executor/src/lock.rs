//! The lock of a project: one run changes it at a time.
//!
//! Invariant: a lock is taken by the one call that an engine carries out for a single caller (a
//! container's name), and removed by id only, so that nobody frees the lock of a third.

use crate::lookup;
use crate::removal;
use futures_util::future::join_all;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use windlass_engine::{Engine, EngineError, Engines};
use windlass_model::Text;
use windlass_model::container::ContainerConfig;
use windlass_model::endpoint::NetworkMode;
use windlass_model::fault::Fault;
use windlass_model::lock::{self, HeldLock, Holder};
use windlass_model::name::{ContainerId, EngineName, ProjectName};
use windlass_model::observed::{Observed, ObservedContainer, ObservedEngine};
use windlass_model::plan::CreateContainer;

/// A name is taken some time before its container can be looked at, and some time after.
const TRIES: u32 = 50;
const PAUSE: Duration = Duration::from_millis(20);

/// The lock of a project on the engines of a run.
#[must_use = "a lock that is not released stays"]
pub struct Lock(Vec<(Arc<dyn Engine>, ContainerId)>);

/// Why a lock could not be had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    #[error("another run holds the project")]
    Held(Box<HeldLock>),
    #[error("could not lock the project on the engine {engine}")]
    Engine { engine: EngineName, source: EngineError },
}

/// Takes the lock of a project on each of these engines, in their order; all of them or none.
///
/// A lock whose holder is known to be dead (`is_dead`) is freed and taken at once.
///
/// # Errors
///
/// [`LockError::Held`] if somebody has it, [`LockError::Engine`] if an engine can't be asked.
pub async fn lock(
    engines: &Engines,
    on: &BTreeSet<&EngineName>,
    project: &ProjectName,
    holder: &Holder,
    is_dead: &(dyn Fn(&Holder) -> bool + Sync),
) -> Result<Lock, LockError> {
    let mut taken = Lock(Vec::new());
    for (name, engine) in engines.iter().filter(|(name, _)| on.contains(name)) {
        match lock_one(engine, project, holder, is_dead).await {
            Ok(id) => taken.0.push((Arc::clone(engine), id)),
            Err(Refusal::Held(held)) => {
                taken.release().await;
                return Err(LockError::Held(held));
            }
            Err(Refusal::Engine(source)) => {
                taken.release().await;
                return Err(LockError::Engine { engine: name.clone(), source });
            }
        }
    }
    Ok(taken)
}

impl Lock {
    /// Frees it. A lock that can't be freed is found dead by the next run.
    pub async fn release(self) {
        join_all(self.0.iter().map(|(engine, id)| removal::remove(engine.as_ref(), id, false)))
            .await;
    }
}

/// The locks of a project that were seen in looking at its engines.
pub fn seen_locks(project: &ProjectName, observed: &Observed) -> Vec<HeldLock> {
    let name = lock::name(project);
    let on = |(engine, seen): (&EngineName, &ObservedEngine)| {
        let locks = seen.containers.values().filter(|container| container.name == name);
        let held = locks.map(|container| HeldLock {
            engine: engine.clone(),
            container: container.id.clone(),
            holder: Holder::read(project, &container.labels),
        });
        held.collect::<Vec<_>>()
    };
    observed.engines.iter().flat_map(on).collect()
}

/// Frees the locks of a project that were seen on these engines and whose holders are known to be
/// dead: a run that has nothing to do takes no lock, and would leave them.
pub async fn free_dead(
    engines: &Engines,
    project: &ProjectName,
    observed: &Observed,
    is_dead: &(dyn Fn(&Holder) -> bool + Sync),
) {
    for HeldLock { engine, container, holder } in seen_locks(project, observed) {
        let Some(engine) = engines.get(&engine) else { continue };
        if holder.is_some_and(|holder| is_dead(&holder)) {
            removal::remove(engine.as_ref(), &container, false).await;
        }
    }
}

/// Frees the lock of a project that has this id, or one that begins so; who had it.
///
/// # Errors
///
/// If an engine can't be asked, or refuses.
pub async fn unlock(
    engines: &Engines,
    project: &ProjectName,
    id: &str,
) -> Result<Option<HeldLock>, LockError> {
    for held in locks(engines, project).await? {
        if held.container.as_str().starts_with(id) && held.holder.is_some() {
            let engine = &engines[&held.engine];
            return match engine.remove_container(&held.container, true, false).await {
                Ok(()) => Ok(Some(held)),
                Err(error) if error.is_not_found() => Ok(None),
                Err(source) => Err(LockError::Engine { engine: held.engine, source }),
            };
        }
    }
    Ok(None)
}

/// The locks of a project that are held now.
///
/// # Errors
///
/// If an engine can't be asked.
pub async fn locks(engines: &Engines, project: &ProjectName) -> Result<Vec<HeldLock>, LockError> {
    let mut held = Vec::new();
    for (name, engine) in engines {
        match engine.inspect_container(&lock::name(project)).await {
            Ok(seen) => held.push(self::held(engine, project, seen)),
            Err(error) if error.is_not_found() => {}
            Err(source) => return Err(LockError::Engine { engine: name.clone(), source }),
        }
    }
    Ok(held)
}

enum Refusal {
    Held(Box<HeldLock>),
    Engine(EngineError),
}

async fn lock_one(
    engine: &Arc<dyn Engine>,
    project: &ProjectName,
    holder: &Holder,
    is_dead: &(dyn Fn(&Holder) -> bool + Sync),
) -> Result<ContainerId, Refusal> {
    let create = container(project, holder);
    for _ in 0..TRIES {
        let error = match engine.create_container(&create).await {
            Ok(id) => return Ok(id),
            Err(error) => error,
        };
        let taken = matches!(error.fault, Fault::NameConflict { .. });
        let may_pass = taken || error.fault.is_unknown();
        match lookup::until_answered(|| engine.inspect_container(&create.name)).await {
            Ok(seen) => {
                let held = held(engine, project, seen);
                match &held.holder {
                    Some(other) if other.token == holder.token => {
                        return Ok(held.container);
                    }
                    // By id: another run may have freed it, and taken the name, in between.
                    Some(other) if is_dead(other) => {
                        drop(engine.remove_container(&held.container, true, false).await);
                    }
                    Some(_) | None => return Err(Refusal::Held(Box::new(held))),
                }
            }
            Err(gone) if gone.is_not_found() && may_pass => tokio::time::sleep(PAUSE).await,
            // Refused, and indeed nothing was made.
            Err(gone) if gone.is_not_found() => return Err(Refusal::Engine(error)),
            Err(error) => return Err(Refusal::Engine(error)),
        }
    }
    let message = "its name stays taken, and nothing has it";
    Err(Refusal::Engine(EngineError::new(Fault::NameConflict { holder: None }, message)))
}

fn container(project: &ProjectName, holder: &Holder) -> CreateContainer {
    let config = ContainerConfig {
        command: Some(vec!["none".to_owned()]),
        network_mode: NetworkMode::None,
        ..ContainerConfig::default()
    };
    let (name, labels) = (lock::name(project), holder.labels(project));
    CreateContainer {
        name: name.into(),
        image: Text::default(),
        config: config.into(),
        labels: labels.into(),
    }
}

fn held(engine: &Arc<dyn Engine>, project: &ProjectName, seen: ObservedContainer) -> HeldLock {
    HeldLock {
        engine: engine.name().clone(),
        container: seen.id,
        holder: Holder::read(project, &seen.config.labels),
    }
}
