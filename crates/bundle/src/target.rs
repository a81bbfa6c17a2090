//! Targets: what a bundle is applied to.
//!
//! Invariant: it can be looked at while it is changed, and shows every change at once.

use crate::{Op, Resource, ResourceError, ResourcePlan, View};

/// See the module.
pub trait Target: View {
    /// Hears of a resource before its changes are made.
    ///
    /// # Errors
    ///
    /// If it can't be begun.
    fn begin(&self, _: &Resource, _: &ResourcePlan) -> Result<(), ResourceError> {
        Ok(())
    }

    /// Does one operation.
    ///
    /// # Errors
    ///
    /// If it can't be done.
    fn apply(&self, op: &Op) -> Result<(), ResourceError>;
}
