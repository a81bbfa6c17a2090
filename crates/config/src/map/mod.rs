//! Container maps that a program builds, without a file.
//!
//! Invariant: the types here only write down what a map says. What it means, and what is wrong with it, is found by the
//! same steps that a file goes through.

mod bind;
mod container;
mod container_map;
mod endpoint;
mod engine;
mod exec_command;
mod health_check;
mod host_path;
mod invalid_map;
mod link;
mod network;
mod part;
mod port;
mod shared_volume;
mod tree;
mod volume;

pub use bind::Bind;
pub use container::Container;
pub use container_map::ContainerMap;
pub use endpoint::Endpoint;
pub use engine::Engine;
pub use exec_command::ExecCommand;
pub use health_check::HealthCheck;
pub use host_path::HostPath;
pub use invalid_map::InvalidMap;
pub use link::Link;
pub use network::Network;
pub use port::Port;
pub use shared_volume::SharedVolume;
pub use volume::Volume;
