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
use windlass_bundle::{Command, ErrorReport, Op, ResourceError, Root, Secrets, Target as _};

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
    let ended = read(file).and_then(|commands| {
        let has_secrets = commands.iter().any(|command| !command.secrets.is_empty());
        let secrets = if has_secrets { secrets(input)? } else { Secrets::default() };
        // The container is without a network where its commands shall be.
        let runner = Runner { agent, shows, secrets, room: Room::Image, is_isolated: true };
        match word {
            PROBE => probe(&runner, &commands),
            _ => run(runner, commands).map(|()| 0),
        }
    });
    match ended {
        Ok(code) => serde_json::json!({ "code": code }),
        Err(error) => serde_json::json!({ "error": ErrorReport::from(&error) }),
    }
    .to_string()
}

type Result<T> = std::result::Result<T, ResourceError>;

fn read(file: &Path) -> Result<Vec<Command>> {
    let bytes = std::fs::read(file)
        .map_err(|error| ResourceError::new(format!("{}: {error}", file.display())))?;
    serde_json::from_slice(&bytes)
        .map_err(|error| ResourceError::new(format!("no commands: {error}")))
}

fn secrets(input: &mut dyn BufRead) -> Result<Secrets> {
    let mut line = String::new();
    let read = input.read_line(&mut line);
    read.map_err(|error| ResourceError::new(format!("the secrets did not come: {error}")))?;
    // What is wrong with the line could show it.
    serde_json::from_str(&line).map_err(|_| ResourceError::new("the secrets did not come"))
}

fn run(runner: Runner, commands: Vec<Command>) -> Result<()> {
    let root = Root::of_machine().map_err(|error| ResourceError::new(error.to_string()))?;
    let end = SuddenEnd::new(None);
    let machine = Machine { root, runner: Some(runner), no_probes: false, end };
    commands.into_iter().enumerate().try_for_each(|(place, command)| {
        let ran = machine.apply(&Op::Run { commands: vec![command] });
        // What it said was heard already.
        ran.map_err(|error| error.saying(Vec::new()).at(place))
    })
}

fn probe(runner: &Runner, commands: &[Command]) -> Result<i32> {
    let command = commands.first().ok_or_else(|| ResourceError::new("no command"))?;
    let ended = runner.run(command, false).map(|ended| ended.code);
    ended.map_err(|error| ResourceError::new(format!("could not ask: {error}")))
}
