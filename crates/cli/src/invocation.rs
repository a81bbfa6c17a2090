//! Invocation: one run of the program: what was typed, and where.
//!
//! Invariant: made once, in `main`, and never changed.

use std::future::Future;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::args::Global;
use crate::console::Console;
use crate::environment::Environment;
use crate::trouble::{Result, Trouble};

#[derive(Clone)]
pub(crate) struct Invocation {
    pub environment: Environment,
    pub console: Console,
    pub files: Vec<PathBuf>,
    pub global: Global,
    /// What was typed first: `up`.
    pub command: &'static str,
    /// Whether the command may make something, and so needs every secret.
    pub makes: bool,
    /// The words for a task: `args` in templates.
    pub words: Vec<String>,
    /// The task that this run is of, after one that loaded the same files and said what it found.
    pub task: Option<String>,
}

impl Invocation {
    /// The same, saying only what went wrong.
    pub(crate) fn quietly(&self) -> Self {
        let console = Console { quiet: true, verbose: false, ..self.console.clone() };
        Self { console, ..self.clone() }
    }
}

/// Runs what speaks with engines. One thread is enough: all of it waits for engines, and what
/// reads files does so on threads of its own.
pub(crate) fn block_on<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime =
        runtime.map_err(|error| Trouble::failed(format!("could not start to work: {error}")))?;
    let result = runtime.block_on(work);
    // Threads that still read files or wait for input end with the program.
    runtime.shutdown_background();
    result
}

/// Seconds since 1970, by the clock of this machine.
pub(crate) fn now_s() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_secs()).unwrap_or(i64::MAX)
}
