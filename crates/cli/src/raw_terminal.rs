//! The terminal in raw mode: every key goes to the program in the container. Or in the mode of lines, with keys that are seen at once.
//!
//! Invariant: the mode that was found is set again when the value is dropped, and by `restore` when
//! the program ends in any other way.

use rustix::termios::{
    InputModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr,
};
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

    /// Lines and Ctrl-C as they are, but a line ends also with this key, which means nothing else to the terminal.
    pub(crate) fn ended_by(key: u8) -> std::io::Result<Self> {
        let stdin = std::io::stdin();
        // Whoever is in the background must not touch it.
        if rustix::termios::tcgetpgrp(&stdin)? != rustix::process::getpgrp() {
            return Err(std::io::ErrorKind::Unsupported.into());
        }
        let found = tcgetattr(&stdin)?;
        let mut lines = found.clone();
        lines.input_modes.remove(InputModes::IXON | InputModes::IXOFF);
        lines.special_codes[SpecialCodeIndex::VEOL] = key;
        if let Ok(mut place) = FOUND.lock() {
            *place = Some(found);
        }
        tcsetattr(&stdin, OptionalActions::Now, &lines)?;
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
