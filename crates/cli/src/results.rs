//! Results: standard output, which remembers what became of it.
//!
//! Invariant: a reader that has gone is no failure; anything else that keeps a result from being
//! written is, and the program says so and does not end with 0.

use serde::Serialize;
use std::io::{Error, ErrorKind, StdoutLock, Write};
use std::sync::{Arc, OnceLock};

use crate::render::escaped::Escaped;

#[derive(Clone, Debug, Default)]
pub(crate) struct Results {
    first_failure: Arc<OnceLock<Error>>,
}

impl Results {
    /// Whether it could be written; after a failure nothing is.
    pub(crate) fn write(&self, bytes: &[u8]) -> bool {
        self.write_with(|stdout| stdout.write_all(bytes))
    }

    /// A value on a line of its own, written as it is made.
    pub(crate) fn json(&self, value: &impl Serialize) -> bool {
        self.write_with(|stdout| {
            let mut line = Escaped::new(stdout);
            serde_json::to_writer(&mut line, value)?;
            line.write_all(b"\n")?;
            line.flush()
        })
    }

    /// Nothing else is written meanwhile.
    fn write_with(&self, write: impl FnOnce(&mut StdoutLock<'_>) -> Result<(), Error>) -> bool {
        if self.first_failure.get().is_some() {
            return false;
        }
        let mut stdout = std::io::stdout().lock();
        match write(&mut stdout).and_then(|()| stdout.flush()) {
            Ok(()) => true,
            Err(error) => {
                // Only the first one says why.
                let _ = self.first_failure.set(error);
                false
            }
        }
    }

    /// Why something could not be written, if not because nobody reads any more.
    pub(crate) fn failure(&self) -> Option<&Error> {
        self.first_failure.get().filter(|error| error.kind() != ErrorKind::BrokenPipe)
    }
}
