//! One run of the agent.
//!
//! Invariant: every resource that was come to has a line, also when a later one fails.

use crate::line::{Failure, Line};
use crate::machine::Machine;
use crate::options::{Options, Verb};
use crate::state::State;
use serde::Serialize;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use windlass_bundle::{
    Bundle, Content, Facts, Journal, ResourceError, ResourcePlan, Root, apply_with, plan_with,
};

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Done,
    /// A resource failed, or a line could not be written.
    Failed,
    /// There is a plan with changes.
    Changes,
}

/// What a run has to do with the world around it.
pub(crate) struct Session<'s> {
    pub(crate) out: &'s mut dyn Write,
    pub(crate) arch: &'static str,
    /// This program.
    pub(crate) agent: PathBuf,
    pub(crate) shows: fn(&[u8]),
}

/// The bundle that is asked for, its files where they are here.
///
/// # Errors
///
/// If it is none.
pub(crate) fn read(options: &Options, input: &mut dyn Read) -> io::Result<Bundle> {
    let mut text = Vec::new();
    if let Some(path) = &options.bundle {
        std::fs::File::open(path)?.read_to_end(&mut text)?;
    } else {
        input.read_to_end(&mut text)?;
    }
    let mut bundle = Bundle::from_json(&text)?;
    let beside = options.bundle.as_deref().and_then(std::path::Path::parent);
    if let Some(assets) = options.assets.as_deref().or(beside) {
        for content in bundle.contents() {
            if let Content::File(path) = content {
                *path = assets.join(&*path);
            }
        }
    }
    Ok(bundle)
}

impl Session<'_> {
    pub(crate) fn run(&mut self, options: Options, bundle: &Bundle) -> io::Result<Ending> {
        let is_live = options.root.is_none();
        let root = Root::open(options.root.as_deref().unwrap_or(std::path::Path::new("/")))?;
        let machine = Machine {
            root,
            agent: is_live.then(|| self.agent.clone()),
            no_probes: options.no_probes,
            shows: self.shows,
        };
        let mut notes = Notes { state: State::open(options.state)?, out: &mut *self.out };
        let facts = Facts::of(&machine, options.mode, self.arch);
        let done = facts.map_err(|error| vec![error]).and_then(|facts| match options.verb {
            Verb::Plan => plan_with(bundle, &machine, &facts, &notes),
            Verb::Apply => apply_with(bundle, &machine, &facts, &mut notes),
        });
        let plans = match done {
            Ok(plans) => plans,
            Err(errors) => {
                for error in &errors {
                    write(self.out, &Failure::from(error))?;
                }
                return Ok(Ending::Failed);
            }
        };
        if options.verb == Verb::Apply {
            return Ok(Ending::Done);
        }
        for plan in &plans {
            write(self.out, &Line::from(plan))?;
        }
        let has_changes = plans.iter().any(|one| !one.changes.is_empty());
        let is_asked = options.detailed_exitcode;
        Ok(if has_changes && is_asked { Ending::Changes } else { Ending::Done })
    }
}

fn write(out: &mut dyn Write, line: &impl Serialize) -> io::Result<()> {
    let mut text = serde_json::to_vec(line)?;
    text.push(b'\n');
    out.write_all(&text)?;
    out.flush()
}

/// Keeps the state, and prints each resource when it is done.
struct Notes<'s> {
    state: State,
    out: &'s mut dyn Write,
}

impl Notes<'_> {
    fn save(&self) -> Result<(), ResourceError> {
        let failed = |error| ResourceError::new(format!("could not keep the state: {error}"));
        self.state.save().map_err(failed)
    }
}

impl Journal for Notes<'_> {
    fn is_pending(&self, id: &str) -> bool {
        self.state.pending.contains(id)
    }

    fn expect(&mut self, ids: &[String]) -> Result<(), ResourceError> {
        let before = self.state.pending.len();
        self.state.pending.extend(ids.iter().cloned());
        if self.state.pending.len() == before { Ok(()) } else { self.save() }
    }

    fn done(&mut self, id: &str, plan: &ResourcePlan) -> Result<(), ResourceError> {
        if plan.skipped.is_none() && self.state.pending.remove(id) {
            self.save()?;
        }
        let failed = |error| ResourceError::new(format!("could not say that it is done: {error}"));
        write(self.out, &Line::from(plan)).map_err(failed)
    }
}
