//! `windlass apply`: what a bundle file declares, in a directory that is the root of a file system.
//!
//! Invariant: all of it is planned and shown before anything is changed, and nothing is changed without a yes.

use std::path::Path;

use windlass::bundle::{
    Bundle, Facts, LoadedBundle, Mode, Op, ResourceError, ResourcePlan, Root, load_bundle,
};
use windlass::config::{Diagnostic, Diagnostics};
use windlass::{Dialect, LoadOptions};

use crate::args::Apply;
use crate::consent;
use crate::exit::Exit;
use crate::invocation::{self, Invocation};
use crate::load;
use crate::render::{bundle, escape, json};
use crate::trouble::{Result, Trouble};

pub(super) fn run(invocation: &Invocation, args: &Apply) -> Result<Exit> {
    let console = &invocation.console;
    let (loaded, bundle) = read(invocation, &args.bundle)?;
    let directory = invocation.environment.directory.join(&args.root);
    let shown = escape::line(&args.root.to_string_lossy()).into_owned();
    let root = Root::open(&directory).map_err(|error| {
        let message = format!("the root {shown} cannot be opened: {error}");
        Trouble::usage(message, "name a directory that is there: `--root DIRECTORY`")
    })?;
    let facts = Facts::of(&root, Mode::Root, arch());
    let facts = facts.map_err(|error| Trouble::failed(error.to_string()))?;
    let failed = |errors: Vec<ResourceError>| {
        load::show(console, &loaded.diagnose(&errors), &loaded.sources);
        Ok(Exit::Failed)
    };
    let plans = match windlass::bundle::plan(&bundle, &root, &facts) {
        Ok(plans) => plans,
        Err(errors) => return failed(errors),
    };
    let has_changes = plans.iter().any(|plan| !plan.changes.is_empty());
    if console.is_json {
        console.json(&json::object("bundle_plan", bundle::json(&bundle, &plans)));
    } else if !console.quiet {
        console.result(&bundle::plan(&bundle, &plans, console.stdout, console.verbose));
    }
    if args.plan {
        return Ok(if args.exit_code && has_changes { Exit::Changes } else { Exit::Done });
    }
    if !has_changes {
        return Ok(Exit::Done);
    }
    let impossible = runs(&loaded, &plans);
    if impossible.has_errors() {
        load::show(console, &impossible, &loaded.sources);
        return Ok(Exit::Failed);
    }
    obtain(invocation, args, &shown)?;
    let done = match windlass::bundle::apply(&bundle, &root, &facts) {
        Ok(done) => done,
        Err(errors) => return failed(errors),
    };
    let changed = done.iter().filter(|plan| !plan.changes.is_empty()).count();
    if console.is_json {
        console.json(&json::object("bundle_applied", bundle::json(&bundle, &done)));
    }
    console.say(&format!("{} changed.\n", bundle::resources(changed)));
    Ok(Exit::Done)
}

/// The bundle, with every finding said.
fn read(invocation: &Invocation, file: &Path) -> Result<(LoadedBundle, Bundle)> {
    let here = &invocation.environment;
    let files = vec![file.to_path_buf()];
    if load::dialect(&invocation.global, &files)? != Dialect::Windlass {
        return Err(Trouble::usage("a bundle file has no other dialect", "leave out `--dialect`"));
    }
    let loaded = load_bundle(&LoadOptions {
        files,
        stdin: (file == Path::new("-")).then(load::read_stdin).transpose()?,
        set: invocation.global.set.clone(),
        env: here.variables.clone(),
        cwd: here.directory.clone(),
        home: here.home.clone(),
        ..LoadOptions::default()
    });
    load::show(&invocation.console, &loaded.diagnostics, &loaded.sources);
    let mut bundle = loaded.bundle.clone().ok_or(Trouble::Diagnosed)?;
    // Sources are absolute.
    bundle.gather(Path::new("/")).map_err(|error| Trouble::failed(error.to_string()))?;
    if let Some((name, help)) = loaded.unused_set.first() {
        let message = format!("nothing here uses the variable `{name}` of --set");
        return Err(Trouble::usage(message, help.clone()));
    }
    Ok((loaded, bundle))
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

/// Asks, if somebody is there to be asked.
fn obtain(invocation: &Invocation, args: &Apply, root: &str) -> Result<()> {
    if args.yes {
        return Ok(());
    }
    let here = &invocation.environment;
    let can_ask =
        here.stdin_is_terminal && here.stderr_is_terminal && args.bundle != Path::new("-");
    if !can_ask || invocation.console.is_json {
        let message = format!("this changes {root}, and nobody can be asked whether it shall");
        return Err(Trouble::usage(
            message,
            "if this is meant, say `--yes`; `--plan` only shows it",
        ));
    }
    let question = format!("This changes {root}. Go on?");
    let says_yes =
        invocation::block_on(async { Ok(consent::answers_yes(invocation, '!', &question).await) })?;
    if says_yes { Ok(()) } else { Err(Trouble::failed("nothing was changed")) }
}

/// This machine's, in the words of platforms.
fn arch() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}
