//! The `windlass` program.
//!
//! Invariant: everything that it does goes through the library's load, observe, plan, execute.

mod aftermath;
mod apply;
mod args;
mod bug;
mod commands;
mod consent;
mod console;
mod discover;
mod display;
mod environment;
mod exit;
mod hint;
mod invocation;
mod load;
mod lock;
mod log;
mod origin;
mod process;
mod raw_terminal;
mod render;
mod results;
mod select;
mod session;
mod trouble;
mod words;

use std::process::ExitCode;

fn main() -> ExitCode {
    bug::install();
    let environment = environment::Environment::read();
    match args::read(&environment.arguments) {
        Ok(cli) => {
            let console = console::Console::new(&cli.global, &environment);
            let (files, global) = (cli.file, cli.global);
            let (makes, command) = (cli.command.makes(), cli.command.name());
            let invocation =
                invocation::Invocation { environment, console, files, global, command, makes };
            commands::run(&invocation, &cli.command).into()
        }
        Err(exit) => exit.into(),
    }
}
