//! The Docker Engine API: connections, calls, replies and what they mean.
//!
//! Invariant: the process's environment, terminal and working folder are never looked at.

mod address;
mod auth;
mod build;
pub mod buildkit;
mod call;
mod classify;
mod container;
mod convert;
mod deadline;
mod document;
mod engine;
mod error;
mod events;
mod exec;
#[doc(hidden)]
pub mod fuzz;
mod http;
mod image;
mod json_lines;
mod negotiate;
mod network;
mod output;
mod progress;
mod query;
mod registry;
mod reply;
pub mod stdcopy;
mod transport;
mod volume;

pub use address::{AddressError, EngineAddress, Environment, SshTarget, TlsMaterial};
pub use auth::{AuthError, Logins, SecretLookup, registry_of_image};
pub use engine::DockerEngine;
pub use negotiate::ApiVersion;
pub use transport::DialError;
