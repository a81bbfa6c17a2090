//! Removing a container that must not stay, outside of a plan: a lock, a one-off container.
//!
//! Invariant: by its id only; what can't be removed is found by the next run.

use std::time::Duration;
use windlass_engine::Engine;
use windlass_model::name::ContainerId;

/// With pauses that double, this is longer than an engine's restart.
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_millis(20);

/// Removes it whatever it does, and tries again where an engine does not say that it is gone.
pub(crate) async fn remove(engine: &dyn Engine, id: &ContainerId, anonymous_volumes: bool) {
    let mut pause = PAUSE;
    for _ in 0..TRIES {
        match engine.remove_container(id, true, anonymous_volumes).await {
            Ok(()) => return,
            Err(error) if error.is_not_found() => return,
            Err(_) => tokio::time::sleep(pause).await,
        }
        pause *= 2;
    }
}
