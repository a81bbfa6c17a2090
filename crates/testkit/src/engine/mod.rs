//! The fake engine: a world behind the engine's calls.
//!
//! Invariant: a call is atomic; between two calls of one client another one, or an actor that a
//! test sets, may change anything.

mod contract;
mod events;
mod fate;

use crate::behaviour::Behaviour;
use crate::calls::Call;
use crate::injection::{Injection, Misfortune};
use crate::rng::Rng;
use crate::world::{Later, Upload, World};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::broadcast;
use tokio::time::Instant;
use windlass_engine::EngineError;
use windlass_engine::stream::EngineEvent;
use windlass_model::fault::Fault;
use windlass_model::image::familiar_reference;
use windlass_model::name::{EngineName, ImageId};
use windlass_model::observed::ImageConfig;

/// Somebody else who changes the engine between two calls.
pub type Actor = Box<dyn FnMut(&Call, &mut World) + Send>;

/// An engine in memory. A clone is the same engine.
#[derive(Clone)]
pub struct FakeEngine {
    inner: Arc<Inner>,
}

struct Inner {
    name: EngineName,
    state: Mutex<State>,
    events: broadcast::Sender<Wire>,
}

struct State {
    world: World,
    injections: Vec<Injection>,
    crashed: bool,
    /// It does not answer until then.
    away_until: Option<Instant>,
    /// How things were before the last change, for answers that are stale.
    past: Option<Arc<World>>,
    keeps_past: bool,
    actor: Option<Actor>,
    latency: Option<Latency>,
    execs: BTreeMap<String, i64>,
    archives: BTreeMap<String, Vec<u8>>,
}

/// How long a call takes.
#[derive(Clone)]
enum Latency {
    Fixed(u64),
    UpTo(Rng, u64),
}

/// What travels to a subscriber.
#[derive(Clone, Debug)]
enum Wire {
    Event(EngineEvent),
    /// The connection ends.
    Cut,
}

impl FakeEngine {
    pub fn new(seed: u64) -> Self {
        Self::named(EngineName::default(), seed)
    }

    pub fn named(name: EngineName, seed: u64) -> Self {
        let world = World::new(name.clone(), seed);
        Self::of(name, world)
    }

    /// Another engine in the same state, which goes its own way from here. It remembers no calls
    /// and no events; the numbers of mutating calls go on.
    #[must_use]
    pub fn fork(&self) -> Self {
        let mut state = self.state();
        let world = state.world.bare();
        let fork = Self::of(self.inner.name.clone(), world);
        fork.state().past.clone_from(&state.past);
        fork.state().latency.clone_from(&state.latency);
        fork
    }

    fn of(name: EngineName, world: World) -> Self {
        let state = State {
            world,
            injections: Vec::new(),
            crashed: false,
            away_until: None,
            past: None,
            keeps_past: false,
            actor: None,
            latency: None,
            execs: BTreeMap::new(),
            archives: BTreeMap::new(),
        };
        let (events, _) = broadcast::channel(256);
        Self { inner: Arc::new(Inner { name, state: Mutex::new(state), events }) }
    }

    /// As an engine of this name, for `Engines`.
    pub fn engines(&self) -> windlass_engine::Engines {
        let engine: Arc<dyn windlass_engine::Engine> = Arc::new(self.clone());
        [(self.inner.name.clone(), engine)].into()
    }

    /// Looks at the world, or changes it behind everybody's back.
    pub fn with<T>(&self, look: impl FnOnce(&mut World) -> T) -> T {
        let mut state = self.state();
        let result = look(&mut state.world);
        self.deliver(&mut state);
        result
    }

    pub fn inject(&self, injection: Injection) {
        let mut state = self.state();
        state.keeps_past |= injection.what == Misfortune::Stale;
        state.injections.push(injection);
    }

    /// Remembers from here on how things were before each change: what a stale answer says.
    pub fn keep_past(&self) {
        self.state().keeps_past = true;
    }

