//! Somebody who holds a lock.
//!
//! Invariant: nothing of it says whether it lives; that is for the test to say.

use windlass_model::lock::Holder;

/// A run with this token.
pub fn holder(token: &str) -> Holder {
    Holder {
        token: token.to_owned(),
        user: "ann".to_owned(),
        host: "build7".to_owned(),
        machine: String::new(),
        boot: String::new(),
        namespace: String::new(),
        process: 1,
        began: String::new(),
        command: "windlass up".to_owned(),
        since_s: 0,
    }
}
