//! Commands that are run for an image, one after the other.
//!
//! Invariant: what they say is on standard error; on standard output is one line of JSON that says how they ended.

use crate::machine::Machine;
use crate::process;
use crate::sudden_end::SuddenEnd;
use std::path::{Path, PathBuf};
use windlass_bundle::{Command, Op, Root, Target as _};

/// Runs all commands of a file, until one fails.
pub(crate) const RUN: &str = "run";
/// Runs the command of a file, which only looks, for its exit code.
pub(crate) const PROBE: &str = "probe";

/// What came of it, in JSON.
pub(crate) fn go(word: &str, file: &Path, agent: PathBuf, shows: fn(&[u8])) -> String {
    let ended = read(file).and_then(|commands| match word {
        PROBE => probe(&agent, &commands),
        _ => run(agent, commands, shows).map(|()| 0),
    });
    match ended {
        Ok(code) => serde_json::json!({ "code": code }),
        Err(error) => serde_json::json!({ "error": error }),
    }
    .to_string()
}

fn read(file: &Path) -> Result<Vec<Command>, String> {
    let bytes = std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
    serde_json::from_slice(&bytes).map_err(|error| format!("no commands: {error}"))
}

fn run(agent: PathBuf, commands: Vec<Command>, shows: fn(&[u8])) -> Result<(), String> {
    let root = Root::of_machine().map_err(|error| error.to_string())?;
    let end = SuddenEnd::new(None);
    let machine = Machine { root, agent: Some(agent), no_probes: false, shows, end };
    machine.apply(&Op::Run { commands }).map_err(|error| {
        // What it said was heard already.
        error.message.lines().next().unwrap_or_default().trim_end_matches(':').to_owned()
    })
}

fn probe(agent: &Path, commands: &[Command]) -> Result<i32, String> {
    let command = commands.first().ok_or("no command")?;
    let ended = process::run(agent, command, |_| (), false);
    ended.map(|ended| ended.code).map_err(|error| format!("could not ask: {error}"))
}
