//! Bugs: what happens when windlass itself is wrong.
//!
//! Invariant: the terminal is given back as it was, and no stack trace is shown.

use std::io::Write;
use std::panic::PanicHookInfo;

use crate::exit::Exit;
use crate::{display, raw_terminal};

/// Says what to do about a bug and ends the program, wherever it happens.
pub(crate) fn install() {
    std::panic::set_hook(Box::new(|info| {
        raw_terminal::restore();
        display::restore_cursor();
        let _ = std::io::stderr().write_all(words(info).as_bytes());
        #[expect(clippy::exit, reason = "after a bug nothing else may run")]
        std::process::exit(i32::from(Exit::Bug.code()));
    }));
}

fn words(info: &PanicHookInfo<'_>) -> String {
    let message = info.payload_as_str().unwrap_or("no message");
    let place = info.location().map(|at| format!("{}:{}", at.file(), at.line()));
    format!(
        "\nerror: this is a bug in windlass {}\n  said: {}\n  at: {}\n  help: please report it, \
         with what you did; then run the same command again: it goes on from what is there\n",
        env!("CARGO_PKG_VERSION"),
        crate::render::escape::line(message),
        place.unwrap_or_default(),
    )
}
