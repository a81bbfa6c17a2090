//! The Docker Engine API: connections, calls, replies and what they mean.
//!
//! Invariant: the process's environment, terminal and working folder are never looked at.

mod auth;
mod call;
mod classify;
mod address;
mod error;
mod http;
mod json_lines;
mod negotiate;
mod query;
mod reply;
pub mod stdcopy;
mod transport;

pub use auth::AuthError;
pub use address::{EngineAddress, AddressError, Environment, SshTarget, TlsMaterial, UrlFault};
pub use negotiate::ApiVersion;
pub use transport::{Connection, DialError, Duplex};

