//! What becomes of a call: the misfortune that was injected for it, carried out.
//!
//! Invariant: every call of a client meets its fate here, once, after its way to the engine.

use super::{FakeEngine, State, Wire, injected};
use crate::calls::Call;
use crate::injection::{Misfortune, Moment};
use crate::world::{World, refuse};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use windlass_engine::Result;
use windlass_model::fault::Fault;

impl FakeEngine {
    pub(super) async fn look<T: Send + 'static>(
        &self,
        method: &'static str,
        object: &str,
        op: impl FnOnce(&mut World) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let fate = self.fate(method, object, false).await?;
        self.undergo(fate, op).await
    }

    pub(super) async fn change<T: Send + 'static>(
        &self,
        method: &'static str,
        object: &str,
        op: impl FnOnce(&mut World) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let fate = self.fate(method, object, true).await?;
        Self::remember(&mut self.state());
        match fate {
            Some(Misfortune::Stale) => self.with(op),
            fate => self.undergo(fate, op).await,
        }
    }

    /// The way to the engine, and what awaits the call there.
    pub(super) async fn fate(
        &self,
        method: &'static str,
        object: &str,
        mutates: bool,
    ) -> Result<Option<Misfortune>> {
        self.travel().await;
        let mut state = self.state();
        let call = u64::try_from(state.world.calls.len()).expect("invariant: a test is short");
        let mutation = mutates.then_some(state.world.mutations);
        state.world.mutations += u64::from(mutates);
        Self::log(&mut state, method, object, mutation);
        if state.crashed || state.away_until.is_some_and(|until| Instant::now() < until) {
            return refuse(Fault::Unreachable, "connection refused");
        }
        let due = |at: Moment| match at {
            Moment::Call(number) => number == call,
            Moment::Mutation(number) => Some(number) == mutation,
        };
        Ok(state.injections.iter().find(|one| due(one.at)).map(|one| one.what.clone()))
    }

    /// Carries a call out as it is fated.
    pub(super) async fn undergo<T: Send + 'static>(
        &self,
        fate: Option<Misfortune>,
        op: impl FnOnce(&mut World) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        match fate {
            None | Some(Misfortune::Deaf | Misfortune::Breaking) => self.with(op),
            Some(Misfortune::Before(fault)) => Err(injected(fault)),
            Some(Misfortune::After(fault)) => self.with(op).and(Err(injected(fault))),
            Some(Misfortune::Silence { ms, late_ms }) => {
                if let Some(late_ms) = late_ms {
                    self.carry_out_late(ms + late_ms, op);
                }
                sleep(Duration::from_millis(ms)).await;
                Err(injected(Fault::DeadlineExceeded))
            }
            Some(Misfortune::Crash { carried_out }) => {
                if carried_out {
                    // Whether it worked, the client never learns.
                    drop(self.with(op));
                }
                self.state().crashed = true;
                self.cut_events();
                Err(injected(Fault::ReplyLost))
            }
            Some(Misfortune::Restart { carried_out, away_ms }) => {
                if carried_out {
                    drop(self.with(op));
                }
                self.go_away(away_ms);
                Err(injected(Fault::ReplyLost))
            }
            Some(Misfortune::Stale) => {
                let past = self.state().past.clone();
                match past {
                    Some(past) => op(&mut World::clone(&past)),
                    None => self.with(op),
                }
            }
            Some(Misfortune::Meanwhile(deed)) => {
                Self::remember(&mut self.state());
                self.with(|world| world.suffer(&deed));
                self.with(op)
            }
        }
    }

    fn carry_out_late<T: 'static>(
        &self,
        after_ms: u64,
        op: impl FnOnce(&mut World) -> Result<T> + Send + 'static,
    ) {
        let inner = Arc::downgrade(&self.inner);
        tokio::spawn(async move {
            sleep(Duration::from_millis(after_ms)).await;
            if let Some(inner) = inner.upgrade() {
                // Nobody waits for the answer any more.
                drop(Self { inner }.with(op));
            }
        });
    }

    fn go_away(&self, away_ms: u64) {
        let away = Duration::from_millis(away_ms);
        let mut state = self.state();
        state.world.fall();
        state.away_until = Some(Instant::now() + away);
        drop(state);
        self.cut_events();
        let inner = Arc::downgrade(&self.inner);
        tokio::spawn(async move {
            sleep(away).await;
            if let Some(inner) = inner.upgrade() {
                Self { inner }.come_back();
            }
        });
    }

    pub(super) fn come_back(&self) {
        let was_away = self.state().away_until.take().is_some();
        if was_away {
            self.with(World::rise);
        }
    }

    /// Keeps how things are, where a stale answer may be wanted.
    fn remember(state: &mut State) {
        if state.keeps_past {
            state.past = Some(Arc::new(state.world.bare()));
        }
    }

    fn log(state: &mut State, method: &'static str, object: &str, mutation: Option<u64>) {
        let call = Call { method, object: object.to_owned(), mutation };
        if let Some(mut actor) = state.actor.take() {
            actor(&call, &mut state.world);
            state.actor = Some(actor);
        }
        state.world.calls.push(call);
    }

    /// Ends every stream of events, as a lost connection does.
    pub fn cut_events(&self) {
        // Nobody listens: nothing to cut.
        drop(self.inner.events.send(Wire::Cut));
    }
}
