//! The project's lock, shared by everything that one server does at a time.
//!
//! Invariant: while anybody of this process needs it, it is held; nobody frees it for another one.

use std::collections::BTreeSet;
use tokio::sync::Mutex;
use windlass::Lock;
use windlass::model::EngineName;

use crate::invocation::Invocation;
use crate::lock;
use crate::session::Session;
use crate::trouble::Result;

/// How long another run is waited for, which holds the project.
const WITHIN_S: u32 = 60;

/// The project's lock.
#[derive(Default)]
pub(super) struct SharedLock(Mutex<State>);

#[derive(Default)]
struct State {
    locks: Vec<Lock>,
    /// Engines that they are on.
    on: BTreeSet<EngineName>,
    users: usize,
}

impl SharedLock {
    /// Takes part in it. Must not be given up before its end: a lock that was half taken is nobody's.
    pub(super) async fn enter(
        &self,
        invocation: &Invocation,
        session: &Session,
        wanted: &BTreeSet<EngineName>,
    ) -> Result<()> {
        let mut state = self.0.lock().await;
        let missing: BTreeSet<&EngineName> = wanted.difference(&state.on).collect();
        if !missing.is_empty() {
            let taken = lock::take_on(invocation, session, &missing, WITHIN_S).await?;
            state.locks.push(taken);
            state.on.extend(wanted.iter().cloned());
        }
        state.users += 1;
        Ok(())
    }

    /// The last one frees it.
    pub(super) async fn leave(&self) {
        let mut state = self.0.lock().await;
        state.users = state.users.saturating_sub(1);
        if state.users == 0 {
            state.on.clear();
            for lock in std::mem::take(&mut state.locks) {
                lock.release().await;
            }
        }
    }
}
