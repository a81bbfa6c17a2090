//! Removals that go on when the step that began them was given up.
//!
//! Invariant: a run waits for them before it is over, though not for ever: what is left then is found by the next.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinHandle;

/// Longer than an engine takes to kill and remove a container.
const PATIENCE: Duration = Duration::from_secs(3);

/// See the module.
#[derive(Clone, Debug, Default)]
pub(crate) struct Endings(Arc<Mutex<Vec<JoinHandle<()>>>>);

impl Endings {
    pub(crate) fn add(&self, removal: JoinHandle<()>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(removal);
    }

    /// Waits until all of them are done, or it takes too long.
    pub(crate) async fn finish(&self) {
        let all = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        if !all.is_empty() {
            drop(tokio::time::timeout(PATIENCE, futures_util::future::join_all(all)).await);
        }
    }
}
