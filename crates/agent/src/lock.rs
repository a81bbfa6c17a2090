//! The lock of a host: one run changes it at a time.
//!
//! Invariant: it goes with the process that holds it, however that ends.

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

/// Held while it lives.
pub(crate) struct Lock {
    #[expect(dead_code, reason = "held for its drop, which gives the lock back")]
    file: Option<File>,
}

impl Lock {
    /// The one beside the state; `None` if another holds it. Where no state is kept nothing is locked.
    pub(crate) fn take(state: Option<&Path>) -> io::Result<Option<Self>> {
        let Some(directory) = state.and_then(Path::parent) else {
            return Ok(Some(Self { file: None }));
        };
        let failed = |error: io::Error| {
            let message = format!("could not take the lock in {}: {error}", directory.display());
            io::Error::new(error.kind(), message)
        };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(failed)?;
        let mut options = File::options();
        options.write(true).create(true).mode(0o600);
        let file = options.open(directory.join("lock")).map_err(failed)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(Self { file: Some(file) })),
            Err(Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(failed(error.into())),
        }
    }
}
