//! Fake engine, fixtures and generators for tests.
//!
//! Invariant: nothing here reads a clock or a source of randomness: the same seed and the same
//! calls give the same ids, times and answers.

mod behaviour;
mod builder;
mod calls;
mod deed;
mod engine;
mod exec;
pub mod generate;
mod holder;
mod injection;
pub mod invariants;
mod normalise;
mod rng;
mod snapshot;
mod world;

pub use behaviour::{Behaviour, Verdict};
pub use builder::{ContainerBuilder, ProjectBuilder};
pub use calls::Call;
pub use deed::{Deed, Doing};
pub use engine::{Actor, FakeEngine};
pub use holder::holder;
pub use injection::{Injection, Misfortune, Moment};
pub use rng::Rng;
pub use snapshot::Snapshot;
pub use world::{Upload, World};
