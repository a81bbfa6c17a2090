//! The log writer: lines of logs to standard output, with what stands before them.
//!
//! Invariant: the log of one container into a pipe is its bytes, unchanged; on a terminal only its
//! colours pass.

use std::io::Write;
use windlass::engine::EngineError;
use windlass::engine::stream::Channel;

use crate::exit::Exit;
use crate::invocation::Invocation;
use crate::log::stream::LogLine;
use crate::render::escape::{self, Colours};
use crate::render::json;
use crate::render::style::{pad, width};
use crate::trouble::Trouble;

/// Colours of prefixes, in turn.
const PREFIX_COLOURS: [&str; 6] = ["36", "33", "32", "35", "34", "96"];

/// Writes lines, with what stands before them.
pub(crate) struct LogWriter<'a> {
    invocation: &'a Invocation,
    /// Of each container, and what stands before its lines.
    names: Vec<String>,
    prefixes: Vec<String>,
    columns: usize,
    with_prefixes: bool,
    with_times: bool,
    pub(crate) exit: Exit,
}

impl<'a> LogWriter<'a> {
    pub(crate) fn new(invocation: &'a Invocation, with_prefixes: bool, with_times: bool) -> Self {
        Self {
            invocation,
            names: Vec::new(),
            prefixes: Vec::new(),
            columns: 0,
            with_prefixes,
            with_times,
            exit: Exit::Done,
        }
    }

    /// Makes room for names before the first line is written.
    pub(crate) fn expect<'n>(&mut self, names: impl IntoIterator<Item = &'n str>) {
        let columns = names.into_iter().map(|name| width(&escape::line(name))).max();
        self.columns = self.columns.max(columns.unwrap_or(0));
    }

    /// The number under which a container's lines are written.
    pub(crate) fn number(&mut self, name: &str) -> usize {
        if let Some(number) = self.names.iter().position(|known| known == name) {
            return number;
        }
        let number = self.names.len();
        let shown = pad(&escape::line(name), self.columns);
        let code = PREFIX_COLOURS[number % PREFIX_COLOURS.len()];
        self.prefixes.push(match (self.with_prefixes, self.invocation.console.stdout.colour) {
            (false, _) => String::new(),
            (true, true) => format!("\u{1b}[{code}m{shown} |\u{1b}[0m "),
            (true, false) => format!("{shown} | "),
        });
        self.names.push(name.to_owned());
        number
    }

    /// The line; a log that can't be read any further is said, and the others go on.
    pub(crate) fn check(&mut self, line: Option<Result<LogLine, EngineError>>) -> Option<LogLine> {
        match line? {
            Ok(line) => Some(line),
            Err(error) => {
                self.exit =
                    Trouble::engine("read on in a log", error).show(&self.invocation.console);
                None
            }
        }
    }

    /// Whether somebody still reads.
    pub(crate) fn write(&self, number: usize, line: &LogLine) -> bool {
        if self.invocation.console.is_json {
            return self.write_json(number, line);
        }
        // With names before the lines they are one result, wherever they were written.
        let to_stderr = line.channel == Channel::Stderr && self.prefixes[number].is_empty();
        let here = &self.invocation.environment;
        let is_terminal = if to_stderr { here.stderr_is_terminal } else { here.stdout_is_terminal };
        let mut out = self.prefixes[number].clone().into_bytes();
        if let (true, Some(time)) = (self.with_times, &line.time) {
            out.extend_from_slice(escape::line(time).as_bytes());
            out.push(b' ');
        }
        let whole = line.bytes.strip_suffix(b"\n");
        let body = whole.unwrap_or(&line.bytes);
        if is_terminal {
            let mut colours = Colours::default();
            let body = body.strip_suffix(b"\r").unwrap_or(body);
            out.extend_from_slice(colours.push(body).as_bytes());
            out.extend_from_slice(colours.finish().as_bytes());
        } else {
            out.extend_from_slice(body);
        }
        // Another container's line must not go on in this one.
        if whole.is_some() || !self.prefixes[number].is_empty() {
            out.push(b'\n');
        }
        if to_stderr {
            return std::io::stderr().write_all(&out).is_ok();
        }
        self.invocation.console.results.write(&out)
    }

    fn write_json(&self, number: usize, line: &LogLine) -> bool {
        let LogLine { channel, time, bytes, .. } = line;
        let line = json::log(&self.names[number], *channel, time.as_deref(), bytes);
        self.invocation.console.json(&line)
    }
}
