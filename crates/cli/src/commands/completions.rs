//! `windlass completions`: the completion script of a shell.
//!
//! Invariant: made from the same definition that reads the command line.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::args::Cli;
use crate::console::Console;
use crate::exit::Exit;

pub(super) fn run(console: &Console, shell: Shell) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "windlass", &mut script);
    console.result(&String::from_utf8_lossy(&script));
    Exit::Done
}
