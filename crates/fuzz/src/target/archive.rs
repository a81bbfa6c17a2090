//! The tar in which an engine gives out a file.
//!
//! Invariant: what is read of it is no larger than the largest file that is looked at, whatever its header says.

use windlass_executor::fuzz::{ARCHIVE_LIMIT, first_file};

pub fn archive(bytes: &[u8]) {
    if let Some(contents) = first_file(bytes) {
        assert!(contents.len() <= ARCHIVE_LIMIT, "{} bytes", contents.len());
    }
}
