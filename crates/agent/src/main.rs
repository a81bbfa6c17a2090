//! The agent: applies a bundle inside an image or on a host.
//!
//! Invariant: it knows nothing of windlass but the bundle; no lookup goes through the C library, which would load what a
//! static program can't.

mod assets;
mod conversation;
mod errand;
mod given;
mod lock;
mod machine;
mod options;
mod process;
mod session;
mod state;
mod sudden_end;

use crate::conversation::Conversation;
use crate::given::Room;
use crate::options::{Options, USAGE, Verb};
use crate::process::Runner;
use crate::session::{Ending, Session};
use crate::sudden_end::SuddenEnd;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use windlass_bundle::{Mode, Secrets};

/// A resource failed.
const FAILED: u8 = 1;
/// `plan --detailed-exitcode`: there are changes.
const CHANGES: u8 = 2;
/// `EX_USAGE` of sysexits: not asked as it should be, or not with a bundle.
const NO_BUNDLE: u8 = 64;
/// As a shell has it: a command could not be run.
const NOT_RUN: u8 = 127;

fn main() -> ExitCode {
    let arguments: Vec<String> =
        std::env::args_os().skip(1).map(|one| one.to_string_lossy().into_owned()).collect();
    if arguments.first().is_some_and(|one| one == process::BECOME) {
        say(&process::become_command(&arguments[1..]).to_string());
        return ExitCode::from(NOT_RUN);
    }
    if let [word, file] = arguments.as_slice()
        && [errand::RUN, errand::PROBE].contains(&word.as_str())
    {
        return errand(word, file);
    }
    let options = match Options::new(arguments) {
        Ok(options) => options,
        Err(error) => {
            say(&error);
            say(USAGE);
            return ExitCode::from(NO_BUNDLE);
        }
    };
    let end = SuddenEnd::new(std::env::var("WINDLASS_AGENT_ENDS_AT").ok().as_deref());
    let mut out = std::io::stdout();
    let runner = Runner {
        agent: own_path(),
        shows: show,
        secrets: Secrets::default(),
        room: if options.mode == Mode::Image { Room::Image } else { Room::Host },
        is_isolated: false,
    };
    let mut session = Session { out: &mut out, arch: arch(), runner, end };
    let ending = if options.verb == Verb::Host {
        Conversation::new(&mut session, &options).run(&mut std::io::stdin().lock())
    } else {
        match session::read(&options, &mut std::io::stdin()) {
            Ok(bundle) => {
                session.run(&options, &bundle).and_then(|ending| forget(&options, ending))
            }
            Err(error) => {
                say(&format!("no bundle that this agent knows: {error}"));
                return ExitCode::from(NO_BUNDLE);
            }
        }
    };
    match ending {
        Ok(Ending::Done) => ExitCode::SUCCESS,
        Ok(Ending::Changes) => ExitCode::from(CHANGES),
        Ok(Ending::Failed) => ExitCode::from(FAILED),
        Err(error) => {
            say(&error.to_string());
            ExitCode::from(FAILED)
        }
    }
}

/// Removes the directory of a bundle that was applied, where that is asked for. This program may be in it: it is gone when it ends.
fn forget(options: &Options, ending: Ending) -> std::io::Result<Ending> {
    let directory = options.bundle.as_deref().and_then(Path::parent);
    if let Some(directory) = directory.filter(|_| options.once && ending == Ending::Done) {
        std::fs::remove_dir_all(directory).map_err(|error| {
            std::io::Error::new(error.kind(), format!("{}: {error}", directory.display()))
        })?;
    }
    Ok(ending)
}

/// This program.
fn own_path() -> PathBuf {
    std::env::current_exe().unwrap_or_else(|_| "/proc/self/exe".into())
}

/// Whoever asked reads how it ended.
fn errand(word: &str, file: &str) -> ExitCode {
    let ended = errand::go(word, Path::new(file), own_path(), show, &mut std::io::stdin().lock());
    match writeln!(std::io::stdout(), "{ended}") {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::from(FAILED),
    }
}

/// As platforms are called.
fn arch() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

fn say(text: &str) {
    // Nobody is left to tell when standard error is closed.
    let _ = writeln!(std::io::stderr(), "windlass-agent: {text}");
}

/// What commands say is not in the way of the lines of JSON.
fn show(bytes: &[u8]) {
    let _ = std::io::stderr().write_all(bytes);
}
