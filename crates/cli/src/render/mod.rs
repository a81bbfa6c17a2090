//! Rendering: data of the library as text for people or JSON for programs.
//!
//! Invariant: nothing here writes anywhere, and every text from outside passes `escape`.

pub(crate) mod blocker;
pub(crate) mod bundle;
pub(crate) mod diagnostic;
pub(crate) mod escape;
pub(crate) mod escaped;
pub(crate) mod excerpt;
pub(crate) mod json;
pub(crate) mod long;
pub(crate) mod object;
pub(crate) mod plan;
pub(crate) mod progress;
pub(crate) mod report;
#[cfg(test)]
pub(crate) mod sample;
pub(crate) mod style;
pub(crate) mod table;
pub(crate) mod yaml;
