//! The console: results to standard output, everything else to standard error.
//!
//! Invariant: a closed pipe or terminal is never an error of a run; text that is written here was
//! made safe by `render`.

use serde::Serialize;
use std::io::Write;

use crate::args::{Global, Output};
use crate::environment::Environment;
use crate::render::style::{Role, Style};
use crate::results::Results;

/// Where and how the program writes.
#[derive(Clone, Debug)]
pub(crate) struct Console {
    pub stdout: Style,
    pub stderr: Style,
    pub results: Results,
    pub is_json: bool,
    pub verbose: bool,
    pub quiet: bool,
}

impl Console {
    pub(crate) fn new(global: &Global, environment: &Environment) -> Self {
        Self {
            stdout: environment.stdout_style(global.color),
            stderr: environment.stderr_style(global.color),
            results: Results::default(),
            is_json: global.output == Output::Json,
            verbose: global.verbose > 0,
            quiet: global.quiet,
        }
    }

    /// A result. Whether it could be written: `false` when nobody reads any more.
    pub(crate) fn result(&self, text: &str) -> bool {
        self.results.write(text.as_bytes())
    }

    /// A result for programs, on a line of its own.
    pub(crate) fn json(&self, value: &impl Serialize) -> bool {
        self.results.json(value)
    }

    /// Something beside results; nothing with `--quiet` or JSON.
    pub(crate) fn say(&self, text: &str) {
        if !self.quiet && !self.is_json {
            self.complain(text);
        }
    }

    /// Something that must be said.
    #[expect(clippy::unused_self, reason = "a console is what is written to")]
    pub(crate) fn complain(&self, text: &str) {
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
    }

    /// `warning: …`.
    pub(crate) fn warn(&self, text: &str) {
        let label = self.stderr.paint(Role::Warning, "warning:");
        self.say(&format!("{label} {text}\n"));
    }
}
