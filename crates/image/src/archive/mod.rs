//! Files in and out of containers, as tars.
//!
//! Invariant: a tar is outside bytes: what comes out of one stays below the path that the user named, and is made of
//! files, directories and links alone.

mod left_out;
mod pack;
mod part_file;
mod unpack;

pub use left_out::LeftOut;
pub use pack::pack;
pub use unpack::{Unpacked, unpack};
