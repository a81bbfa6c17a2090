//! The HTTP server of `windlass serve`: leases of containers for test suites, and the project's page.
//!
//! It knows nothing of engines: what it is asked for is done by a [`Keeper`]. A lease is a container of its own for whoever asked,
//! and ends when its owner does: see [`Leases`].
//!
//! Invariant: nothing is answered but to a request for this very address that shows the token or the page's cookie; what is not about
//! the project needs neither.

mod access;
mod api;
mod body;
mod keeper;
mod lease;
mod leases;
mod limits;
mod openapi;
mod paced;
mod page;
mod problem;
mod random;
mod reply;
mod route;
mod router;
mod server;
mod states;
mod wish;

pub use access::Access;
pub use keeper::{Cancelled, Keeper, LogLine, LogRequest};
pub use lease::{Lease, Port, Served, Status};
pub use leases::Leases;
pub use limits::Limits;
pub use problem::{Kind, Problem};
pub use random::random_word;
pub use server::Server;
pub use wish::{What, Wish};
