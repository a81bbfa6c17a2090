//! The vocabulary of windlass: names, specs, project, observed state, plan, events, report.
//!
//! Invariant: nothing here does I/O, and nothing here knows YAML, tokio or HTTP. Stages meet in
//! these types and nowhere else.

mod action;
pub mod address;
pub mod clean;
pub mod command;
pub mod container;
pub mod container_labels;
pub mod dependency;
pub mod digest;
pub mod endpoint;
pub mod engine;
pub mod engine_url;
pub mod env;
pub mod event;
pub mod fault;
pub mod healthcheck;
pub mod image;
pub mod label;
pub mod limits;
pub mod lock;
pub mod mask;
pub mod mount;
pub mod name;
pub mod network;
pub mod note;
pub mod observed;
pub mod one_off;
pub mod passing_name;
pub mod pins;
pub mod plan;
mod plan_text;
pub mod port;
pub mod project;
pub mod provision;
mod rare;
mod reference;
pub mod registry;
pub mod report;
pub mod request;
pub mod rescue;
pub mod run_mark;
pub mod secret;
mod shared;
mod sorted_map;
mod sorted_set;
pub mod task;
pub mod task_action;
mod text;
pub mod update;
pub mod volume;
pub mod wait;

pub use address::{Address, Kind};
pub use digest::Digest;
pub use name::{ContainerId, EngineName, ImageId, NetworkId, ProjectName};
pub use rare::{Ordinary, Rare};
pub use shared::Shared;
pub use sorted_map::SortedMap;
pub use sorted_set::SortedSet;
pub use text::Text;
