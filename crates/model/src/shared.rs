//! Shared: one value with several owners, each of whom may change its own.
//!
//! Invariant: a change is never seen by another owner; whoever changes what is shared gets a copy first.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

/// A value that costs nothing to clone. A plan of ten thousand containers says the same of each as the
/// project does, and holds it once.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Shared<T>(Arc<T>);

impl<T> From<T> for Shared<T> {
    fn from(value: T) -> Self {
        Self(Arc::new(value))
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Clone> DerefMut for Shared<T> {
    fn deref_mut(&mut self) -> &mut T {
        Arc::make_mut(&mut self.0)
    }
}

impl<T: fmt::Debug> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_the_owners_own() {
        let one = Shared::from(vec![1]);
        let mut other = one.clone();
        assert!(std::ptr::eq(&raw const *one, &raw const *other));
        other.push(2);
        assert_eq!((one.as_slice(), other.as_slice()), (&[1][..], &[1, 2][..]));
    }
}
