//! `windlass man`: the manual pages.
//!
//! Invariant: made from the same definition that reads the command line.

use clap::CommandFactory;
use std::path::Path;

use crate::args::Cli;
use crate::console::Console;
use crate::exit::Exit;
use crate::trouble::{Result, Trouble};
use crate::words;

pub(super) fn run(console: &Console, directory: Option<&Path>) -> Result<Exit> {
    let Some(directory) = directory else {
        let mut page = Vec::new();
        clap_mangen::Man::new(Cli::command())
            .render(&mut page)
            .map_err(|error| Trouble::failed(format!("could not make the page: {error}")))?;
        console.result(&String::from_utf8_lossy(&page));
        return Ok(Exit::Done);
    };
    let failed = |error: std::io::Error| {
        Trouble::failed(format!("could not write to {}: {error}", directory.display()))
    };
    std::fs::create_dir_all(directory).map_err(failed)?;
    clap_mangen::generate_to(Cli::command(), directory).map_err(failed)?;
    let number = std::fs::read_dir(directory).map_err(failed)?.count();
    console.say(&format!("Wrote {} to {}.\n", words::count(number, "page"), directory.display()));
    Ok(Exit::Done)
}
