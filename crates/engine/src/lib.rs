//! The engine trait and the thin Docker Engine API client.
//!
//! Invariant: HTTP, TLS and gRPC are known here and nowhere else; what leaves this crate is the
//! vocabulary of `model` and plain bytes.

pub mod build;
mod contract;
pub mod docker;
mod engines;
pub mod error;
mod registry_access;
pub mod stream;

pub use contract::Engine;
pub use engines::Engines;
pub use error::{EngineError, Result};
pub use registry_access::{KnownCredentials, RegistryAccess};
