//! Resources on a temporary root: planned, applied, and then as they shall be.
//!
//! Invariant: every case is planned and applied twice; the second time nothing is to be done.

#[cfg(test)]
mod accounts;
#[cfg(test)]
mod commands;
#[cfg(test)]
mod cycles;
#[cfg(test)]
mod differences;
#[cfg(test)]
mod elsewhere;
#[cfg(test)]
mod failures;
mod files;
#[cfg(test)]
mod hosts;
#[cfg(test)]
mod lines;
#[cfg(test)]
mod mounts;
mod orders;
#[cfg(test)]
mod sensitive;
#[cfg(test)]
mod target;
#[cfg(test)]
mod trees;
#[cfg(test)]
mod unreadable;
