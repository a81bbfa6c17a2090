//! The terminal in raw mode: every key goes to the program in the container.
//!
//! Invariant: the mode that was found is set again when the value is dropped, and by `restore` when
//! the program ends in any other way.

use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use std::sync::Mutex;

static FOUND: Mutex<Option<Termios>> = Mutex::new(None);

/// Standard input in raw mode.
pub(crate) struct RawTerminal(());

impl RawTerminal {
    pub(crate) fn enter() -> std::io::Result<Self> {
        let stdin = std::io::stdin();
        let found = tcgetattr(&stdin)?;
        let mut raw = found.clone();
        raw.make_raw();
        if let Ok(mut place) = FOUND.lock() {
            *place = Some(found);
        }
        tcsetattr(&stdin, OptionalActions::Now, &raw)?;
        Ok(Self(()))
    }
}

impl Drop for RawTerminal {
    fn drop(&mut self) {
        restore();
    }
}

/// Sets the mode again that was found, if it was changed.
pub(crate) fn restore() {
    if let Ok(mut place) = FOUND.lock()
        && let Some(found) = place.take()
    {
        let _ = tcsetattr(std::io::stdin(), OptionalActions::Drain, &found);
    }
}
