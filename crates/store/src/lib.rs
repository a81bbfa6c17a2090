//! What bundles are made of that is elsewhere: downloads, what is in archives, checkouts.
//!
//! It is brought to this machine once, into a [`Store`], and the bundle is told of its files there: [`gather`].
//!
//! Invariant: what is in the store is named by its digest and never changed; a name from outside is never a path here.

mod archive;
mod checkout;
mod credentials;
mod download;
mod entries;
mod gather;
mod store;
mod zip;

pub use gather::gather;
pub use store::Store;

/// The most bytes of one download, and of all that is in one archive or commit.
const MAX_BYTES: u64 = 16 << 30;
/// The most entries of an archive or a commit.
const MAX_ENTRIES: usize = 500_000;
