//! Commands that are run for an image, one after the other.
//!
//! Invariant: what they say is on standard error; on standard output is one line of JSON that says how they ended. Values of
//! secrets come on standard input, as a line of JSON, and only if a command wants some.

use crate::given::Room;
use crate::machine::Machine;
use crate::process::Runner;
use crate::sudden_end::SuddenEnd;
use std::io::BufRead;
use std::path::{Path, PathBuf};
use windlass_bundle::{Command, Op, Root, Secrets, Target as _};

/// Runs all commands of a file, until one fails.
pub(crate) const RUN: &str = "run";
/// Runs the command of a file, which only looks, for its exit code.
pub(crate) const PROBE: &str = "probe";

/// What came of it, in JSON.
pub(crate) fn go(
    word: &str,
    file: &Path,
    agent: PathBuf,
    shows: fn(&[u8]),
    input: &mut dyn BufRead,
) -> String {
    let ended = read(file).map_err(Trouble::from).and_then(|commands| {
        let has_secrets = commands.iter().any(|command| !command.secrets.is_empty());
        let secrets = if has_secrets { secrets(input)? } else { Secrets::default() };
        // The container is without a network where its commands shall be.
        let runner = Runner { agent, shows, secrets, room: Room::Image, is_isolated: true };
        match word {
            PROBE => Ok(probe(&runner, &commands)?),
            _ => run(runner, commands).map(|()| 0),
        }
    });
    match ended {
        Ok(code) => serde_json::json!({ "code": code }),
        Err(Trouble { error, command: None }) => serde_json::json!({ "error": error }),
        Err(Trouble { error, command }) => {
            serde_json::json!({ "error": error, "command": command })
        }
    }
    .to_string()
}

/// Why it did not come to its end.
struct Trouble {
    error: String,
    /// Which of the commands it was.
    command: Option<usize>,
}

impl From<String> for Trouble {
    fn from(error: String) -> Self {
        Self { error, command: None }
    }
}

fn read(file: &Path) -> Result<Vec<Command>, String> {
    let bytes = std::fs::read(file).map_err(|error| format!("{}: {error}", file.display()))?;
    serde_json::from_slice(&bytes).map_err(|error| format!("no commands: {error}"))
}

fn secrets(input: &mut dyn BufRead) -> Result<Secrets, String> {
    let mut line = String::new();
    let read = input.read_line(&mut line);
    read.map_err(|error| format!("the secrets did not come: {error}"))?;
    // What is wrong with the line could show it.
    serde_json::from_str(&line).map_err(|_| "the secrets did not come".to_owned())
}

fn run(runner: Runner, commands: Vec<Command>) -> Result<(), Trouble> {
    let root = Root::of_machine().map_err(|error| error.to_string())?;
    let end = SuddenEnd::new(None);
    let machine = Machine { root, runner: Some(runner), no_probes: false, end };
    commands.into_iter().enumerate().try_for_each(|(place, command)| {
        machine.apply(&Op::Run { commands: vec![command] }).map_err(|error| {
            // What it said was heard already.
            let error = error.message.lines().next().unwrap_or_default();
            Trouble { error: error.trim_end_matches(':').to_owned(), command: Some(place) }
        })
    })
}

fn probe(runner: &Runner, commands: &[Command]) -> Result<i32, String> {
    let command = commands.first().ok_or("no command")?;
    let ended = runner.run(command, false);
    ended.map(|ended| ended.code).map_err(|error| format!("could not ask: {error}"))
}
