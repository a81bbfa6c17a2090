//! What was read of files of accounts: every resource of a user, a group or an owner asks for the same.
//!
//! Invariant: it does not know when a file changes; who keeps it does, and forgets what may have.

use super::records::Records;
use crate::ResourceError;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

/// See the module. `S`: what tells whether a file is still the one that was read.
#[derive(Default)]
pub(crate) struct Memory<S> {
    kept: RefCell<HashMap<String, (S, Rc<Records>)>>,
}

impl<S: PartialEq> Memory<S> {
    /// What is kept, or else what is read, and kept from now on.
    pub(crate) fn get_or_read(
        &self,
        path: &str,
        stamp: S,
        read: &dyn Fn() -> Result<Records, ResourceError>,
    ) -> Result<Rc<Records>, ResourceError> {
        if let Some((of, records)) = self.kept.borrow().get(path)
            && *of == stamp
        {
            return Ok(Rc::clone(records));
        }
        let records = Rc::new(read()?);
        // Behind a link another file may come to be without a trace on the one that was read.
        if records.path() == path {
            self.kept.borrow_mut().insert(path.to_owned(), (stamp, Rc::clone(&records)));
        }
        Ok(records)
    }

    pub(crate) fn forget(&self) {
        self.kept.borrow_mut().clear();
    }
}
