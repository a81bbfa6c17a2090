//! Targets: what a bundle is applied to.
//!
//! Invariant: it can be looked at while it is changed, and shows every change at once.

use crate::{Op, ResourceError, View};

/// See the module.
pub trait Target: View {
    /// Does one operation.
    ///
    /// # Errors
    ///
    /// If it can't be done.
    fn apply(&self, op: &Op) -> Result<(), ResourceError>;
}
