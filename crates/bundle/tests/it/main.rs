//! Resources on a temporary root: planned, applied, and then as they shall be.
//!
//! Invariant: every case is planned and applied twice; the second time nothing is to be done.

#[cfg(test)]
mod accounts;
mod files;
#[cfg(test)]
mod lines;
mod orders;
#[cfg(test)]
mod target;
