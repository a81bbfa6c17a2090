//! One run of the agent.
//!
//! Invariant: every resource that was come to has a line, also when a later one fails.

use crate::machine::Machine;
use crate::options::{Options, Verb};
use crate::process::Runner;
use crate::state::State;
use crate::sudden_end::SuddenEnd;
use serde::Serialize;
use std::io::{self, Read, Write};
use windlass_bundle::{
    Bundle, Content, ErrorReport, Facts, Journal, ResourceError, ResourcePlan, ResourceReport,
    Root, apply_with, plan_with,
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
    pub(crate) runner: Runner,
    /// For tests: where it is killed.
    pub(crate) end: SuddenEnd,
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

/// What is wrong with resources is an answer, not the end of the program.
type Outcome = Result<Vec<ResourcePlan>, Vec<ResourceError>>;

impl Session<'_> {
    pub(crate) fn run(&mut self, options: &Options, bundle: &Bundle) -> io::Result<Ending> {
        let is_apply = options.verb == Verb::Apply;
        let done = if is_apply {
            self.apply(options, bundle, &|plan| ResourceReport::from(plan))?
        } else {
            self.plan(options, bundle)?
        };
        let plans = match done {
            Ok(plans) => plans,
            Err(errors) => {
                for error in &errors {
                    self.write(&ErrorReport::from(error))?;
                }
                return Ok(Ending::Failed);
            }
        };
        if is_apply {
            return Ok(Ending::Done);
        }
        for plan in &plans {
            self.write(&ResourceReport::from(plan))?;
        }
        let has_changes = plans.iter().any(|one| !one.changes.is_empty());
        let is_asked = options.detailed_exitcode;
        Ok(if has_changes && is_asked { Ending::Changes } else { Ending::Done })
    }

    pub(crate) fn plan(&mut self, options: &Options, bundle: &Bundle) -> io::Result<Outcome> {
        let machine = self.machine(options)?;
        let state = State::open(options.state.clone())?;
        let notes = Notes { state, say: &mut |_| Ok(()) };
        let facts = Facts::of(&machine, options.mode, self.arch).map_err(|error| vec![error]);
        Ok(facts.and_then(|facts| plan_with(bundle, &machine, &facts, &notes)))
    }

    /// Every resource that is done is written as it is `wrapped`.
    pub(crate) fn apply<T: Serialize>(
        &mut self,
        options: &Options,
        bundle: &Bundle,
        wrapped: &dyn Fn(&ResourcePlan) -> T,
    ) -> io::Result<Outcome> {
        let machine = self.machine(options)?;
        let state = State::open(options.state.clone())?;
        let facts = Facts::of(&machine, options.mode, self.arch).map_err(|error| vec![error]);
        let mut say = |plan: &ResourcePlan| self.write(&wrapped(plan));
        let mut notes = Notes { state, say: &mut say };
        Ok(facts.and_then(|facts| apply_with(bundle, &machine, &facts, &mut notes)))
    }

    fn machine(&self, options: &Options) -> io::Result<Machine> {
        let is_live = options.root.is_none();
        let root = options.root.as_deref().map_or_else(Root::of_machine, Root::open)?;
        Ok(Machine {
            root,
            runner: is_live.then(|| self.runner.clone()),
            no_probes: options.no_probes,
            end: self.end.clone(),
        })
    }

    /// A line of JSON.
    pub(crate) fn write(&mut self, line: &impl Serialize) -> io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        self.out.write_all(&text)?;
        self.out.flush()
    }
}

/// Keeps the state, and says each resource when it is done.
struct Notes<'s> {
    state: State,
    say: &'s mut dyn FnMut(&ResourcePlan) -> io::Result<()>,
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
        (self.say)(plan).map_err(failed)
    }
}
