//! The kept corpus and thousands of mutations of it, on an ordinary toolchain.
//!
//! Invariant: the same inputs on every machine; one that fails is shown, so that it can be kept.

#[cfg(test)]
mod mutate;
#[cfg(test)]
mod replay;
