//! x
//!
//! Invariant: x
pub(crate) fn hostname(name: &str) -> String {
    name.to_owned()
}