    pub fn set_actor(&self, actor: Actor) {
        self.state().actor = Some(actor);
    }

    /// Gives every call a length of up to so many milliseconds, by a seeded choice.
    pub fn set_latency(&self, seed: u64, up_to_ms: u64) {
        self.state().latency = Some(Latency::UpTo(Rng::new(seed), up_to_ms));
    }

    /// Gives every call the same length.
    pub fn set_fixed_latency(&self, ms: u64) {
        self.state().latency = Some(Latency::Fixed(ms));
    }

    /// The engine can be reached again, and nothing more goes wrong.
    pub fn heal(&self) {
        let mut state = self.state();
        state.crashed = false;
        state.injections.clear();
        drop(state);
        self.come_back();
    }

    pub fn calls(&self) -> Vec<Call> {
        self.state().world.calls.clone()
    }

    /// How many calls there were since it was made or forked.
    pub fn asked(&self) -> u64 {
        u64::try_from(self.state().world.calls.len()).expect("invariant: a test is short")
    }

    /// Grows with every change of state.
    pub fn age(&self) -> u64 {
        self.state().world.ticks
    }

    pub fn mutations(&self) -> u64 {
        self.state().world.mutations
    }

    /// An image that is there from the start.
    pub fn add_image(&self, reference: &str, config: ImageConfig) -> ImageId {
        self.with(|world| world.insert_image(reference, config))
    }

    /// An image that can be pulled.
    pub fn add_to_registry(&self, reference: &str, config: ImageConfig) {
        self.with(|world| world.registry.insert(familiar_reference(reference), config));
    }

    /// What every container of this image does, whatever its command.
    pub fn script(&self, image: &str, behaviour: Behaviour) {
        self.with(|world| world.behaviours.insert(image.to_owned(), behaviour));
    }

    /// A path that the engine's host does not have; it has every other.
    pub fn miss_path(&self, path: &str) {
        self.with(|world| world.missing_paths.insert(path.to_owned()));
    }

    /// A file that `get_archive` finds in every container.
    pub fn add_file(&self, path: &str, contents: &[u8]) {
        self.state().archives.insert(path.to_owned(), contents.to_vec());
    }

    /// What was unpacked into a container, by its name.
    pub fn uploads(&self, container: &str) -> Vec<Upload> {
        self.with(|world| world.uploads(container))
    }

    /// Whether something was unpacked into a container while it mounted this volume.
    pub fn is_filled(&self, volume: &str) -> bool {
        self.with(|world| world.filled.contains(volume))
    }

    /// Lets a container die and come back, as a restart policy does.
    pub fn restart_by_itself(&self, container: &str) {
        self.with(|world| {
            if let Ok(id) = world.find_container(container) {
                world.restart_by_itself(&id);
            }
        });
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives fresh events to subscribers, and sets off what processes will do later.
    fn deliver(&self, state: &mut State) {
        for event in std::mem::take(&mut state.world.fresh) {
            // Nobody listens: the event is in the past for whoever subscribes later.
            drop(self.inner.events.send(Wire::Event(event)));
        }
        for later in std::mem::take(&mut state.world.later) {
            self.set_off(later);
        }
    }

    fn set_off(&self, later: Later) {
        let inner = Arc::downgrade(&self.inner);
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(later.after_ms)).await;
            if let Some(inner) = inner.upgrade() {
                Self { inner }.with(|world| world.pass(&later));
            }
        });
    }

    /// The way to the engine.
    async fn travel(&self) {
        let wait_ms = match &mut self.state().latency {
            Some(Latency::Fixed(ms)) => *ms,
            Some(Latency::UpTo(rng, up_to_ms)) => rng.below(*up_to_ms + 1),
            None => 0,
        };
        if wait_ms == 0 {
            tokio::task::yield_now().await;
        } else {
            tokio::time::sleep(Duration::from_millis(wait_ms)).await;
        }
    }
}

fn injected(fault: Fault) -> EngineError {
    let message = format!("injected: {fault}");
    EngineError::new(fault, message)
}
