//! What of earlier runs counts in this one.
//!
//! Invariant: what watches a change is noted before the change is made, and only forgotten when it was applied: a run
//! that fails or is killed between the two is made up for by the next.

use crate::{ResourceError, ResourcePlan};

/// See the module. Resources are named as `Resource::typed_id` does.
pub trait Journal {
    /// Whether something that this one watches changed, and it was not applied since.
    fn is_pending(&self, id: &str) -> bool;

    /// Notes what watches something that is about to change.
    ///
    /// # Errors
    ///
    /// If that can't be kept; nothing is changed then.
    fn expect(&mut self, ids: &[String]) -> Result<(), ResourceError>;

    /// A resource is as it shall be now, or is not looked at.
    ///
    /// # Errors
    ///
    /// If that can't be kept.
    fn done(&mut self, id: &str, plan: &ResourcePlan) -> Result<(), ResourceError>;
}

/// Nothing is kept.
impl Journal for () {
    fn is_pending(&self, _: &str) -> bool {
        false
    }

    fn expect(&mut self, _: &[String]) -> Result<(), ResourceError> {
        Ok(())
    }

    fn done(&mut self, _: &str, _: &ResourcePlan) -> Result<(), ResourceError> {
        Ok(())
    }
}
