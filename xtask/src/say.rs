//! What a chore says to the person who runs it.
//!
//! Invariant: the only place in xtask that prints; results and progress both go to stdout, in order.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "talking is what this is for")]

use std::io::{IsTerminal, Write};

pub(crate) fn line(text: &str) {
    println!("{text}");
    // A pipe buffers by block: without this the lines of child processes would overtake ours.
    let _ = std::io::stdout().flush();
}

pub(crate) fn heading(text: &str) {
    if std::io::stdout().is_terminal() {
        line(&format!("\n\x1b[1m== {text}\x1b[0m"));
    } else {
        line(&format!("\n== {text}"));
    }
}

pub(crate) fn problem(text: &str) {
    let _ = std::io::stdout().flush();
    eprintln!("{text}");
}
