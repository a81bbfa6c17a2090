//! Stores, and what is brought to them.
//!
//! Invariant: nothing is fetched from outside of this machine.

#[cfg(test)]
mod archives;
#[cfg(test)]
mod checkouts;
#[cfg(test)]
mod damage;
#[cfg(test)]
mod place;
