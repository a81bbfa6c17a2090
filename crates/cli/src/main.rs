//! The `windlass` program.
//!
//! Invariant: everything that it does goes through the library's load, observe, plan, execute.

mod aftermath;
mod apply;
mod args;
mod attendance;
mod brought;
mod bug;
mod commands;
mod consent;
mod console;
mod conversation;
mod detach_keys;
mod discover;
mod display;
mod each;
mod environment;
mod exit;
mod graph;
mod hint;
mod host;
mod image_word;
mod input;
mod intervention;
mod invocation;
mod load;
mod lock;
mod log;
mod one_off;
mod origin;
mod pins;
mod preview;
mod process;
mod raw_terminal;
mod render;
mod results;
mod runnable;
mod select;
mod serve;
mod session;
mod signals;
mod tar_file;
mod trouble;
mod whole_file;
mod whole_lines;
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
            let words = cli.command.arguments().to_vec();
            let invocation = invocation::Invocation {
                environment,
                console,
                files,
                global,
                command,
                makes,
                words,
                task: None,
            };
            commands::run(&invocation, &cli.command).into()
        }
        Err(exit) => exit.into(),
    }
}
