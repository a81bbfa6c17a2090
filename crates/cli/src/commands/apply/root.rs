//! A bundle in a directory of this machine.
//!
//! Invariant: nothing is run there; what would have to be is said before anything is changed.

use std::path::Path;

use windlass::bundle::{
    Facts, Journal, LoadedBundle, Mode, Op, ResourceError, ResourcePlan, ResourceReport, Root,
};
use windlass::config::{Diagnostic, Diagnostics};

use super::{failed, held, obtain, read};
use crate::args::Apply;
use crate::exit::Exit;
use crate::invocation::Invocation;
use crate::load;
use crate::render::{bundle, escape, json};
use crate::trouble::{Result, Trouble};

pub(super) fn run(invocation: &Invocation, args: &Apply, directory: &Path) -> Result<Exit> {
    let console = &invocation.console;
    let (loaded, bundle) = read(invocation, &args.bundle)?;
    let place = invocation.environment.directory.join(directory);
    let shown = escape::line(&directory.to_string_lossy()).into_owned();
    let root = Root::open(&place).map_err(|error| {
        let message = format!("the root {shown} cannot be opened: {error}");
        Trouble::usage(message, "name a directory that is there: `--root DIRECTORY`")
    })?;
    if !args.plan {
        lock(&root, &shown)?;
    }
    let facts = Facts::of(&root, Mode::Root, arch());
    let facts = facts.map_err(|error| Trouble::failed(error.to_string()))?;
    let plans = match windlass::bundle::plan(&bundle, &root, &facts) {
        Ok(plans) => plans,
        Err(errors) => return Ok(failed(invocation, &loaded, &errors)),
    };
    let reports: Vec<_> = plans.iter().map(ResourceReport::from).collect();
    let has_changes = plans.iter().any(|plan| !plan.changes.is_empty());
    if console.is_json {
        console.json(&json::object("bundle_plan", bundle::json(&bundle, &reports)));
    } else if !console.quiet {
        console.result(&bundle::plan(&reports, console.stdout, console.verbose));
    }
    let impossible = runs(&loaded, &plans);
    if impossible.has_errors() {
        load::show(console, &impossible, &loaded.sources);
        return Ok(Exit::Failed);
    }
    if args.plan {
        return Ok(if args.exit_code && has_changes { Exit::Changes } else { Exit::Done });
    }
    if !has_changes {
        return Ok(Exit::Done);
    }
    obtain(invocation, args, &shown)?;
    let mut done = Done::default();
    let errors = windlass::bundle::apply_with(&bundle, &root, &facts, &mut done).err();
    let errors = errors.unwrap_or_default();
    if console.is_json {
        let applied = bundle::applied(&bundle, &done.0, &errors);
        console.json(&json::object("bundle_applied", applied));
    }
    if !errors.is_empty() {
        return Ok(failed(invocation, &loaded, &errors));
    }
    let changed = done.0.iter().filter(|plan| !plan.changes.is_empty()).count();
    console.say(&format!("{} changed.\n", bundle::resources(changed)));
    Ok(Exit::Done)
}

/// What is shown is what is done: nobody else changes it meanwhile.
fn lock(root: &Root, shown: &str) -> Result<()> {
    match root.lock() {
        Ok(true) => Ok(()),
        Ok(false) => Err(held(shown)),
        Err(error) => Err(Trouble::failed(format!("the root {shown} cannot be locked: {error}"))),
    }
}

/// What was done so far.
#[derive(Default)]
struct Done(Vec<ResourceReport>);

impl Journal for Done {
    fn is_pending(&self, _: &str) -> bool {
        false
    }

    fn expect(&mut self, _: &[String]) -> std::result::Result<(), ResourceError> {
        Ok(())
    }

    fn done(&mut self, _: &str, plan: &ResourcePlan) -> std::result::Result<(), ResourceError> {
        self.0.push(ResourceReport::from(plan));
        Ok(())
    }
}

/// What needs to run something, which nothing in a directory does.
fn runs(loaded: &LoadedBundle, plans: &[ResourcePlan]) -> Diagnostics {
    let mut found = Diagnostics::default();
    let is_run = |plan: &&ResourcePlan| {
        plan.changes.iter().any(|change| matches!(change.op, Op::Run { .. }))
    };
    for plan in plans.iter().filter(is_run) {
        let message = "it runs commands, and in a directory nothing can run yet";
        let one = Diagnostic::error("bad-resource", message)
            .help("add `only_if: {mode: [host, image]}` to leave it out here");
        found.push(match loaded.places.get(plan.index) {
            Some(place) => one.at(place.span, "").in_path(place.path.clone()),
            None => one,
        });
    }
    found.sort();
    found
}

/// This machine's, in the words of platforms.
fn arch() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}
