//! The agent: applies a bundle inside an image or on a host.
//!
//! Invariant: it knows nothing of windlass but the bundle; no lookup goes through the C library, which would load what a
//! static program can't.

mod line;
mod machine;
mod options;
mod process;
mod session;
mod state;

use crate::options::{Options, USAGE};
use crate::session::{Ending, Session};
use std::io::Write as _;
use std::process::ExitCode;

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
    let options = match Options::new(arguments) {
        Ok(options) => options,
        Err(error) => {
            say(&error);
            say(USAGE);
            return ExitCode::from(NO_BUNDLE);
        }
    };
    let bundle = match session::read(&options, &mut std::io::stdin()) {
        Ok(bundle) => bundle,
        Err(error) => {
            say(&format!("no bundle that this agent knows: {error}"));
            return ExitCode::from(NO_BUNDLE);
        }
    };
    let agent = std::env::current_exe().unwrap_or_else(|_| "/proc/self/exe".into());
    let mut out = std::io::stdout();
    let mut session = Session { out: &mut out, arch: arch(), agent, shows: show };
    match session.run(options, &bundle) {
        Ok(Ending::Done) => ExitCode::SUCCESS,
        Ok(Ending::Changes) => ExitCode::from(CHANGES),
        Ok(Ending::Failed) => ExitCode::from(FAILED),
        Err(error) => {
            say(&error.to_string());
            ExitCode::from(FAILED)
        }
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
