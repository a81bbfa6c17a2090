//! The agent as a program: what it prints, how it ends, what is there then.
//!
//! Invariant: nothing outside a temporary directory is changed, also where commands are run on this machine itself.

mod commands;
#[cfg(test)]
mod host;
#[cfg(test)]
mod run;
mod triggers;
