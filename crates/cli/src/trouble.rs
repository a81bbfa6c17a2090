//! Trouble: why a command ended without doing what it was asked for.
//!
//! Invariant: trouble is shown once, by `Trouble::show`, and never with a stack trace.

use std::fmt::Write as _;
use windlass::engine::EngineError;
use windlass::model::Address;
use windlass::model::note::{Blocked, Blocker, BlockerReason};

use crate::console::Console;
use crate::exit::Exit;
use crate::hint;
use crate::load;
use crate::origin::Found;
use crate::render::style::Role;
use crate::render::{blocker, diagnostic, escape, json, plan, report};

/// Why a command ended.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// What was typed can't be done.
    Usage { message: String, hint: Option<String> },
    /// The files are wrong: already said, as diagnostics.
    Diagnosed,
    /// A file that is needed is not there, or can't be used.
    Files { message: String, hint: Option<String> },
    /// What the files name can't be used.
    Found(Found),
    /// Another run changes the project.
    Held { message: String, hint: String },
    /// Something stands in the way of a plan, which was not shown yet.
    Blocked { blocked: Box<Blocked>, found: Found },
    /// An engine refused a call, or was not there. `doing` is a lowercase fragment.
    Engine { doing: String, address: Option<Address>, error: Box<EngineError> },
    /// A host was not there, or not as it has to be.
    Host { exit: Exit, message: String, detail: Vec<String>, hint: String },
    /// A local file or command, or an answer that was no.
    Failed { message: String, hint: Option<String> },
}

pub(crate) type Result<T> = std::result::Result<T, Trouble>;

impl Trouble {
    pub(crate) fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), hint: Some(hint.into()) }
    }

    pub(crate) fn files(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Files { message: message.into(), hint: Some(hint.into()) }
    }

    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::Failed { message: message.into(), hint: None }
    }

    pub(crate) fn engine(doing: impl Into<String>, error: EngineError) -> Self {
        Self::Engine { doing: doing.into(), address: None, error: Box::new(error) }
    }

    /// Says what is wrong and what to do next; how the program ends.
    pub(crate) fn show(&self, console: &Console) -> Exit {
        match self {
            Self::Usage { message, hint } => {
                self::show(console, "usage", message, &[], hint.as_deref());
                Exit::Usage
            }
            Self::Failed { message, hint } => {
                self::show(console, "failed", message, &[], hint.as_deref());
                Exit::Failed
            }
            Self::Files { message, hint } => {
                self::show(console, "files", message, &[], hint.as_deref());
                Exit::Configuration
            }
            Self::Held { message, hint } => {
                self::show(console, "held", message, &[], Some(hint));
                Exit::Held
            }
            Self::Host { exit, message, detail, hint } => {
                self::show(console, "host", message, detail, Some(hint));
                *exit
            }
            Self::Diagnosed => Exit::Configuration,
            Self::Found(found) => {
                load::show(console, &found.diagnostics, &found.sources);
                Exit::Configuration
            }
            Self::Blocked { blocked, found } => show_blocked(console, blocked, found),
            Self::Engine { doing, address, error } => {
                show_engine(console, doing, address.as_ref(), error)
            }
        }
    }
}

fn show(console: &Console, code: &str, message: &str, detail: &[String], hint: Option<&str>) {
    if console.is_json {
        console.json(&json::error(code, message, detail, hint));
        return;
    }
    let style = console.stderr;
    let message = escape::line(message);
    let mut out = format!("{} {message}\n", style.paint(Role::Error, "error:"));
    report::push_detail(&mut out, detail, style);
    if let Some(hint) = hint {
        let label = style.paint(Role::Hint, "help:");
        let _ = writeln!(out, "  {label} {}", escape::line(hint));
    }
    console.complain(&out);
}

fn show_blocked(console: &Console, blocked: &Blocked, found: &Found) -> Exit {
    let is_unknown =
        |blocker: &Blocker| matches!(blocker.reason, BlockerReason::UnknownReference { .. });
    let only_unknown = blocked.blockers.iter().all(is_unknown);
    if console.is_json {
        console.json(&json::blocked(blocked, found));
    } else if only_unknown {
        console.complain(&blocker::unknown(&blocked.blockers, console.stderr));
    } else {
        console.say(&plan::blocked(blocked, console.stderr, console.verbose));
        console.say("\n");
        let Found { diagnostics, sources } = found;
        console.complain(&diagnostic::diagnostics(diagnostics, sources, console.stderr));
        console.complain(&blocker::summary(blocked.blockers.len()));
    }
    if only_unknown { Exit::Usage } else { Exit::Failed }
}

fn show_engine(
    console: &Console,
    doing: &str,
    address: Option<&Address>,
    error: &EngineError,
) -> Exit {
    let advice = hint::fault(&error.fault, address);
    let mut message = format!("could not {doing}");
    for part in [advice.meaning.as_deref(), Some(error.message.as_str())].into_iter().flatten() {
        if !part.is_empty() {
            message.push_str(": ");
            message.push_str(part);
        }
    }
    let causes = causes(error);
    for cause in causes.iter().filter(|cause| !error.message.contains(*cause)) {
        message.push_str(": ");
        message.push_str(cause);
    }
    show(console, error.fault.code(), &message, &error.detail, advice.next.as_deref());
    if hint::is_about_the_connection(&error.fault) { Exit::EngineUnreachable } else { Exit::Failed }
}

/// What the causes of an error say, each once.
pub(crate) fn causes(error: &dyn std::error::Error) -> Vec<String> {
    let mut texts: Vec<String> = Vec::new();
    let mut source = error.source();
    while let Some(cause) = source {
        let text = cause.to_string();
        if !texts.iter().any(|said| said.contains(&text)) {
            texts.push(text);
        }
        source = cause.source();
    }
    texts
}

/// An error with its causes, on one line.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    std::iter::once(error.to_string()).chain(causes(error)).collect::<Vec<_>>().join(": ")
}
