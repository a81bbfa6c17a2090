//! A power cut, for tests: the agent is killed at a point that they name.
//!
//! Invariant: nothing of it is there in a release.

use std::cell::Cell;
use std::rc::Rc;

/// How many points are passed before the one that it is killed at. There is one before every operation and one after it.
#[derive(Clone, Debug, Default)]
pub(crate) struct SuddenEnd(Option<Rc<Cell<u32>>>);

impl SuddenEnd {
    /// At which point, the first being 0, as a variable says it that only debug builds look at.
    pub(crate) fn new(point: Option<&str>) -> Self {
        let point = point.filter(|_| cfg!(debug_assertions)).and_then(|point| point.parse().ok());
        Self(point.map(|point| Rc::new(Cell::new(point))))
    }

    pub(crate) fn pass(&self) {
        let Some(left) = &self.0 else { return };
        if let Some(one) = left.get().checked_sub(1) {
            left.set(one);
        } else {
            let me = rustix::process::getpid();
            // It does not come back from this.
            let _ = rustix::process::kill_process(me, rustix::process::Signal::KILL);
        }
    }
}
