//! The keeper of `windlass serve`: makes and removes the containers of leases, and says what runs.
//!
//! Invariant: a container of a lease is a one-off container of this process: whoever kills it leaves them to the next run.

mod keeper;
mod like;
mod look;
mod make;
mod notice;
mod objects;
mod problem;
mod shared_lock;

pub(crate) use keeper::ProjectKeeper;
pub(crate) use notice::Notice;
