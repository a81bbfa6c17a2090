//! Objects that a run changes: one run at a time has each, and whoever planned before it had it plans anew.
//!
//! Runs of one server look and plan side by side. A plan stands if nobody has, or has changed since it was looked, what it would
//! change; else what is in its way is waited for, and it is looked again. Each object is free for others as soon as it is done.
//!
//! Invariant: no two runs have one object; nobody waits for one while they have another, but in the order of their addresses.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex as StdMutex};
use tokio::sync::{Mutex, OwnedMutexGuard};
use windlass::model::Address;
use windlass::model::plan::{Plan, StepId};

/// More are forgotten as soon as nobody has them.
const MOST: usize = 4096;

/// All objects that were changed.
#[derive(Default)]
pub(super) struct Objects(StdMutex<Table>);

#[derive(Default)]
struct Table {
    /// Each with the change that was its last.
    known: BTreeMap<Address, Arc<Mutex<u64>>>,
    changes: u64,
}

/// Those that one run has.
pub(super) struct Held {
    objects: Arc<Objects>,
    has: BTreeMap<Address, OwnedMutexGuard<u64>>,
    /// How many steps of each are to be done.
    left: BTreeMap<Address, usize>,
}

/// What came of taking those that a plan changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    All,
    /// Something was changed since it was looked.
    Stale,
    /// Somebody else has something.
    Busy,
}

impl Objects {
    /// The last change that there was.
    pub(super) fn now(&self) -> u64 {
        self.0.lock().expect("invariant: nothing in it can panic").changes
    }

    fn change(&self) -> u64 {
        let mut table = self.0.lock().expect("invariant: nothing in it can panic");
        table.changes += 1;
        table.changes
    }

    fn find(&self, address: &Address) -> Arc<Mutex<u64>> {
        let mut table = self.0.lock().expect("invariant: nothing in it can panic");
        if table.known.len() >= MOST {
            table.known.retain(|_, one| Arc::strong_count(one) > 1);
        }
        Arc::clone(table.known.entry(address.clone()).or_default())
    }
}

impl Held {
    pub(super) fn nothing(objects: Arc<Objects>) -> Self {
        Self { objects, has: BTreeMap::new(), left: BTreeMap::new() }
    }

    /// Takes what is free of what is wanted, and lets go of the rest. `since`: the last change before it was looked.
    pub(super) fn take(&mut self, wanted: &BTreeSet<Address>, since: u64) -> Taken {
        self.has.retain(|address, _| wanted.contains(address));
        let mut taken = Taken::All;
        for address in wanted {
            if self.has.contains_key(address) {
                continue;
            }
            let Ok(guard) = self.objects.find(address).try_lock_owned() else {
                return Taken::Busy;
            };
            if *guard > since {
                taken = Taken::Stale;
            }
            self.has.insert(address.clone(), guard);
        }
        taken
    }

    /// Waits for all that is wanted.
    pub(super) async fn wait(&mut self, wanted: &BTreeSet<Address>) {
        self.has.clear();
        for address in wanted {
            let guard = self.objects.find(address).lock_owned().await;
            self.has.insert(address.clone(), guard);
        }
    }

    /// From now on each is changed, until the last of its steps is done.
    pub(super) fn begin(&mut self, plan: &Plan) {
        for step in &plan.steps {
            if self.has.contains_key(&step.address) {
                *self.left.entry(step.address.clone()).or_default() += 1;
            }
        }
    }

    /// A step is done.
    pub(super) fn done(&mut self, plan: &Plan, step: StepId) {
        let address = &plan.step(step).address;
        let Some(left) = self.left.get_mut(address) else { return };
        *left = left.saturating_sub(1);
        if *left == 0 {
            self.left.remove(address);
            if let Some(mut guard) = self.has.remove(address) {
                *guard = self.objects.change();
            }
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        for (address, mut guard) in std::mem::take(&mut self.has) {
            if self.left.contains_key(&address) {
                *guard = self.objects.change();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;
    use windlass::model::EngineName;

    fn images(names: &[&str]) -> BTreeSet<Address> {
        names.iter().map(|name| Address::image(&EngineName::default(), *name)).collect()
    }

    fn change(held: &mut Held, name: &str) {
        let address = images(&[name]).pop_first().unwrap();
        held.left.insert(address, 1);
    }

    #[test]
    fn what_one_has_or_has_changed_others_must_look_at_again() {
        let objects = Arc::<Objects>::default();
        let held = || Held::nothing(Arc::clone(&objects));
        let (mut one, mut two, mut three) = (held(), held(), held());
        let looked = objects.now();
        assert_eq!(one.take(&images(&["a", "b"]), looked), Taken::All);
        assert_eq!(two.take(&images(&["b", "c"]), looked), Taken::Busy);
        assert_eq!(three.take(&images(&["c", "d"]), looked), Taken::All);
        assert!(two.wait(&images(&["b", "c"])).now_or_never().is_none());
        change(&mut one, "b");
        drop((one, three));
        assert!(two.wait(&images(&["b", "c"])).now_or_never().is_some());
        two.has.clear();
        // Only what was changed: `a` and `c` were let go of as they were.
        assert_eq!(two.take(&images(&["a", "c"]), looked), Taken::All);
        assert_eq!(two.take(&images(&["a", "b", "c"]), looked), Taken::Stale);
        assert_eq!(two.take(&images(&["b"]), objects.now()), Taken::All);
        assert_eq!(held().take(&images(&["a", "c", "d"]), objects.now()), Taken::All);
    }
}
